/** Makes a workspace visible to others: registers it, and keeps it online with heartbeats. */
import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import { type BeatResult, startHeartbeatLoop } from '../../heartbeat.ts'
import { failureDelay } from '../../poll.ts'
import { PlatformError } from '../client/errors.ts'
import type { IssuedSecrets } from '../client/issued-secrets.ts'
import { type AgentCard, type Registration, register } from '../client/registry.ts'
import type { OtherReceiver } from './other-receiver.ts'
import type { Validity } from './validity.ts'
import type { Workload } from './workload.ts'
import type { Workspace } from './workspace.ts'

export interface PresenceOptions {
  readonly card: AgentCard
  /** Position among the workspaces, for the stagger of the heartbeats. */
  readonly index: number
  /** Keeps secrets that the platform issued. */
  readonly keepIssued: (secrets: IssuedSecrets) => void
  /** The outcome of a registration just now. At most once. */
  readonly takeRegistered: () => Registration | undefined
  readonly validity: Validity
  readonly workload: Workload
  /** Told of all that changes the workspace's row. */
  readonly other: OtherReceiver
  readonly onError: (sentence: string) => void
  /** Called when the platform refuses the token of a heartbeat. */
  readonly onRefused: () => void
}

export interface PresenceReport {
  readonly registered: boolean
  /** Milliseconds since the epoch; undefined before the first. */
  readonly lastBeatAt: number | undefined
  /** When the first heartbeat is due; undefined while none is, or heartbeats are off. */
  readonly firstBeatAt: number | undefined
  /** Why heartbeats have failed since the last accepted one; undefined after a single failure that may pass. */
  readonly beatProblem: string | undefined
  /** The delivery mode in which the platform has the workspace, if it is not `poll`. */
  readonly wrongMode: string | undefined
  /** A status such as `paused`, which neither registering nor heartbeats change. */
  readonly parked: string | undefined
}

/** Keeps two workspaces from beating at the same moment. */
const STAGGER_MS = 500
/** One failed heartbeat is no problem, unless it was refused: the platform waits for several. */
const FAILURES_FORGIVEN = 1
/**
 * How many heartbeats are sent between two checks of the workspace's status, which no answer to them shows. An event
 * tells of a change sooner.
 */
const BEATS_PER_CHECK = 25

export class Presence {
  readonly #workspace: Workspace
  readonly #options: PresenceOptions
  #heartbeat: AbortController | undefined
  #beats = 0
  #failures = 0
  #report: Omit<PresenceReport, 'parked'> = {
    registered: false,
    lastBeatAt: undefined,
    firstBeatAt: undefined,
    beatProblem: undefined,
    wrongMode: undefined,
  }

  constructor(workspace: Workspace, options: PresenceOptions) {
    this.#workspace = workspace
    this.#options = options
    workspace.signal.addEventListener('abort', () => this.end(), { once: true })
  }

  get report(): PresenceReport {
    return { ...this.#report, parked: this.#options.validity.parked }
  }

  /** Registers, however long that takes, then sends heartbeats. Never throws. */
  async begin(): Promise<void> {
    const { client, config, clock, log, signal } = this.#workspace
    const registered = this.#options.takeRegistered()
    if (registered !== undefined) this.#noteRegistration(registered)
    else if (config.autoRegister && !(await this.#register())) return
    if (signal.aborted) return
    log(`is a member of ${client.endpoint.platformUrl}`)
    this.#beat(clock.now())
  }

  /** Ends the heartbeats. */
  end(): void {
    this.#heartbeat?.abort()
  }

  #noteRegistration({ deliveryMode, secrets }: Registration): void {
    this.#options.keepIssued(secrets)
    const wrongMode = deliveryMode === 'poll' ? undefined : (deliveryMode ?? 'unknown')
    this.#report = { ...this.#report, wrongMode }
    if (wrongMode === undefined) return
    this.#workspace.warn(
      `was registered with delivery mode ${wrongMode} instead of poll: messages may not arrive`,
    )
  }

  /** Returns false when the workspace is given up, or the signal aborted. */
  async #register(): Promise<boolean> {
    const { client, clock, warn, signal } = this.#workspace
    const { card, validity, other, onError } = this.#options
    const since = clock.now()
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        // Registering an unknown id would create a ghost workspace, and would seem to revive a removed one.
        if (!(await validity.exists())) {
          warn(`is not registered: ${validity.dead}`)
          return false
        }
        other.registering()
        this.#noteRegistration(await register(client, card, signal))
        return true
      } catch (error) {
        if (signal.aborted) return false
        if (failures % 10 === 0) warn(`cannot register (attempt ${failures + 1}): ${describeError(error)}`)
        const verdict = await validity.judge(error)
        // What to do says more than the status of an answer.
        onError(validity.refused ?? describeError(error))
        // A feed that can be read again restarts this.
        if (verdict === 'dead') return false
        await sleep(failureDelay(error, verdict, failures, clock.now() - since, clock.random), signal, clock)
      }
    }
    return false
  }

  #beat(now: number): void {
    const { client, config, clock, network, log, warn } = this.#workspace
    const { index, workload, other } = this.#options
    const { heartbeatIntervalMs: intervalMs } = config
    this.#heartbeat?.abort()
    const controller = new AbortController()
    this.#heartbeat = controller
    const staggerMs = index * STAGGER_MS
    const firstBeatAt = intervalMs > 0 ? now + staggerMs + intervalMs : undefined
    this.#report = { ...this.#report, registered: true, firstBeatAt }
    startHeartbeatLoop({
      target: client.endpoint,
      intervalMs,
      staggerMs,
      token: () => client.endpoint.token,
      metrics: () => {
        const metrics = workload.take()
        other.beating(metrics.uptime_seconds)
        return metrics
      },
      onResult: (result) => this.#noteBeat(result),
      log,
      warn,
      clock,
      signal: controller.signal,
      fetchImpl: network,
    })
  }

  async #noteBeat(result: BeatResult): Promise<void> {
    const { validity, other, keepIssued, onRefused } = this.#options
    if (result.kind === 'ok') {
      this.#failures = 0
      this.#report = { ...this.#report, lastBeatAt: this.#workspace.clock.now(), beatProblem: undefined }
      keepIssued(result.secrets)
      // Not awaited: it goes on until the next heartbeat.
      void other.accepted(this.#workspace.config.heartbeatIntervalMs)
      if (++this.#beats % BEATS_PER_CHECK === 0) await validity.checkStatus()
      return
    }
    const isFinal = result.kind === 'failed' && result.isFinal === true
    if (++this.#failures > FAILURES_FORGIVEN || isFinal) {
      this.#report = { ...this.#report, beatProblem: result.detail }
    }
    if (result.kind !== 'refused') return
    onRefused()
    await validity.judge(new PlatformError('gone', result.detail, { status: 401 }))
  }
}
