/** One workspace on the simulated platform: its feed, whether its token is valid, and what its plugin did. */
import { ModelFeed, timestamp } from '../model-feed.ts'
import { type Answer, failure, json, listed, page, stream, UNAUTHORIZED } from './answers.ts'
import { EventStreams } from './event-streams.ts'
import type { Exchange, SimProcess } from './network.ts'
import { Outbox } from './outbox.ts'
import { type Deed, type Existence, Records } from './records.ts'
import type { Route, SimRequest } from './request.ts'
import { RequestBook } from './request-book.ts'
import { acknowledgementSchema, heartbeatSchema, registrationSchema } from './sent-bodies.ts'
import { TaskBook } from './task-book.ts'
import { streamFate } from './trouble.ts'
import type { PlatformContext, SimPeer, WorkspaceOptions } from './workspace-options.ts'

export class SimWorkspace {
  readonly id: string
  readonly token: string
  readonly feed: ModelFeed
  readonly records = new Records()
  readonly tasks: TaskBook
  readonly requests: RequestBook
  readonly streams = new EventStreams()
  readonly #options: WorkspaceOptions
  readonly #platform: PlatformContext
  readonly #outbox: Outbox
  /** The last lookup result that reached each process. */
  readonly #told = new Map<number, Existence>()
  #existence: Existence
  #revoked = false
  #removedAt: number | undefined
  /** As the last heartbeat or registration left them. */
  #uptimeSeconds = 0
  #lastBeatAt: number | undefined

  constructor(id: string, options: WorkspaceOptions, platform: PlatformContext) {
    const { clock, dice } = platform
    const { timestampCursor = false, ignoresBeforeTs = false, nextId } = options
    this.id = id
    this.token = `token-of-${id}`
    this.#options = options
    this.#platform = platform
    this.#existence = options.absent === true ? 'absent' : 'present'
    this.feed = new ModelFeed({ workspaceId: id, now: clock.now, timestampCursor, ignoresBeforeTs, nextId })
    this.tasks = new TaskBook({
      clock,
      dice,
      workspaceId: id,
      write: (row) => {
        const added = this.feed.add(row)
        // The platform drops events. Not near the end, when the look that finds the row would come too late to be seen.
        if (clock.now() >= platform.calmAt || dice.chance(0.8)) this.hint()
        return added
      },
      onListed: (status) =>
        this.streams.tell(status === 'failed' ? 'DELEGATION_FAILED' : 'DELEGATION_COMPLETE'),
    })
    const { feed, streams } = this
    const { onFault } = platform
    this.requests = new RequestBook({
      workspaceId: id,
      clock,
      feed,
      streams,
      exists: !timestampCursor,
      onFault,
    })
    this.#outbox = new Outbox({ ...platform, workspaceId: id, records: this.records, tasks: this.tasks })
  }

  get peers(): readonly SimPeer[] {
    return this.#options.peers ?? []
  }

  /** Milliseconds since the epoch; undefined while it exists. */
  get removedAt(): number | undefined {
    return this.#removedAt
  }

  get revoked(): boolean {
    return this.#revoked
  }

  /** Refuses the token from here on. The lookup still finds the workspace. */
  revoke(): void {
    this.#revoked = true
  }

  /** Accepts the token again. */
  restore(): void {
    this.#revoked = false
  }

  /** Deletes the workspace for good. */
  remove(): void {
    this.#existence = 'removed'
    this.#removedAt = this.#platform.clock.now()
  }

  /** Sends an event for new activity to every open stream. */
  hint(): void {
    this.streams.tell('ACTIVITY_LOGGED')
  }

  /** Accepts a heartbeat from a process that is not simulated. */
  strangeBeat(uptime_seconds: number): void {
    this.#lastBeatAt = this.#platform.clock.now()
    this.#uptimeSeconds = uptime_seconds
    this.streams.tellBeat({ active_tasks: 0, uptime_seconds }, this.#lastBeatAt)
  }

  /** Checks the rules that depend on what the process knows when it sends a request. */
  noteSent({ process, request }: Exchange): void {
    if (request.route === 'register') this.#checkRegistration(process)
    if (request.route === 'a2a') this.records.attempt(request)
    if (request.route === 'ack') this.records.acknowledging.add(process.number)
    if (request.route === 'events' && this.streams.open > 0) {
      this.#platform.onFault(`the plugin opened a second event stream of ${this.id}`)
    }
  }

  answer(route: Route, { process, request, sentAt }: Exchange): Answer {
    const deed = { process: process.number, sentAt, at: this.#platform.clock.now() }
    switch (route) {
      case 'lookup':
        return this.#lookUp(deed)
      case 'register':
        return this.#register(request, deed)
      case 'heartbeat':
        return this.#beat(request, deed)
      default:
        return this.#isAllowed(request) ? this.#serve(route, request, process, deed) : UNAUTHORIZED
    }
  }

  #serve(route: Route, request: SimRequest, process: SimProcess, deed: Deed): Answer {
    switch (route) {
      case 'activity':
        return this.#activity(request)
      case 'ack':
        return this.#acknowledge(request, deed)
      case 'events':
        return this.#events(process)
      case 'a2a':
        return this.#outbox.send(request, deed)
      case 'queue':
        // An older platform keeps nothing about what it has passed on.
        return this.#options.timestampCursor === true
          ? failure(404, 'not found')
          : this.#outbox.queued(request)
      case 'notify':
        return this.#outbox.notify(request, deed)
      case 'delegate':
        return this.#outbox.delegate(request, deed)
      case 'delegations':
        return json(200, this.tasks.list(this.#options.timestampCursor === true))
      case 'requests':
        return this.requests.serve(request)
      case 'peers':
        return listed(this.peers)
      default:
        return failure(404, 'not found')
    }
  }

  #lookUp(deed: Deed): Answer {
    const { id } = this
    const found = this.#existence
    this.records.lookups.push({ ...deed, found })
    const onDelivered = (): void => void this.#told.set(deed.process, found)
    if (found === 'absent') return { ...failure(404, 'workspace not found'), onDelivered }
    if (this.#removedAt !== undefined) {
      const removed_at = timestamp(this.#removedAt * 1000)
      return { ...json(410, { error: 'workspace removed', id, removed_at, hint: null }), onDelivered }
    }
    const row = {
      id,
      name: 'A workspace',
      role: null,
      status: 'online',
      uptime_seconds: this.#uptimeSeconds,
      ...(this.#options.timestampCursor === true || this.#lastBeatAt === undefined
        ? {}
        : { last_heartbeat_at: timestamp(this.#lastBeatAt * 1000) }),
    }
    return { ...json(200, row), onDelivered }
  }

  /** Registering an unknown id creates a ghost workspace; a removed one seems to come back. */
  #checkRegistration({ number }: SimProcess): void {
    const told = this.#told.get(number)
    if (told === 'present') return
    const what = told === undefined ? 'without a lookup' : `though the platform said it is ${told}`
    this.#platform.onFault(`the plugin registered ${this.id} ${what}`)
  }

  #register(request: SimRequest, deed: Deed): Answer {
    const parsed = registrationSchema.safeParse(request.json())
    if (!parsed.success) return this.#bad(request, 'invalid request body')
    if (this.#isRefused(request)) return UNAUTHORIZED
    this.records.registrations.push(deed)
    this.#lastBeatAt = deed.at
    this.streams.tell('WORKSPACE_ONLINE')
    return json(200, { status: 'registered', delivery_mode: 'poll', ...this.#issued() })
  }

  /**
   * The response never reveals that the workspace was removed. A beat without its full state is a fault: it clears the
   * rest.
   */
  #beat(request: SimRequest, deed: Deed): Answer {
    const parsed = heartbeatSchema.safeParse(request.json())
    if (!parsed.success) return this.#bad(request, 'invalid request body')
    const accepted = !this.#isRefused(request)
    this.records.heartbeats.push({ ...deed, accepted, state: parsed.data })
    if (!accepted) return UNAUTHORIZED
    this.#lastBeatAt = deed.at
    this.#uptimeSeconds = parsed.data.uptime_seconds
    this.streams.tellBeat(parsed.data, deed.at)
    return json(200, { status: 'ok', ...this.#issued() })
  }

  #activity(request: SimRequest): Answer {
    const { query } = request
    const type = query.get('type')
    if (type === 'delegation') return json(200, this.tasks.results())
    if (type !== 'a2a_receive') return this.#bad(request, 'an unknown type of activity')
    this.records.reads++
    const answer = this.feed.page(query)
    if (answer.status === 200) return page(answer.rows)
    return answer.status === 400 ? this.#bad(request, answer.error) : failure(answer.status, answer.error)
  }

  #acknowledge(request: SimRequest, deed: Deed): Answer {
    if (this.#options.timestampCursor === true) return failure(404, 'not found')
    const parsed = acknowledgementSchema.safeParse(request.json())
    if (!parsed.success) return this.#bad(request, 'acked_seq is required')
    const { acked_seq: seq, receipts } = parsed.data
    // Possible only in the moment after a restore.
    if (seq > this.feed.lastSeq) return failure(400, 'acked_seq is beyond the last row')
    for (const { activity_id, state } of receipts ?? []) this.records.receipts.set(activity_id, state)
    const taken = receipts === undefined ? {} : { receipts: receipts.length }
    return json(200, { last_acked_seq: this.records.acknowledge(deed, seq), ...taken })
  }

  #events(process: SimProcess): Answer {
    if (this.#options.hasEvents === false) return failure(404, 'not found')
    return stream(() => {
      const { clock, dice, calmAt } = this.#platform
      const opened = this.streams.add(process)
      const { end, afterMs } = streamFate(dice)
      const at = clock.now() + afterMs
      if (end !== 'none' && at < calmAt) {
        clock.at(at, () => (end === 'closed' ? opened.close() : opened.silence()))
      }
      return opened.body
    })
  }

  #issued(): { readonly platform_inbound_secret?: string } {
    const { inboundSecret } = this.#options
    return inboundSecret === undefined ? {} : { platform_inbound_secret: inboundSecret }
  }

  #isAllowed(request: SimRequest): boolean {
    return this.#existence === 'present' && !this.#isRefused(request)
  }

  /** A workspace without a valid token lets anyone register and beat. */
  #isRefused({ token }: SimRequest): boolean {
    return this.#existence === 'present' && (this.#revoked || token !== this.token)
  }

  #bad({ method, url }: SimRequest, error: string): Answer {
    this.#platform.onFault(`the plugin made a bad request: ${method} ${url}: ${error}`)
    return failure(400, error)
  }
}
