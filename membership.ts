/**
 * One workspace of ours on its platform: who consumes it, that it is registered, present, read. Each membership has
 * its own loops and fails alone.
 *
 * waiting -> held -> (dead <-> held). Waiting: another process has the lock, or this session may not hold it. Held:
 * registered, beating, reading. Dead: the platform confirmed that the token or the workspace is not valid; the
 * heartbeat stops, and the feed is asked now and then whether it has come back.
 */
import type { Config, Target } from './config.ts'
import { EventWatch } from './event-watch.ts'
import { type BeatResult, type HeartbeatMetrics, startHeartbeatLoop } from './heartbeat.ts'
import { acknowledge } from './platform/activity.ts'
import { PlatformClient } from './platform/client.ts'
import { describeError, PlatformError } from './platform/errors.ts'
import { type Inbound, inboundSchema } from './platform/inbound.ts'
import { type AgentCard, type IssuedSecrets, register } from './platform/registry.ts'
import { sleep } from './platform/sleep.ts'
import { lookUpWorkspace } from './platform/workspace.ts'
import { failureDelay, runFeed } from './poll.ts'
import type { Ledger } from './state/ledger.ts'
import type { LockFile } from './state/lock.ts'
import { Wake } from './wake.ts'

export interface MembershipOptions {
  readonly target: Target
  readonly config: Config
  readonly card: AgentCard
  /** Position among the workspaces, for the stagger of the heartbeats. */
  readonly index: number
  readonly ledger: Ledger
  readonly lock: LockFile
  readonly signal: AbortSignal
  /** The lock was taken. */
  readonly onHeld: () => void
  /** Messages were stored that wait for delivery. */
  readonly onStored: () => void
  /** The platform issued secrets; they are to be kept and not shown. */
  readonly onIssued: (secrets: IssuedSecrets) => void
  readonly log: (line: string) => void
  readonly fetchImpl?: typeof fetch
  readonly now?: () => number
}

export interface MembershipReport {
  readonly workspaceId: string
  readonly platformUrl: string
  readonly held: boolean
  readonly registered: boolean
  readonly live: boolean
  /** Milliseconds since the epoch; undefined before the first time. */
  readonly lastReadAt: number | undefined
  readonly lastBeatAt: number | undefined
  readonly lastError: string | undefined
  /** Why the workspace is given up, if it is. */
  readonly dead: string | undefined
}

/** How often a standby tries the lock: within this of a holder's end it takes over. */
const LOCK_INTERVAL_MS = 500
/** Two workspaces never beat in the same moment. */
const STAGGER_MS = 500
/** Messages that may wait for the host before the feed is read no further. */
export const MAX_WAITING = 500
/** A 401 is also what a platform says while its database is down: so many, over so long, are taken for the truth. */
const DEAD_AFTER_REFUSALS = 5
const DEAD_AFTER_MS = 30_000
/** Acknowledging only lets the platform prune: it can wait until a burst is over. */
const ACK_DELAY_MS = 2_000

export class Membership {
  readonly client: PlatformClient
  readonly #o: MembershipOptions
  readonly #now: () => number
  readonly #startedAt: number
  readonly #wake = new Wake()
  readonly #room = new Wake()
  readonly #events: EventWatch
  #held = false
  #registered = false
  #lastReadAt: number | undefined
  #lastBeatAt: number | undefined
  #lastError: string | undefined
  #dead: string | undefined
  #refusals = 0
  #refusedSince = 0
  #heartbeat: AbortController | undefined
  #reads = 0
  #failedReads = 0
  #ackTimer: ReturnType<typeof setTimeout> | undefined
  #ackedSeq = 0
  #acknowledges = true

  constructor(options: MembershipOptions) {
    const { target, config, signal, fetchImpl } = options
    this.#o = options
    this.#now = options.now ?? Date.now
    this.#startedAt = this.#now()
    this.client = new PlatformClient(
      { ...target, orgId: config.orgId },
      fetchImpl === undefined ? {} : { fetchImpl },
    )
    this.#events = new EventWatch({
      client: this.client,
      signal,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      onHint: () => this.#wake.notify(),
      log: (line) => this.#log(line),
    })
    signal.addEventListener('abort', () => this.#stop(), { once: true })
  }

  get held(): boolean {
    return this.#held
  }

  report(): MembershipReport {
    const { workspaceId, platformUrl } = this.#o.target
    return {
      workspaceId,
      platformUrl,
      held: this.#held,
      registered: this.#registered,
      live: this.#events.live,
      lastReadAt: this.#lastReadAt,
      lastBeatAt: this.#lastBeatAt,
      lastError: this.#lastError,
      dead: this.#dead,
    }
  }

  /** Messages of this workspace were sent: there is room for more, and something to acknowledge. */
  sent(): void {
    this.#room.notify()
    if (!this.#acknowledges || this.#ackTimer !== undefined) return
    this.#ackTimer = setTimeout(() => void this.#acknowledge(), ACK_DELAY_MS)
  }

  /** Waits for the lock, then lives until the signal aborts. No error leaves it. */
  async run(): Promise<void> {
    const { signal, ledger, target } = this.#o
    await this.#takeLock()
    if (signal.aborted) return
    const { again, givenUp } = ledger.recover(target.workspaceId, this.#now())
    if (again > 0) this.#log(`sends ${again} messages again that an earlier session may have shown`)
    if (givenUp > 0) this.#log(`keeps ${givenUp} messages that were sent before and never confirmed`)
    this.#held = true
    this.#o.onHeld()
    await Promise.all([this.#register(), this.#events.run(), this.#readFeed()])
  }

  async #takeLock(): Promise<void> {
    const { lock, signal } = this.#o
    while (!signal.aborted) {
      const attempt = lock.tryTake()
      if (attempt.state === 'held') return
      const problem = attempt.state === 'failed' ? attempt.reason : undefined
      if (problem !== undefined && problem !== this.#lastError) this.#log(problem)
      this.#lastError = problem
      await sleep(LOCK_INTERVAL_MS, signal)
    }
  }

  async #readFeed(): Promise<void> {
    const { config, ledger, signal, onStored } = this.#o
    await runFeed({
      client: this.client,
      ledger,
      pollIntervalMs: config.pollIntervalMs,
      pollWindowSecs: config.pollWindowSecs,
      signal,
      wake: this.#wake,
      isLive: () => this.#events.live,
      onStored,
      onRead: () => this.#noteRead(),
      onFailure: (error) => this.#noteFailure(error),
      capacity: () => this.#capacity(),
      log: (line) => this.#log(line),
      now: this.#now,
    })
  }

  async #capacity(): Promise<void> {
    const { ledger, signal, target } = this.#o
    while (!signal.aborted && ledger.waiting(target.workspaceId) >= MAX_WAITING) {
      await this.#room.wait(Number.POSITIVE_INFINITY, signal)
    }
  }

  #noteRead(): void {
    this.#reads++
    this.#lastReadAt = this.#now()
    this.#lastError = undefined
    this.#refusals = 0
    if (this.#dead === undefined) return
    this.#dead = undefined
    this.#log('is valid again')
    void this.#register()
  }

  async #noteFailure(error: unknown): Promise<'passing' | 'dead'> {
    this.#reads++
    this.#failedReads++
    this.#lastError = describeError(error)
    return this.#judge(error)
  }

  /** Asks the open route what a refusal means, and gives the workspace up only on proof. */
  async #judge(error: unknown): Promise<'passing' | 'dead'> {
    if (this.#dead !== undefined) return 'dead'
    if (!(error instanceof PlatformError) || error.kind !== 'gone') return 'passing'
    const reason = await this.#reasonForRefusal()
    if (reason === undefined || this.#o.signal.aborted) return 'passing'
    this.#dead = reason
    this.#heartbeat?.abort()
    this.#heartbeat = undefined
    this.#log(`is given up: ${reason}`)
    return 'dead'
  }

  async #reasonForRefusal(): Promise<string | undefined> {
    try {
      const found = await lookUpWorkspace(this.client, this.#o.signal)
      if (found.state !== 'present') return found.message
    } catch {
      // The open route does not answer either: then nothing is known, and the platform is merely unwell.
      return undefined
    }
    if (this.#refusals === 0) this.#refusedSince = this.#now()
    this.#refusals++
    const proven = this.#refusals >= DEAD_AFTER_REFUSALS && this.#now() - this.#refusedSince >= DEAD_AFTER_MS
    return proven
      ? 'the platform refuses its token. Create a new one on the platform and set it with /molecule:configure.'
      : undefined
  }

  async #register(): Promise<void> {
    const { config, card, signal, onIssued } = this.#o
    const since = this.#now()
    for (let failures = 0; config.autoRegister && !signal.aborted; failures++) {
      try {
        if (!(await this.#exists())) return
        const { deliveryMode, secrets } = await register(this.client, card, signal)
        onIssued(secrets)
        if (deliveryMode !== 'poll') {
          this.#log(
            `was registered with delivery mode ${deliveryMode ?? 'unknown'} instead of poll: messages may not arrive`,
          )
        }
        break
      } catch (error) {
        if (signal.aborted) return
        this.#lastError = describeError(error)
        if (failures % 10 === 0) this.#log(`cannot register (attempt ${failures + 1}): ${this.#lastError}`)
        const verdict = await this.#judge(error)
        await sleep(failureDelay(error, verdict, failures, this.#now() - since), signal)
      }
    }
    if (signal.aborted) return
    this.#registered = true
    this.#log(`is a member of ${this.client.endpoint.platformUrl}`)
    this.#beat()
  }

  /** Registering an unknown id would create a ghost workspace, and a removed one would seem to come back. */
  async #exists(): Promise<boolean> {
    try {
      const found = await lookUpWorkspace(this.client, this.#o.signal)
      if (found.state === 'present') return true
      this.#dead = found.message
      this.#log(`is not registered: ${found.message}`)
      return false
    } catch (error) {
      // Some platforms do not show a workspace to everyone; then registering must tell.
      if (error instanceof PlatformError && error.kind !== 'retry') return true
      throw error
    }
  }

  #beat(): void {
    const { target, config, index, signal, fetchImpl } = this.#o
    if (!this.#registered || signal.aborted) return
    this.#heartbeat?.abort()
    const controller = new AbortController()
    this.#heartbeat = controller
    startHeartbeatLoop({
      target,
      intervalMs: config.heartbeatIntervalMs,
      staggerMs: index * STAGGER_MS,
      metrics: () => this.#metrics(),
      token: () => target.token,
      onResult: (result) => this.#noteBeat(result),
      log: this.#o.log,
      signal: controller.signal,
      ...(fetchImpl === undefined ? {} : { fetchImpl }),
    })
  }

  async #noteBeat(result: BeatResult): Promise<void> {
    if (result.kind === 'ok') {
      this.#lastBeatAt = this.#now()
      this.#o.onIssued(result.secrets)
    } else if (result.kind === 'refused') {
      await this.#judge(new PlatformError('gone', result.detail, { status: 401 }))
    }
  }

  #metrics(): HeartbeatMetrics {
    const { ledger, target } = this.#o
    const [reads, failed] = [this.#reads, this.#failedReads]
    this.#reads = 0
    this.#failedReads = 0
    const open = ledger.open(target.workspaceId, this.#now())
    const newest = open[0]
    return {
      error_rate: reads === 0 ? 0 : failed / reads,
      sample_error: failed === 0 ? '' : (this.#lastError ?? 'reading the inbox failed'),
      active_tasks: open.length,
      current_task: newest === undefined ? '' : taskText(inboundSchema.parse(JSON.parse(newest.content))),
      uptime_seconds: (this.#now() - this.#startedAt) / 1000,
      runtime_metadata: { capabilities: {} },
    }
  }

  async #acknowledge(): Promise<void> {
    const { ledger, target, signal } = this.#o
    this.#ackTimer = undefined
    if (signal.aborted) return
    try {
      const seq = ledger.ackableSeq(target.workspaceId)
      if (seq === undefined || seq <= this.#ackedSeq) return
      await acknowledge(this.client, seq, signal)
      this.#ackedSeq = seq
    } catch (error) {
      // Best effort: a platform that does not know the call keeps its rows a little longer.
      if (error instanceof PlatformError && error.kind === 'refused') this.#acknowledges = false
    }
  }

  #stop(): void {
    clearTimeout(this.#ackTimer)
    this.#heartbeat?.abort()
    this.#held = false
    this.#o.lock.close()
  }

  #log(text: string): void {
    this.#o.log(`molecule channel: workspace ${this.#o.target.workspaceId} ${text}`)
  }
}

/** What the badge shows. The text itself stays where it is: a badge is seen by more people than a message. */
function taskText({ kind, peerName, userName }: Inbound): string {
  const from = peerName ?? userName ?? (kind === 'canvas_user' ? 'the chat' : kind.replace('_', ' '))
  return `a message from ${from}`
}
