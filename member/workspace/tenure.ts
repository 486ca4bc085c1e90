/**
 * The period in which this process holds a workspace: registers it, sends heartbeats and reads its feed. First it takes
 * over what an earlier holder left in flight.
 *
 * - taking over: the ledger of an earlier holder is recovered. Left for `held` as soon as the disk permits.
 * - held: registered, beating, read. Left for `dead` when the platform confirms that the token or the workspace is not
 *   valid, and for `ended`.
 * - dead: no heartbeat; the feed is read now and then to see whether the workspace has come back. Left for `held` by
 *   the first look that succeeds, and for `ended`.
 * - ended: the signal aborted. Final.
 */
import { describeError } from '../../base/errors.ts'
import { patiently } from '../../base/patience.ts'
import { counted } from '../../base/plural.ts'
import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { pollInbox, type Verdict } from '../../poll.ts'
import { isRequestHint } from '../client/events.ts'
import type { Recovery } from '../ledger/ledger.ts'
import { Acknowledgement } from './acknowledgement.ts'
import { EventWatch, type StreamState } from './event-watch.ts'
import { Feed } from './feed.ts'
import { InquiryWatch } from './inquiry-watch.ts'
import { OtherReceiver } from './other-receiver.ts'
import { Presence, type PresenceOptions, type PresenceReport } from './presence.ts'
import { TaskWatch } from './task-watch.ts'
import { Validity } from './validity.ts'
import { Workload } from './workload.ts'
import type { Workspace } from './workspace.ts'

export type TenureOptions = Pick<PresenceOptions, 'card' | 'index' | 'takeRegistered' | 'keepIssued'>

export interface TenureReport extends PresenceReport {
  readonly stream: StreamState
  /** When another process last showed that it receives for the workspace, too; undefined while there is none. */
  readonly otherSeenAt: number | undefined
  /** Milliseconds since the epoch; undefined before the first time. */
  readonly lastReadAt: number | undefined
  /** Reading is slow: so many rows of the feed came without a message. */
  readonly slowed: number | undefined
  readonly lastError: string | undefined
  /** The last look at the inbox failed. */
  readonly failing: boolean
  /** Why the workspace is given up, if it is. */
  readonly dead: string | undefined
}

/** How often to re-check for room when no wake-up comes. */
const ROOM_INTERVAL_MS = 1_000
/** How many messages may wait for the host before reading of the feed pauses. */
const MAX_WAITING = 500
/** How often to retry a ledger that cannot be used now. */
const RECOVER_INTERVAL_MS = 500
/** Between two chunks of old messages that are deleted: nobody waits for that. */
const DELETE_PAUSE_MS = 50

export class Tenure {
  readonly #workspace: Workspace
  readonly #running = new AbortController()
  /** There may be something to read. */
  readonly #wake: Wake
  /** Fewer messages may be waiting. */
  readonly #room: Wake
  readonly #events: EventWatch
  readonly #tasks: TaskWatch
  readonly #inquiries: InquiryWatch
  readonly #validity: Validity
  readonly #presence: Presence
  readonly #workload: Workload
  readonly #other: OtherReceiver
  readonly #acknowledgement: Acknowledgement
  #held = false
  /** Made when reading begins: a first start counts from then. */
  #feed: Feed | undefined
  #lastReadAt: number | undefined
  /** The first look may last long: what it has stored so far has been read. */
  #storedAt: number | undefined
  #lastError: string | undefined
  #failing = false

  constructor(outer: Workspace, { card, index, takeRegistered, keepIssued }: TenureOptions) {
    const workspace = { ...outer, signal: this.#running.signal }
    this.#workspace = workspace
    this.#wake = new Wake(workspace.clock)
    this.#room = new Wake(workspace.clock)
    this.#validity = new Validity(workspace, (reason) => this.#giveUp(reason))
    this.#workload = new Workload(workspace)
    this.#other = new OtherReceiver(workspace, this.#validity.lookUp)
    this.#presence = new Presence(workspace, {
      card,
      index,
      takeRegistered,
      keepIssued,
      validity: this.#validity,
      workload: this.#workload,
      other: this.#other,
      onError: (sentence) => {
        this.#lastError = sentence
      },
      // With an open stream the next look may be a minute away.
      onRefused: () => this.#wake.notify(),
    })
    this.#acknowledgement = new Acknowledgement(workspace)
    this.#tasks = new TaskWatch(workspace)
    this.#inquiries = new InquiryWatch(workspace, () => this.#events.live)
    this.#events = new EventWatch(workspace, {
      onHint: () => this.#wake.notify(),
      onEvent: (event) => {
        this.#other.noteEvent(event)
        this.#validity.noteEvent(event)
        if (isRequestHint(event)) this.#inquiries.notify()
      },
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
      stream: this.#events.state,
      otherSeenAt: this.#other.seenAt,
      lastReadAt: this.#lastReadAt ?? this.#storedAt,
      slowed: this.#feed?.pace.slowed,
      lastError: this.#lastError,
      failing: this.#failing,
      dead: this.#validity.dead,
    }
  }

  /** Runs until it is ended. Never throws. */
  async run(): Promise<void> {
    const { events } = this.#workspace
    const recovery = await this.#recover()
    if (recovery === undefined) return
    this.#held = true
    events.on('sent', this.#onSent)
    events.on('stored', this.#onStored)
    events.on('handled', this.#onHandled)
    events.emit('held', recovery)
    await Promise.all([
      this.#presence.begin(),
      this.#events.run(),
      this.#poll(),
      this.#tasks.run(),
      this.#inquiries.run(),
      this.#deleteOld(),
    ])
  }

  /** Ends it at once: nothing more is delivered or read. */
  end(): void {
    this.#held = false
    this.#workspace.events.off('sent', this.#onSent)
    this.#workspace.events.off('stored', this.#onStored)
    this.#workspace.events.off('handled', this.#onHandled)
    this.#running.abort()
  }

  /** The machine was asleep: much may have happened, and the connections may be dead without a sign. */
  woke(): void {
    this.#events.doubt()
    this.#wake.notify()
  }

  readonly #onSent = (): void => {
    this.#room.notify()
    this.#acknowledgement.schedule()
  }

  readonly #onStored = (): void => {
    this.#storedAt = this.#workspace.clock.now()
  }

  readonly #onHandled = (error: string | undefined): void => {
    if (error === undefined) this.#workload.succeeded()
    else this.#workload.failed(error)
  }

  /** A failing disk may recover; nothing is read until then. Undefined when the tenure has ended in the meantime. */
  async #recover(): Promise<Recovery | undefined> {
    const { ledger, clock, warn, signal } = this.#workspace
    while (!signal.aborted) {
      try {
        const steps = ledger.recovery(clock.now())
        await ledger.flushing
        let recovery: Recovery | undefined
        while (recovery === undefined) {
          if (signal.aborted) return undefined
          recovery = await patiently(() => steps.next(), clock, signal)
        }
        this.#tellRecovery(recovery)
        this.#lastError = undefined
        return recovery
      } catch (error) {
        if (signal.aborted) return undefined
        const problem = `cannot use its ledger: ${describeError(error)}`
        if (problem !== this.#lastError) warn(problem)
        this.#lastError = problem
        await sleep(RECOVER_INTERVAL_MS, signal, clock)
      }
    }
    return undefined
  }

  async #deleteOld(): Promise<void> {
    const { ledger, clock, log, signal } = this.#workspace
    try {
      while (await patiently(() => ledger.deleteOld(clock.now()), clock, signal)) {
        await sleep(DELETE_PAUSE_MS, signal, clock)
        if (signal.aborted) return
      }
    } catch (error) {
      // The next holder deletes it.
      if (!signal.aborted) log(`cannot delete its old messages: ${describeError(error)}`)
    }
  }

  #tellRecovery({ again, givenUp, presumed }: Recovery): void {
    const { log } = this.#workspace
    if (again > 0) log(`delivers ${counted(again, 'message')} again that may have been delivered before`)
    if (givenUp > 0) log(`keeps ${counted(givenUp, 'message')} sent before and never confirmed`)
    if (presumed > 0) {
      log(
        `presumes ${counted(presumed, 'message')} shown: the model answered later ones, and its host gives no receipts`,
      )
    }
  }

  async #poll(): Promise<void> {
    const { config, clock, log, warn, signal } = this.#workspace
    const feed = new Feed(this.#workspace, { capacity: () => this.#capacity() })
    this.#feed = feed
    await pollInbox({
      look: (announced) => feed.look(announced),
      intervalMs: config.pollIntervalMs,
      wake: this.#wake,
      isLive: () => this.#events.live,
      onRead: () => this.#noteRead(),
      onFailure: (error) => this.#noteFailure(error),
      log,
      warn,
      clock,
      signal,
    })
  }

  /** Resolves once there is room for more messages, or the tenure has ended. */
  async #capacity(): Promise<void> {
    const { ledger, signal } = this.#workspace
    while (!signal.aborted && ledger.isFull(MAX_WAITING)) {
      // The delivery of an earlier configuration also makes room, without notifying us.
      await this.#room.wait(ROOM_INTERVAL_MS, signal)
    }
  }

  #noteRead(): void {
    this.#workload.succeeded()
    this.#tasks.notify()
    // A session that observes may have stored the first page just now.
    if (this.#lastReadAt === undefined) {
      this.#workspace.events.emit('stored')
      // An earlier session may have ended before it acknowledged what it sent. Not before the platform knows the cursor
      // again: one that was restored from a backup would take the numbers for those of rows to come.
      this.#acknowledgement.schedule()
    }
    this.#lastReadAt = this.#workspace.clock.now()
    this.#lastError = undefined
    this.#failing = false
    if (!this.#validity.restore()) return
    this.#workspace.log('is valid again')
    void this.#presence.begin()
  }

  async #noteFailure(error: unknown): Promise<Verdict> {
    this.#lastError = describeError(error)
    this.#failing = true
    this.#workload.failed(this.#lastError)
    const verdict = await this.#validity.judge(error)
    // What to do says more than the status of an answer.
    this.#lastError = this.#validity.refused ?? this.#lastError
    return verdict
  }

  #giveUp(reason: string): void {
    this.#presence.end()
    this.#workspace.warn(`is given up: ${reason}`)
  }
}
