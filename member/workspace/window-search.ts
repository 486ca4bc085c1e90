/**
 * Finds the oldest page of a window of the feed, however long the window is. Without a cursor, a platform answers with
 * the newest rows before a given time. So this goes back by steps that grow, until it meets nothing, and then halves the
 * gap: some twenty requests for any number of rows. What it has learned outlives a failure, and the next try goes on
 * from there.
 */
import type { Page } from '../client/activity.ts'
import { boundary, liesBefore, reachesBack } from './feed-page.ts'

export interface WindowQuestion {
  readonly beforeTs?: string | undefined
  readonly limit?: number
}

type Ask = (question: WindowQuestion) => Promise<Page>

export interface WindowSearchOptions {
  /** The number of ordinary rows in a full page. */
  readonly pageRows: number
  /** The most rows a platform returns per page. */
  readonly maxRows: number
}

const STEP_GROWTH = 4

export class WindowSearch {
  readonly #options: WindowSearchOptions
  /** The oldest page known. */
  #page: Page | undefined
  /** Nothing readable lies before this time, in milliseconds since the epoch. */
  #bareBefore = Number.NEGATIVE_INFINITY
  /** More than one page lies before the end of this millisecond. */
  #fullBefore = Number.POSITIVE_INFINITY
  #stepMs = 0

  constructor(options: WindowSearchOptions) {
    this.#options = options
  }

  /** @throws what `ask` throws; then it can be called again. */
  async oldest(ask: Ask): Promise<Page> {
    let page = this.#page ?? this.#keep(await ask({}))
    while (page.full) {
      const time = this.#nextTime()
      if (time === undefined) return this.#stepBack(page, ask)
      const beforeTs = new Date(time).toISOString()
      const older = await ask({ beforeTs })
      if (older.rows.length === 0) {
        if (older.full) this.#fullBefore = time
        else this.#bareBefore = time
      } else if (liesBefore(older, beforeTs)) {
        page = this.#keep(older)
      } else {
        return this.#stepBack(page, ask)
      }
    }
    return page
  }

  #keep(page: Page): Page {
    this.#page = page
    const [oldest, newest] = [page.rows[0], page.rows.at(-1)].map((row) => Date.parse(row?.created_at ?? ''))
    if (oldest === undefined || newest === undefined || Number.isNaN(oldest)) return page
    this.#fullBefore = oldest
    this.#stepMs = Math.max(1, this.#stepMs * STEP_GROWTH, newest - oldest)
    return page
  }

  /** Undefined when there is no whole millisecond left to divide. */
  #nextTime(): number | undefined {
    const [bare, full] = [this.#bareBefore, this.#fullBefore]
    if (full === Number.POSITIVE_INFINITY || full <= Math.max(0, bare)) return undefined
    return bare === Number.NEGATIVE_INFINITY
      ? Math.max(0, full - this.#stepMs)
      : bare + Math.ceil((full - bare) / 2)
  }

  /** Page by page: within one millisecond, or on a platform that does not know `before_ts`. */
  async #stepBack(from: Page, ask: Ask): Promise<Page> {
    const { pageRows, maxRows } = this.#options
    let page = from
    let beforeTs: string | undefined
    while (page.full) {
      beforeTs = boundary(page, pageRows) ?? beforeTs
      let older = await ask({ beforeTs })
      // A page with a single timestamp, or a platform that does not know `before_ts`: request the largest page.
      if (older.full && !reachesBack(older, page)) older = await ask({ beforeTs, limit: maxRows })
      if (!reachesBack(older, page)) {
        // More rows with the same timestamp help, too, even if they came only because the page was larger.
        return liesBefore(older, beforeTs) || older.rows.length > page.rows.length ? older : page
      }
      page = this.#keep(older)
    }
    return page
  }
}
