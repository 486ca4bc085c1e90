/**
 * The time in which this session holds a workspace: it is registered, beats, and is read. What an earlier holder left
 * under way is taken over first.
 *
 * held -> (dead <-> held) -> ended. Dead: the platform confirmed that the token or the workspace is not valid; the
 * heartbeat stops, and the feed is asked now and then whether it has come back.
 */

import { describeError } from '../../base/errors.ts'
import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { runFeed } from '../../poll.ts'
import type { PlatformClient } from '../client/client.ts'
import type { IssuedSecrets } from '../client/issued-secrets.ts'
import type { AgentCard } from '../client/registry.ts'
import type { Ledger, Recovery } from '../ledger/ledger.ts'
import type { Config, Target } from '../settings/config.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { EventWatch } from './event-watch.ts'
import { Presence, type PresenceReport } from './presence.ts'
import { Standing, type Verdict } from './standing.ts'
import { TaskWatch } from './task-watch.ts'
import { Workload } from './workload.ts'

export interface TenureOptions {
  readonly target: Target
  readonly config: Config
  readonly card: AgentCard
  /** Position among the workspaces, for the stagger of the heartbeats. */
  readonly index: number
  readonly ledger: Ledger
  /** What an earlier holder left under way has been taken over; messages can be delivered. */
  readonly onHeld: (recovery: Recovery) => void
  /** Messages were stored that wait for delivery. */
  readonly onStored: () => void
  /** The platform issued secrets; they are to be kept and not shown. */
  readonly onIssued: (secrets: IssuedSecrets) => void
  readonly log: (line: string) => void
  readonly fetchImpl?: typeof fetch
  readonly now?: () => number
}

export interface TenureReport extends PresenceReport {
  readonly live: boolean
  /** Milliseconds since the epoch; undefined before the first time. */
  readonly lastReadAt: number | undefined
  readonly lastError: string | undefined
  /** The last look at the inbox failed. */
  readonly failing: boolean
  /** Why the workspace is given up, if it is. */
  readonly dead: string | undefined
}

/** How often it is looked whether there is room again, while nobody says so. */
const ROOM_INTERVAL_MS = 1_000
/** Messages that may wait for the host before the feed is read no further. */
export const MAX_WAITING = 500
/** A ledger that cannot be used now is tried again so often. */
const RECOVER_INTERVAL_MS = 500

export class Tenure {
  readonly #o: TenureOptions
  readonly #client: PlatformClient
  readonly #running = new AbortController()
  readonly #now: () => number
  readonly #wake = new Wake()
  readonly #room = new Wake()
  readonly #events: EventWatch
  readonly #tasks: TaskWatch
  readonly #standing: Standing
  readonly #presence: Presence
  readonly #workload: Workload
  readonly #acknowledgement: Acknowledgement
  #held = false
  #lastReadAt: number | undefined
  #lastError: string | undefined
  #failing = false

  constructor(client: PlatformClient, options: TenureOptions) {
    const { target, config, ledger } = options
    const { signal } = this.#running
    this.#o = options
    this.#client = client
    this.#now = options.now ?? Date.now
    this.#standing = new Standing(client, signal, this.#now, (reason) => this.#giveUp(reason))
    this.#workload = new Workload(ledger, target.workspaceId, this.#now)
    this.#presence = new Presence({
      ...options,
      client,
      signal,
      standing: this.#standing,
      workload: this.#workload,
      onError: (sentence) => {
        this.#lastError = sentence
      },
      say: (text) => this.#log(text),
      now: this.#now,
    })
    this.#acknowledgement = new Acknowledgement(client, ledger, signal)
    this.#tasks = new TaskWatch({
      client,
      ledger,
      signal,
      onStored: options.onStored,
      log: (line) => this.#log(line),
      now: this.#now,
    })
    this.#events = new EventWatch({
      client,
      signal,
      heartbeatIntervalMs: config.heartbeatIntervalMs,
      onHint: () => this.#wake.notify(),
      log: (line) => this.#log(line),
    })
  }

  get held(): boolean {
    return this.#held
  }

  /** Aborts when this tenure ends. */
  get signal(): AbortSignal {
    return this.#running.signal
  }

  report(): TenureReport {
    return {
      ...this.#presence.report,
      live: this.#events.live,
      lastReadAt: this.#lastReadAt,
      lastError: this.#lastError,
      failing: this.#failing,
      dead: this.#standing.dead,
    }
  }

  /** Messages of this workspace were sent: there is room for more, and something to acknowledge. */
  sent(): void {
    this.#room.notify()
    this.#acknowledgement.schedule()
  }

  /** Lives until it is ended. No error leaves it. */
  async run(): Promise<void> {
    const recovery = await this.#recover()
    if (recovery === undefined) return
    this.#held = true
    this.#o.onHeld(recovery)
    await Promise.all([this.#presence.begin(), this.#events.run(), this.#readFeed(), this.#tasks.run()])
  }

  /** Ends it, at once: nothing is delivered or read from here on. */
  end(): void {
    this.#held = false
    this.#running.abort()
  }

  /** A disk that fails now may be mended: nothing is read before. Undefined when it was ended meanwhile. */
  async #recover(): Promise<Recovery | undefined> {
    const { ledger, target } = this.#o
    const { signal } = this.#running
    while (!signal.aborted) {
      try {
        const recovery = ledger.recover(target.workspaceId, this.#now())
        this.#tellRecovery(recovery)
        this.#lastError = undefined
        return recovery
      } catch (error) {
        const problem = `cannot use its ledger: ${describeError(error)}`
        if (problem !== this.#lastError) this.#log(problem)
        this.#lastError = problem
        await sleep(RECOVER_INTERVAL_MS, signal)
      }
    }
    return undefined
  }

  #tellRecovery({ again, givenUp, presumed }: Recovery): void {
    if (again > 0) this.#log(`sends ${again} messages again that an earlier session may have shown`)
    if (givenUp > 0) this.#log(`keeps ${givenUp} messages that were sent before and never confirmed`)
    if (presumed > 0) {
      this.#log(`takes ${presumed} messages for seen, whose session had a person and gave no receipts`)
    }
  }

  async #readFeed(): Promise<void> {
    const { config, ledger, onStored } = this.#o
    await runFeed({
      client: this.#client,
      ledger,
      pollIntervalMs: config.pollIntervalMs,
      pollWindowSecs: config.pollWindowSecs,
      allowedSenders: config.allowedSenders,
      signal: this.#running.signal,
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
    const { ledger, target } = this.#o
    const { signal } = this.#running
    while (!signal.aborted && ledger.waiting(target.workspaceId) >= MAX_WAITING) {
      // Room may also be made by the delivery of an earlier configuration, which tells nobody here.
      await this.#room.wait(ROOM_INTERVAL_MS, signal)
    }
  }

  #noteRead(): void {
    this.#workload.succeeded()
    this.#tasks.notify()
    this.#lastReadAt = this.#now()
    this.#lastError = undefined
    this.#failing = false
    if (!this.#standing.restore()) return
    this.#log('is valid again')
    void this.#presence.begin()
  }

  async #noteFailure(error: unknown): Promise<Verdict> {
    this.#lastError = describeError(error)
    this.#failing = true
    this.#workload.failed(this.#lastError)
    return this.#standing.judge(error)
  }

  #giveUp(reason: string): void {
    this.#presence.end()
    this.#log(`is given up: ${reason}`)
  }

  #log(text: string): void {
    this.#o.log(`workspace ${this.#o.target.workspaceId} ${text}`)
  }
}
