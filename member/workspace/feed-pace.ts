/**
 * How fast a feed is read. A long way leaves most of the platform's budget to others. And a feed that goes on without
 * bringing anything for the model is read slowly: a platform with a fault, or an agent that writes to itself without end,
 * would otherwise take a processor, and fill the ledger with rows that are stepped over.
 */
import type { Clock } from '../../base/clock.ts'
import { Pace } from '../../base/pace.ts'
import { sleep } from '../../base/sleep.ts'
import type { Entry } from '../ledger/ledger.ts'

/** A platform allows all agents at one address about 600 requests a minute. */
const BURST_PAGES = 60
const PAGES_PER_SECOND = 2
/** A backlog of so many rows of others is read at full speed. */
const FREE_ROWS = 20_000
const FIRST_PAUSE_MS = 50
/** Whoever can fill a feed with such rows must not hold up the message behind them for long. */
const MAX_PAUSE_MS = 1_000

interface FeedPaceOptions {
  readonly clock: Pick<Clock, 'after' | 'now'>
  readonly signal: AbortSignal
  readonly warn: (sentence: string) => void
}

/** What one page of the feed came to. */
export interface Step {
  /** The number of new messages. */
  readonly stored: number
  /** There may be more to read at once. */
  readonly more: boolean
}

export class FeedPace {
  readonly #options: FeedPaceOptions
  /** In a row, without a message or an end. */
  #rows = 0
  #pauses = 0
  readonly #turns: Pace
  /** Once is enough: status shows what holds later. */
  #told = false

  constructor(options: FeedPaceOptions) {
    this.#options = options
    this.#turns = new Pace(BURST_PAGES, PAGES_PER_SECOND, options.clock.now)
  }

  /** Resolves when one more page may be requested; a look that finds nothing new needs no turn. */
  async turn(): Promise<void> {
    const { clock, signal } = this.#options
    const waitMs = this.#turns.waitMs()
    if (waitMs > 0) await sleep(waitMs, signal, clock)
    signal.throwIfAborted()
  }

  /** How many rows have been read without a message, if reading is slow because of that. */
  get slowed(): number | undefined {
    return this.#pauses === 0 ? undefined : this.#rows
  }

  /**
   * What to record of a page. While reading is slow, a row that is stepped over wherever it is met again is not recorded:
   * only the last one, from which reading continues.
   */
  recorded(entries: readonly Entry[]): readonly Entry[] {
    this.#rows += entries.length
    if (this.#pauses === 0) return entries
    return entries.filter(({ skipped }, index) => skipped === null || index === entries.length - 1)
  }

  /** Called after each page: waits if the feed is to be read slowly. Never rejects. */
  async pause({ stored, more }: Step): Promise<void> {
    const { clock, signal, warn } = this.#options
    if (stored > 0 || !more) {
      this.#rows = this.#pauses = 0
      return
    }
    if (this.#rows <= FREE_ROWS) return
    if (!this.#told) {
      warn(`reads its inbox slowly: its last ${this.#rows} rows were not for the model, and there are more`)
    }
    this.#told = true
    await sleep(Math.min(MAX_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(this.#pauses++, 10)), signal, clock)
  }
}
