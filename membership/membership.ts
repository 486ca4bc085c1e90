/**
 * One workspace of ours on its platform: who consumes it, that it is registered, present, read. Each membership has
 * its own loops and fails alone.
 *
 * waiting -> held -> (dead <-> held). Waiting: another process has the lock, or this session may not hold it. Held:
 * registered, beating, reading. Dead: the platform confirmed that the token or the workspace is not valid; the
 * heartbeat stops, and the feed is asked now and then whether it has come back.
 */

import type { Config, Target } from '../config.ts'
import { type BeatResult, startHeartbeatLoop } from '../heartbeat.ts'
import { PlatformClient } from '../platform/client.ts'
import { describeError, PlatformError } from '../platform/errors.ts'
import { type AgentCard, type IssuedSecrets, register } from '../platform/registry.ts'
import { failureDelay, runFeed } from '../poll.ts'
import type { Ledger } from '../state/ledger.ts'
import type { LockFile } from '../state/lock.ts'
import { sleep } from '../timing/sleep.ts'
import { Wake } from '../timing/wake.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { EventWatch } from './event-watch.ts'
import { Standing, type Verdict } from './standing.ts'
import { TaskWatch } from './task-watch.ts'
import { Workload } from './workload.ts'

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

export class Membership {
  readonly client: PlatformClient
  readonly #o: MembershipOptions
  readonly #now: () => number
  readonly #wake = new Wake()
  readonly #room = new Wake()
  readonly #events: EventWatch
  readonly #tasks: TaskWatch
  readonly #standing: Standing
  readonly #workload: Workload
  readonly #acknowledgement: Acknowledgement
  #held = false
  #registered = false
  #lastReadAt: number | undefined
  #lastBeatAt: number | undefined
  #lastError: string | undefined
  #heartbeat: AbortController | undefined

  constructor(options: MembershipOptions) {
    const { target, config, ledger, signal, fetchImpl } = options
    this.#o = options
    this.#now = options.now ?? Date.now
    this.client = new PlatformClient(
      { ...target, orgId: config.orgId },
      fetchImpl === undefined ? {} : { fetchImpl },
    )
    this.#standing = new Standing(this.client, signal, this.#now, (reason) => this.#giveUp(reason))
    this.#workload = new Workload(ledger, target.workspaceId, this.#now)
    this.#acknowledgement = new Acknowledgement(this.client, ledger, signal)
    this.#tasks = new TaskWatch({
      client: this.client,
      ledger,
      signal,
      onStored: options.onStored,
      log: (line) => this.#log(line),
      now: this.#now,
    })
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
      dead: this.#standing.dead,
    }
  }

  /** Messages of this workspace were sent: there is room for more, and something to acknowledge. */
  sent(): void {
    this.#room.notify()
    this.#acknowledgement.schedule()
  }

  /** Waits for the lock, then lives until the signal aborts. No error leaves it. */
  async run(): Promise<void> {
    await this.#takeLock()
    await this.#recover()
    if (this.#o.signal.aborted) return
    this.#held = true
    this.#o.onHeld()
    await Promise.all([this.#register(), this.#events.run(), this.#readFeed(), this.#tasks.run()])
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

  /** Takes over what an earlier holder left under way. A disk that fails now may be mended: nothing is read before. */
  async #recover(): Promise<void> {
    const { ledger, signal, target } = this.#o
    while (!signal.aborted) {
      try {
        const { again, givenUp } = ledger.recover(target.workspaceId, this.#now())
        if (again > 0) this.#log(`sends ${again} messages again that an earlier session may have shown`)
        if (givenUp > 0) this.#log(`keeps ${givenUp} messages that were sent before and never confirmed`)
        return
      } catch (error) {
        const problem = `cannot use its ledger: ${describeError(error)}`
        if (problem !== this.#lastError) this.#log(problem)
        this.#lastError = problem
        await sleep(LOCK_INTERVAL_MS, signal)
      }
    }
  }

  async #readFeed(): Promise<void> {
    const { config, ledger, signal, onStored } = this.#o
    await runFeed({
      client: this.client,
      ledger,
      pollIntervalMs: config.pollIntervalMs,
      pollWindowSecs: config.pollWindowSecs,
      allowedSenders: config.allowedSenders,
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
    this.#workload.succeeded()
    this.#tasks.notify()
    this.#lastReadAt = this.#now()
    this.#lastError = undefined
    if (!this.#standing.restore()) return
    this.#log('is valid again')
    void this.#register()
  }

  async #noteFailure(error: unknown): Promise<Verdict> {
    this.#lastError = describeError(error)
    this.#workload.failed(this.#lastError)
    return this.#standing.judge(error)
  }

  #giveUp(reason: string): void {
    this.#heartbeat?.abort()
    this.#log(`is given up: ${reason}`)
  }

  async #register(): Promise<void> {
    const { config, card, signal, onIssued } = this.#o
    const since = this.#now()
    for (let failures = 0; config.autoRegister && !signal.aborted; failures++) {
      try {
        // Registering an unknown id would create a ghost workspace, and a removed one would seem to come back.
        if (!(await this.#standing.exists())) {
          this.#log(`is not registered: ${this.#standing.dead}`)
          return
        }
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
        const verdict = await this.#standing.judge(error)
        // A feed that can be read again starts this anew.
        if (verdict === 'dead') return
        await sleep(failureDelay(error, verdict, failures, this.#now() - since), signal)
      }
    }
    if (signal.aborted) return
    this.#registered = true
    this.#log(`is a member of ${this.client.endpoint.platformUrl}`)
    this.#beat()
  }

  #beat(): void {
    const { target, config, index, fetchImpl } = this.#o
    this.#heartbeat?.abort()
    const controller = new AbortController()
    this.#heartbeat = controller
    startHeartbeatLoop({
      target,
      intervalMs: config.heartbeatIntervalMs,
      staggerMs: index * STAGGER_MS,
      metrics: () => this.#workload.take(),
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
      await this.#standing.judge(new PlatformError('gone', result.detail, { status: 401 }))
    }
  }

  #stop(): void {
    this.#heartbeat?.abort()
    this.#held = false
    this.#o.lock.close()
  }

  #log(text: string): void {
    this.#o.log(`molecule channel: workspace ${this.#o.target.workspaceId} ${text}`)
  }
}
