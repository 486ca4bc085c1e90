/**
 * Reads again what lies behind the cursor, where normal reading sees nothing: a row that was committed late, one that on
 * an older platform shares the cursor row's timestamp, and every new row of a platform whose clock was ahead and has
 * been set right, until that clock has passed the cursor once more.
 */
import { type ActivityRow, MAX_WINDOW_SECS, type Page } from '../client/activity.ts'
import { compareTimestamps } from '../client/timestamp.ts'
import type { Cursor } from '../ledger/ledger.ts'
import { boundary, isAfterFloor, secsBack } from './feed-page.ts'

export interface FeedOverlapOptions {
  readonly now: () => number
  readonly cursor: () => Cursor | undefined
  /** Resolves once there is room for more waiting messages. @throws when the feed is no longer read. */
  readonly room: () => Promise<void>
  readonly page: (question: {
    readonly sinceSecs: number
    readonly beforeTs?: string | undefined
    readonly limit: number
  }) => Promise<Page>
  /** Stores rows without moving the cursor. Returns how many are new and for the model. */
  readonly store: (rows: readonly ActivityRow[]) => Promise<number>
}

/** The most rows a platform returns per page. */
const MAX_LIMIT = 500
/** How often to read again while nothing is unusual. */
const EVERY_MS = 5 * 60_000
/** How often to look for what was committed up to a day late; a session looks when it begins, too. */
const FAR_EVERY_MS = 60 * 60_000
const FAR_MS = 24 * 60 * 60_000 + FAR_EVERY_MS
/** So many pages of it at a time: new messages do not wait for a busy day to be read again. */
const FAR_PAGES = 4
/** Where to find a row that was announced a moment ago, by the platform's clock. */
const ANNOUNCED_SECS = 60
const ANNOUNCED_LIMIT = 100

/** Rows to read again, newest first. */
interface Stretch {
  /** Milliseconds since the epoch, by our own clock. */
  readonly since: number
  readonly beforeTs?: string | undefined
}

export class FeedOverlap {
  readonly #options: FeedOverlapOptions
  /** When it was last read; before this session's first time, what the cursor says about the last session. */
  #readAt: number | undefined
  #farAt = Number.NEGATIVE_INFINITY
  #far: Stretch | undefined
  /** New rows come behind the cursor now, so each look must read here, too. */
  #lags = false

  constructor(options: FeedOverlapOptions) {
    this.#options = options
  }

  /** Called before each look, since a look moves the cursor. */
  begin(startedAt: number): void {
    if (this.#readAt !== undefined) return
    const { now, cursor } = this.#options
    const { activityId = null, checkedAt = startedAt, createdAt } = cursor() ?? {}
    this.#readAt = checkedAt - EVERY_MS
    // What lies after the cursor of the last session is read in any case.
    this.#far = activityId === null ? undefined : { since: checkedAt - FAR_MS, beforeTs: createdAt }
    this.#farAt = now()
  }

  /**
   * Called after each look.
   *
   * @param found the number of new messages after the cursor.
   * @param announced an event had announced something.
   * @returns the number of new messages behind it.
   */
  async read(found: number, announced: boolean): Promise<number> {
    const { now } = this.#options
    const since = this.#readAt ?? now()
    if (found > 0) this.#lags = false
    let more = 0
    if (found === 0 && announced && !this.#lags) {
      more = await this.#readPage(ANNOUNCED_SECS, undefined, ANNOUNCED_LIMIT).then(({ stored }) => stored)
      if (more > 0) this.#lags = true
    }
    if (this.#lags || Math.abs(now() - since) >= EVERY_MS) more += await this.#readRecent(since)
    return more + (await this.#readFar())
  }

  async #readRecent(since: number): Promise<number> {
    const startedAt = this.#options.now()
    const { found } = await this.#readBack({ since }, Number.POSITIVE_INFINITY)
    if (found > 0) this.#lags = true
    this.#readAt = startedAt
    return found
  }

  async #readFar(): Promise<number> {
    const now = this.#options.now()
    if (Math.abs(now - this.#farAt) >= FAR_EVERY_MS) {
      this.#farAt = now
      this.#far ??= { since: now - FAR_MS }
    }
    if (this.#far === undefined) return 0
    const { found, rest } = await this.#readBack(this.#far, FAR_PAGES)
    this.#far = rest
    return found
  }

  async #readBack(
    { since, beforeTs }: Stretch,
    pages: number,
  ): Promise<{ readonly found: number; readonly rest?: Stretch }> {
    let found = 0
    for (let before = beforeTs, left = pages; ; ) {
      if (left-- === 0) return { found, rest: { since, beforeTs: before } }
      const sinceSecs = Math.min(secsBack(since, this.#options.now()), MAX_WINDOW_SECS)
      const { page, stored } = await this.#readPage(sinceSecs, before, MAX_LIMIT)
      found += stored
      const next = page === undefined ? undefined : boundary(page, MAX_LIMIT)
      if (page?.full !== true || next === undefined) return { found }
      // A platform that does not know `before_ts` would go on forever.
      if (before !== undefined && compareTimestamps(next, before) >= 0) return { found }
      before = next
    }
  }

  async #readPage(
    sinceSecs: number,
    beforeTs: string | undefined,
    limit: number,
  ): Promise<{ readonly page?: Page; readonly stored: number }> {
    const { room, store } = this.#options
    await room()
    const cursor = this.#options.cursor()
    if (cursor?.activityId == null) return { stored: 0 }
    const page = await this.#options.page({ sinceSecs, beforeTs, limit })
    if (provesLag(page, cursor.activityId)) this.#lags = true
    const stored = await store(
      page.rows.filter(
        (row) =>
          // Rows with the floor's own timestamp all existed when it was set: stored, or skipped.
          isAfterFloor(row, cursor, 'strictly') &&
          // Where rows in between may be missing, those after the cursor are left to normal reading. Not always, since
          // the cursor may be at an unreadable row, with late rows between it and the last readable one.
          (!page.full || compareTimestamps(row.created_at, cursor.createdAt) <= 0),
      ),
    )
    return { page, stored }
  }
}

/** Whether a row was written after the cursor's row, as its number says, and is dated before it. */
function provesLag({ rows }: Page, cursorId: string): boolean {
  const index = rows.findIndex(({ id }) => id === cursorId)
  const { seq } = rows[index] ?? {}
  return seq != null && rows.slice(0, index).some((row) => row.seq != null && row.seq > seq)
}
