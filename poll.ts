/**
 * The inbox of one workspace: fetch a page, hand it on, move the cursor. Polling is the truth; everything else only
 * decides when to look. The order of each step is what keeps the promise: a page and its cursor are stored together
 * before anything of it is delivered, and the cursor is only ever a row that was stored or known to lie before it.
 */
import { type ActivityRow, fetchPage, type Page } from './platform/activity.ts'
import { backoffDelayMs } from './platform/backoff.ts'
import type { PlatformClient } from './platform/client.ts'
import { describeError, PlatformError } from './platform/errors.ts'
import { interpretRow } from './platform/inbound.ts'
import { computeJitteredInterval } from './platform/jitter.ts'
import { compareTimestamps } from './platform/timestamp.ts'
import type { Cursor, Entry, Ledger } from './state/ledger.ts'
import type { Wake } from './wake.ts'

export interface FeedOptions {
  readonly client: PlatformClient
  readonly ledger: Ledger
  readonly pollIntervalMs: number
  /** Seconds before the first start whose messages are still wanted; 0 means from now on. */
  readonly pollWindowSecs: number
  readonly signal: AbortSignal
  /** Ends the wait between two looks. */
  readonly wake: Wake
  /** True while an event stream is open, so that looking can be slower. */
  readonly isLive: () => boolean
  /** New messages were stored. */
  readonly onStored: () => void
  /** A look succeeded. */
  readonly onRead: () => void
  /** A look failed; `dead` says that the platform was asked and means it. */
  readonly onFailure: (error: unknown) => Promise<'passing' | 'dead'>
  /** Resolves once fewer messages wait than may wait, or the signal aborted. */
  readonly capacity: () => Promise<void>
  readonly log: (line: string) => void
  readonly now?: () => number
  readonly random?: () => number
}

/** Rows asked for at once. */
export const PAGE_LIMIT = 100
/** Rows asked for to learn which is the newest: several, since some may not be readable. */
const TOP_LIMIT = 20
/** With an open stream a poll is only the safety net under lost events. */
const LIVE_INTERVAL_MS = 60_000
/** A row may become visible a moment after its event: an empty look after a hint is repeated once. */
const SECOND_LOOK_MS = 120
/** How often, and over how many seconds, rows are read again that could have become visible out of order. */
const OVERLAP_EVERY_MS = 5 * 60_000
const OVERLAP_SECS = 120
/** Added to the window that is re-read when the platform has forgotten the cursor. */
const REREAD_MARGIN_SECS = 120
/** The longest window a platform looks back (30 days). */
const MAX_WINDOW_SECS = 2_592_000
/** An idle feed need not write to the disk at each look. */
const TOUCH_EVERY_MS = 60_000
/** How often a dead workspace is asked for whether it has come back. */
const DEAD_INTERVAL_MS = 5 * 60_000

/** Reads the feed until the signal aborts. Fails alone: no error leaves it. */
export async function runFeed(options: FeedOptions): Promise<void> {
  const { signal, wake } = options
  const now = options.now ?? Date.now
  const feed = new Feed(options)
  let failures = 0
  let failingSince = 0
  while (!signal.aborted) {
    let waitMs: number
    let stored = 0
    try {
      stored = await feed.look()
      if (failures > 0) options.log(`reads its inbox again after ${failures} failed attempts`)
      failures = 0
      options.onRead()
      waitMs = idleInterval(options)
    } catch (error) {
      if (signal.aborted) return
      if (failures === 0) failingSince = now()
      const verdict = await options.onFailure(error)
      if (failures === 0 || failures % 10 === 9) {
        options.log(`cannot read its inbox (attempt ${failures + 1}): ${describeError(error)}`)
      }
      waitMs = failureDelay(error, verdict, failures, now() - failingSince, options.random)
      failures++
    }
    const woken = await wake.wait(waitMs, signal)
    if (woken && stored === 0 && failures === 0 && !signal.aborted) feed.hinted()
  }
}

function idleInterval({ isLive, pollIntervalMs, random }: FeedOptions): number {
  const interval = isLive() ? Math.max(pollIntervalMs, LIVE_INTERVAL_MS) : pollIntervalMs
  return computeJitteredInterval(interval, random === undefined ? {} : { random })
}

/** How long to wait after a failed look, in milliseconds. Pure but for `random`. */
export function failureDelay(
  error: unknown,
  verdict: 'passing' | 'dead',
  failures: number,
  outageMs: number,
  random: () => number = Math.random,
): number {
  if (verdict === 'dead') return computeJitteredInterval(DEAD_INTERVAL_MS, { random })
  if (error instanceof PlatformError) {
    if (error.retryAfterMs !== undefined) return error.retryAfterMs
    // The same request will be refused again: no hurry, but the platform may be mended.
    if (error.kind === 'refused') return backoffDelayMs(failures + 3, outageMs, random)
  }
  return backoffDelayMs(failures, outageMs, random)
}

class Feed {
  readonly #o: FeedOptions
  readonly #workspaceId: string
  readonly #now: () => number
  #overlapAt: number
  #touchedAt = 0
  #hinted = false
  #unusableLogged = false

  constructor(options: FeedOptions) {
    this.#o = options
    this.#workspaceId = options.client.endpoint.workspaceId
    this.#now = options.now ?? Date.now
    this.#overlapAt = this.#now() + OVERLAP_EVERY_MS
  }

  /** The next look answers a hint: if it finds nothing it looks once more. */
  hinted(): void {
    this.#hinted = true
  }

  /** Reads everything that is there. Returns how many messages were new. */
  async look(): Promise<number> {
    const hinted = this.#hinted
    this.#hinted = false
    let found = await this.#drain()
    if (hinted && found === 0) {
      await this.#o.wake.wait(SECOND_LOOK_MS, this.#o.signal)
      found = await this.#drain()
    }
    if (this.#now() >= this.#overlapAt) {
      this.#overlapAt = this.#now() + OVERLAP_EVERY_MS
      found += await this.#overlap()
    }
    return found
  }

  async #drain(): Promise<number> {
    let found = 0
    for (;;) {
      await this.#o.capacity()
      this.#o.signal.throwIfAborted()
      const cursor = this.#o.ledger.cursor(this.#workspaceId)
      const { stored, more } =
        cursor?.activityId == null ? await this.#seek(cursor) : await this.#readOn(cursor, cursor.activityId)
      found += stored
      if (!more) return found
    }
  }

  /** The normal case: rows after the cursor. */
  async #readOn(cursor: Cursor, sinceId: string): Promise<{ stored: number; more: boolean }> {
    let page: Page
    try {
      page = await this.#page({ sinceId })
    } catch (error) {
      if (!(error instanceof PlatformError) || error.status !== 410) throw error
      this.#o.log('the platform has forgotten where reading stopped; a window is read again')
      return this.#seek(cursor)
    }
    if (page.newestId === undefined || page.newestId === sinceId) {
      this.#touch(cursor)
      return { stored: 0, more: false }
    }
    const stored = this.#store(page.rows, { ...cursor, ...position(page, cursor) })
    return { stored, more: page.full }
  }

  /**
   * Finds where to begin: at the very first start, while the feed was empty at the start, and after the platform
   * forgot the cursor. Pages come newest first here, so it walks back to the oldest page of the window, stores that
   * one alone, and reading goes on forwards from there: however much waits, one page is in memory.
   */
  async #seek(old: Cursor | undefined): Promise<{ stored: number; more: boolean }> {
    const now = this.#now()
    const first = old === undefined
    // Asked first: a row that arrives between the two questions must lie after this one.
    const top = await this.#page({ limit: TOP_LIMIT })
    const newest = top.rows.at(-1)
    if (newest === undefined) {
      // Truly empty, not merely unreadable: only then is all that comes later new.
      if (first && top.unusable === 0) {
        this.#store([], { activityId: null, createdAt: '', floor: '', checkedAt: now })
      }
      return { stored: 0, more: false }
    }
    const windowSecs = this.#windowSecs(old, now)
    const page = windowSecs === 0 ? undefined : await this.#oldestPage(windowSecs)
    const oldest = page?.rows[0]
    if (page?.newestId === undefined || oldest === undefined) {
      // Nothing in the window: all that is there was before our time, and is stepped over.
      const cursor = { activityId: newest.id, createdAt: newest.created_at, checkedAt: now }
      const stepOver = first ? 'arrived before the first start' : null
      const stored = this.#store([newest], { ...cursor, floor: old?.floor ?? newest.created_at }, stepOver)
      return { stored, more: true }
    }
    const floor = old?.floor ?? oldest.created_at
    const start: Cursor = { activityId: null, createdAt: '', floor, checkedAt: now }
    const stored = this.#store(page.rows, { ...start, ...position(page, start) })
    return { stored, more: true }
  }

  /** Seconds to look back; undefined for the whole feed. */
  #windowSecs(old: Cursor | undefined, now: number): number | undefined {
    if (old === undefined) return this.#o.pollWindowSecs
    if (old.activityId === null) return undefined
    const sinceChecked = Math.ceil(Math.max(0, now - old.checkedAt) / 1000) + REREAD_MARGIN_SECS
    return Math.min(Math.max(sinceChecked, this.#o.pollWindowSecs), MAX_WINDOW_SECS)
  }

  async #oldestPage(sinceSecs: number | undefined): Promise<Page> {
    let page = await this.#page({ sinceSecs })
    while (page.full) {
      const oldest = page.rows[0]
      if (oldest === undefined) break
      const older = await this.#page({ sinceSecs, beforeTs: oldest.created_at })
      const reached = older.rows[0]
      // Also the way out where a platform ignores `before_ts` and answers the same page for ever.
      if (reached === undefined || compareTimestamps(reached.created_at, oldest.created_at) >= 0) break
      page = older
    }
    return page
  }

  /**
   * Reads the last minutes again: a row that was committed late, or shares its time with the cursor row on an older
   * platform, lies before the cursor and would never be seen. Rows after the cursor are left to the normal way, for
   * the order's sake.
   */
  async #overlap(): Promise<number> {
    const cursor = this.#o.ledger.cursor(this.#workspaceId)
    if (cursor?.activityId == null) return 0
    const page = await this.#page({ sinceSecs: OVERLAP_SECS, limit: 500 })
    const before = page.rows.filter((row) => compareTimestamps(row.created_at, cursor.createdAt) <= 0)
    return this.#store(before, undefined)
  }

  async #page(request: {
    sinceId?: string
    sinceSecs?: number | undefined
    beforeTs?: string
    limit?: number
  }): Promise<Page> {
    const page = await fetchPage(this.#o.client, {
      limit: PAGE_LIMIT,
      signal: this.#o.signal,
      ...request,
    })
    if (page.unusable > 0 && !this.#unusableLogged) {
      this.#unusableLogged = true
      this.#o.log(`steps over ${page.unusable} rows of its feed that cannot be read`)
    }
    return page
  }

  #store(rows: readonly ActivityRow[], cursor: Cursor | undefined, stepOver: string | null = null): number {
    const floor = cursor?.floor ?? this.#o.ledger.cursor(this.#workspaceId)?.floor ?? ''
    const entries = rows
      .filter((row) => compareTimestamps(row.created_at, floor) >= 0)
      .map((row) => toEntry(row, this.#workspaceId, stepOver))
    const stored = this.#o.ledger.storePage(this.#workspaceId, entries, cursor, this.#now())
    if (stored > 0) this.#o.onStored()
    return stored
  }

  #touch(cursor: Cursor): void {
    const now = this.#now()
    if (Math.abs(now - Math.max(cursor.checkedAt, this.#touchedAt)) < TOUCH_EVERY_MS) return
    this.#touchedAt = now
    this.#o.ledger.touch(this.#workspaceId, now)
  }
}

function position(page: Page, cursor: Cursor): Pick<Cursor, 'activityId' | 'createdAt'> {
  return {
    activityId: page.newestId ?? cursor.activityId,
    createdAt: page.rows.at(-1)?.created_at ?? cursor.createdAt,
  }
}

function toEntry(row: ActivityRow, workspaceId: string, stepOver: string | null): Entry {
  const reading = interpretRow(row, workspaceId)
  return {
    activityId: row.id,
    seq: row.seq ?? null,
    createdAt: row.created_at,
    peerId: row.source_id ?? null,
    content: reading.deliver && stepOver === null ? JSON.stringify(reading.message) : '{}',
    skipped: stepOver ?? (reading.deliver ? null : reading.reason),
  }
}
