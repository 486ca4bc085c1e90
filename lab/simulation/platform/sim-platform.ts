/**
 * A platform in memory, and the network to it: everything the plugin says over HTTP is answered in simulated time, from
 * one dice. Until `calmAt` things go wrong on the way. It works with microtasks and the timers of its clock alone.
 */
import { MAX_PEEKED } from '../../../member/feed/peek.ts'
import type { Dice } from '../../dice.ts'
import type { SimClock } from '../sim-clock.ts'
import { type Answer, failure } from './answers.ts'
import { type Exchange, Network, type SimProcess } from './network.ts'
import type { SentMessage } from './records.ts'
import type { SimRequest } from './request.ts'
import { SimWorkspace, type WorkspaceOptions } from './sim-workspace.ts'
import type { Mishap } from './trouble.ts'

export interface SimPlatformOptions {
  readonly clock: SimClock
  readonly dice: Dice
  /** Milliseconds since the epoch from which on nothing goes wrong. */
  readonly calmAt: number
  /** Told when the plugin breaks a rule of the wire. */
  readonly onFault: (sentence: string) => void
  /** Told before a process asks for a page of a feed; look-ins of sessions that do not receive are left out. */
  readonly onRead?: (workspaceId: string, process: SimProcess, query: URLSearchParams) => void
}

export const PLATFORM_URL = 'http://127.0.0.1:1'
/** Only a session that does not receive asks for this many rows: it looks in, beside the one that reads. */
const LOOK_IN_ROWS = String(MAX_PEEKED)

export class SimPlatform {
  readonly #options: SimPlatformOptions
  readonly #network: Network
  readonly #workspaces = new Map<string, SimWorkspace>()
  /** Who reads the feed of a workspace at this moment. */
  readonly #reading = new Map<string, SimProcess>()

  constructor(options: SimPlatformOptions) {
    this.#options = options
    this.#network = new Network({
      ...options,
      onSent: (exchange) => this.#noteSent(exchange),
      onArrived: (exchange) => this.#answer(exchange),
    })
  }

  /** How often each thing went wrong on the way. */
  get mishaps(): Readonly<Record<Mishap, number>> {
    return this.#network.mishaps
  }

  get workspaces(): readonly SimWorkspace[] {
    return [...this.#workspaces.values()]
  }

  /** Makes a workspace; with `absent`, one that does not exist and can be asked for. */
  found(workspaceId: string, options: WorkspaceOptions): SimWorkspace {
    const workspace = new SimWorkspace(workspaceId, options, {
      ...this.#options,
      isPeer: (id) => this.#workspaces.has(id) || workspace.peers.some((peer) => peer.id === id),
      onSent: (message) => this.#deliver(workspace, message),
    })
    this.#workspaces.set(workspaceId, workspace)
    return workspace
  }

  /** The one network that a process is handed. */
  network(process: SimProcess): typeof fetch {
    return this.#network.of(process)
  }

  /** Both workspaces are of this platform. */
  #deliver({ id: from }: SimWorkspace, { peerId, text, delegationId }: SentMessage): void {
    const peer = this.#workspaces.get(peerId)
    if (peer === undefined) return
    const row = peer.feed.add({ from, text, ...(delegationId === null ? {} : { delegationId }) })
    if (delegationId !== null) peer.tasks.noteAnswer(delegationId, row)
    peer.hint()
  }

  #noteSent(exchange: Exchange): () => void {
    const { process, request } = exchange
    const workspace = this.#concerned(request)
    workspace?.noteSent(exchange)
    if (workspace === undefined || request.route !== 'activity') return () => {}
    const { query } = request
    if (query.get('type') !== 'a2a_receive' || query.get('limit') === LOOK_IN_ROWS) return () => {}
    return this.#beginReading(workspace.id, process, query)
  }

  /** One request for a feed at a time, whoever reads it: two would store rows out of order. */
  #beginReading(workspaceId: string, process: SimProcess, query: URLSearchParams): () => void {
    const { onFault, onRead } = this.#options
    onRead?.(workspaceId, process, query)
    const other = this.#reading.get(workspaceId)
    if (other !== undefined && !other.dead) {
      const who = other === process ? 'one process' : `processes ${other.number} and ${process.number}`
      onFault(`two requests for the feed of ${workspaceId} at a time, by ${who}`)
    }
    this.#reading.set(workspaceId, process)
    return () => {
      if (this.#reading.get(workspaceId) === process) this.#reading.delete(workspaceId)
    }
  }

  #answer(exchange: Exchange): Answer {
    const { request } = exchange
    const { route, method, url } = request
    if (route === undefined) {
      this.#options.onFault(`no platform knows ${method} ${url}`)
      return failure(404, 'not found')
    }
    const workspace = this.#concerned(request)
    if (workspace !== undefined) return workspace.answer(route, exchange)
    if (route === 'lookup') return failure(404, 'workspace not found')
    if (route === 'register')
      this.#options.onFault(`${request.workspaceId} is registered, which nobody configured`)
    return failure(401, 'invalid workspace auth token')
  }

  /** Whose request it is. A message goes to its peer's path, so there the token tells. */
  #concerned(request: SimRequest): SimWorkspace | undefined {
    if (request.route !== 'a2a') return this.#workspaces.get(request.workspaceId)
    const { token } = request
    return this.workspaces.find((workspace) => workspace.token === token)
  }
}
