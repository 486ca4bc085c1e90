/**
 * Looks for answers to what was asked of a person. What it learns is read from the request itself, stored in the ledger,
 * and delivered from there like a message. Asks nothing while nothing is open.
 */
import { backoffDelayMs } from '../../base/backoff.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { patiently } from '../../base/patience.ts'
import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { cancelRequest, fetchRequest } from '../client/requests.ts'
import type { Inquiry } from '../ledger/inquiries.ts'
import { outcomeOf } from './inquiry-answer.ts'
import type { Workspace } from './workspace.ts'

/** An event tells of an answer sooner. */
const EVERY_MS = 60_000
/** The same where no events come. */
const EVERY_WITHOUT_EVENTS_MS = 15_000
/** Another session may ask without notice here. A check costs one ledger query. */
const UNKNOWN_INTERVAL_MS = 5_000
/** Between two rounds, however many events come. */
const PAUSE_MS = 1_000
/** How many requests are read in a round. */
const MOST_AT_ONCE = 5

export class InquiryWatch {
  readonly #workspace: Workspace
  readonly #isLive: () => boolean
  readonly #wake: Wake
  /** When each was last read. */
  readonly #readAt = new Map<string, number>()

  /** @param isLive whether events come, which announce answers. */
  constructor(workspace: Workspace, isLive: () => boolean) {
    this.#workspace = workspace
    this.#isLive = isLive
    this.#wake = new Wake(workspace.clock)
  }

  /** Something was said about a request: all that are open are due. */
  notify(): void {
    this.#readAt.clear()
    this.#wake.notify()
  }

  /** Watches until the signal aborts. Never throws. */
  async run(): Promise<void> {
    const { clock, log, signal } = this.#workspace
    let failures = 0
    while (!signal.aborted) {
      try {
        const { read, due } = await this.look()
        failures = 0
        if (read > 0) await sleep(PAUSE_MS, signal, clock)
        if (due === 0) await this.#wake.wait(computeJitteredInterval(UNKNOWN_INTERVAL_MS, clock), signal)
      } catch (error) {
        if (signal.aborted) return
        if (failures === 0) log(`cannot look for answers to its questions: ${describeError(error)}`)
        await sleep(PAUSE_MS + backoffDelayMs(failures, failures * 10_000, clock.random), signal, clock)
        failures++
      }
    }
  }

  /**
   * Reads the requests that are due.
   *
   * @returns how many it has read, and how many more are due.
   * @throws PlatformError, the abort reason, or the error of the ledger.
   */
  async look(): Promise<{ readonly read: number; readonly due: number }> {
    const { ledger, clock, signal } = this.#workspace
    const now = clock.now()
    const open = ledger.inquiries.unended(now)
    const ids = new Set(open.map(({ id }) => id))
    for (const id of this.#readAt.keys()) if (!ids.has(id)) this.#readAt.delete(id)
    const everyMs = this.#isLive() ? EVERY_MS : EVERY_WITHOUT_EVENTS_MS
    const due = open
      .map((inquiry) => ({ inquiry, at: this.#readAt.get(inquiry.id) ?? Number.NEGATIVE_INFINITY }))
      // Also due if the clock has been set back.
      .filter(({ at }) => at > now || now - at >= everyMs)
      .sort((a, b) => a.at - b.at)
    const failures: unknown[] = []
    const round = due.slice(0, MOST_AT_ONCE)
    for (const { inquiry } of round) {
      this.#readAt.set(inquiry.id, now)
      try {
        await this.#read(inquiry)
      } catch (error) {
        signal.throwIfAborted()
        // One that cannot be read does not delay the others.
        failures.push(error)
      }
    }
    if (failures.length > 0 && failures.length === round.length) throw failures[0]
    return { read: round.length, due: due.length - round.length }
  }

  async #read(inquiry: Inquiry): Promise<void> {
    const { client, config, ledger, clock, events, signal } = this.#workspace
    const report = await fetchRequest(client, inquiry.id, signal)
    signal.throwIfAborted()
    const { allowedSenders: allowed } = config
    const outcome = outcomeOf(inquiry, report, { allowed, now: clock.now() })
    // The answer is on disk before the inquiry ends, and before the platform is told that nobody waits for it.
    const fresh = await patiently(() => ledger.storeAnswers(inquiry.id, outcome, clock.now()), clock, signal)
    if (fresh > 0) events.emit('stored')
    if (outcome.state !== 'closing') return
    // The next look reads how it ended: the person may have answered just now.
    await cancelRequest(client, inquiry.id, signal)
  }
}
