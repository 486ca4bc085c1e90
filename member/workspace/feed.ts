/**
 * Reads the inbox of one workspace into the ledger. The order of the steps keeps the promise: a page and its cursor are
 * stored together before any of it is delivered, and the cursor is always a row that was stored, or one known to
 * precede it.
 */

import { patiently } from '../../base/patience.ts'
import {
  type ActivityRow,
  fetchPage,
  MAX_WINDOW_SECS,
  type Page,
  type PageBounds,
} from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import { compareTimestamps } from '../client/timestamp.ts'
import type { Cursor } from '../ledger/ledger.ts'
import { toEntry } from './feed-entry.ts'
import { boundary, liesBefore, position, reachesBack } from './feed-page.ts'
import { releaseUploads } from './late-uploads.ts'
import { Remarks } from './remarks.ts'
import type { Workspace } from './workspace.ts'

export interface FeedOptions {
  /** Resolves once there is room for more waiting messages, or the signal aborts. */
  readonly capacity: () => Promise<void>
  readonly bounds?: PageBounds
}

/** Rows requested per page. */
const PAGE_LIMIT = 100
/** The most rows a platform returns per page. */
const MAX_LIMIT = 500
/** Rows requested to find the newest: several, since some may be unreadable. */
const TOP_LIMIT = 20
/** How often to re-read rows that may have become visible out of order. */
const OVERLAP_EVERY_MS = 5 * 60_000
/** How long after its timestamp a row may become visible and still be found by re-reading the overlap. */
const MARGIN_MS = 2 * 60_000
/** An idle feed need not write to the disk on every look. */
const TOUCH_EVERY_MS = 20_000

interface Step {
  readonly stored: number
  /** There may be more to read at once. */
  readonly more: boolean
}

interface PageQuestion {
  readonly sinceId?: string
  readonly sinceSecs?: number | undefined
  readonly beforeTs?: string | undefined
  readonly limit?: number
}

export class Feed {
  readonly #workspace: Workspace
  readonly #capacity: () => Promise<void>
  readonly #bounds: PageBounds | undefined
  readonly #startedAt: number
  readonly #remarks: Remarks
  /** When the overlap was last re-read; before this session's first time, what the cursor says about the last session. */
  #overlappedAt: number | undefined
  #touchedAt = 0
  #forgottenLogged = false
  #limit = PAGE_LIMIT

  constructor(workspace: Workspace, { capacity, bounds }: FeedOptions) {
    this.#workspace = workspace
    this.#capacity = capacity
    this.#bounds = bounds
    this.#startedAt = this.#now()
    this.#remarks = new Remarks(workspace.warn)
  }

  /** Reads everything available. Returns the number of new messages. */
  async look(): Promise<number> {
    this.#overlappedAt ??= (this.#cursor()?.checkedAt ?? this.#startedAt) - OVERLAP_EVERY_MS
    const found = (await this.#drain()) + releaseUploads(this.#workspace)
    if (Math.abs(this.#now() - this.#overlappedAt) < OVERLAP_EVERY_MS) return found
    return found + (await this.#overlap(this.#overlappedAt))
  }

  async #drain(): Promise<number> {
    let found = 0
    for (let forgotten = 0; ; ) {
      await this.#capacity()
      this.#workspace.signal.throwIfAborted()
      const cursor = this.#cursor()
      let step: Step | undefined
      if (cursor?.activityId != null) {
        step = await this.#readOn(cursor, cursor.activityId)
        // Twice in a row means not a pruned row but a platform in trouble, which must not be asked without a pause.
        if (step === undefined && ++forgotten > 1) {
          throw new PlatformError('retry', 'the platform does not know the rows it has just shown')
        }
      }
      step ??= await this.#seek(cursor)
      found += step.stored
      if (!step.more) return found
    }
  }

  /** The normal case: rows after the cursor. Undefined when the platform no longer knows the cursor's row. */
  async #readOn(cursor: Cursor, sinceId: string): Promise<Step | undefined> {
    let page: Page
    try {
      page = await this.#page({ sinceId })
    } catch (error) {
      if (!(error instanceof PlatformError) || error.status !== 410) throw error
      if (!this.#forgottenLogged) {
        this.#workspace.log('the platform no longer knows the cursor; reading a window of the feed again')
      }
      this.#forgottenLogged = true
      return undefined
    }
    this.#forgottenLogged = false
    if (page.newestId === undefined || page.newestId === sinceId) {
      await this.#touch(cursor)
      return { stored: 0, more: false }
    }
    const stored = await this.#store(page.rows, { ...cursor, ...position(page, cursor) })
    return { stored, more: page.full }
  }

  /**
   * Finds where to begin: at the very first start, as long as the feed has been empty, and after the platform forgot
   * the cursor. Pages come newest first here, so it walks back to the oldest page of the window, stores only that one,
   * and continues forwards from there: however much waits, one page is in memory.
   */
  async #seek(old: Cursor | undefined): Promise<Step> {
    // Until the whole window is read, a cursor that is forgotten again must lead back to its beginning.
    const checkedAt = old?.checkedAt ?? this.#startedAt - this.#workspace.config.pollWindowSecs * 1000
    // Requested first: a row that arrives between the two requests must come after this one.
    const top = await this.#page({ limit: TOP_LIMIT })
    const newest = top.rows.at(-1)
    if (newest === undefined) {
      // Empty, not merely unreadable: only then is everything that comes later new.
      if (old === undefined && top.unusable === 0) {
        await this.#store([], { activityId: null, createdAt: '', floor: '', checkedAt })
      }
      return { stored: 0, more: false }
    }
    const page = this.#windowSecs(old) === 0 ? undefined : await this.#oldestPage(old)
    const oldest = page?.rows[0]
    if (page?.newestId === undefined || oldest === undefined) {
      // Nothing in the window: every existing row predates this membership and is skipped.
      const cursor = { activityId: newest.id, createdAt: newest.created_at, checkedAt }
      const stepOver = old === undefined ? 'arrived before the first start' : null
      // All of the top page: otherwise, rows with the same timestamp as the newest would be taken for late ones.
      const stored = await this.#store(
        top.rows,
        { ...cursor, floor: old?.floor ?? this.#notLater(newest.created_at) },
        stepOver,
      )
      return { stored, more: true }
    }
    const start = {
      activityId: null,
      createdAt: '',
      floor: old?.floor ?? this.#notLater(oldest.created_at),
      checkedAt,
    }
    const stored = await this.#store(page.rows, { ...start, ...position(page, start) })
    return { stored, more: true }
  }

  /** Seconds to look back; undefined for the whole feed. */
  #windowSecs(old: Cursor | undefined): number | undefined {
    if (old?.activityId === null) return undefined
    const { pollWindowSecs } = this.#workspace.config
    if (old === undefined) {
      // A first look that took long to succeed still begins at the time of the first start.
      const late = this.#since(this.#startedAt)
      return Math.min(pollWindowSecs + (late < 1000 ? 0 : Math.ceil(late / 1000)), MAX_WINDOW_SECS)
    }
    return Math.min(Math.max(this.#secsBack(old.checkedAt), pollWindowSecs), MAX_WINDOW_SECS)
  }

  /** Walks back to the oldest page of the window. Each step goes further back, or is the last. */
  async #oldestPage(old: Cursor | undefined): Promise<Page> {
    // Recalculated for each request: the platform counts back from the time of the request.
    const sinceSecs = (): number | undefined => this.#windowSecs(old)
    let page = await this.#page({ sinceSecs: sinceSecs() })
    let beforeTs: string | undefined
    while (page.full) {
      beforeTs = boundary(page, PAGE_LIMIT) ?? beforeTs
      let older = await this.#page({ sinceSecs: sinceSecs(), beforeTs })
      // A page with a single timestamp, or a platform that does not know `before_ts`: request the largest page.
      if (older.full && !reachesBack(older, page)) {
        older = await this.#page({ sinceSecs: sinceSecs(), beforeTs, limit: MAX_LIMIT })
      }
      if (!reachesBack(older, page)) {
        // More rows with the same timestamp help, too, even if they came only because the page was larger.
        return liesBefore(older, beforeTs) || older.rows.length > page.rows.length ? older : page
      }
      page = older
    }
    return page
  }

  /**
   * Re-reads the overlap behind the cursor: a row that was committed late, or on an older platform shares the cursor
   * row's timestamp, lies before the cursor and would never be seen.
   */
  async #overlap(since: number): Promise<number> {
    const startedAt = this.#now()
    let found = 0
    let beforeTs: string | undefined
    for (;;) {
      await this.#capacity()
      this.#workspace.signal.throwIfAborted()
      const cursor = this.#cursor()
      if (cursor?.activityId == null) break
      const sinceSecs = Math.min(this.#secsBack(since), MAX_WINDOW_SECS)
      const page = await this.#page({ sinceSecs, beforeTs, limit: MAX_LIMIT })
      found += await this.#store(
        page.rows.filter(
          ({ created_at }) =>
            // Rows with the floor's own timestamp all existed when it was set: stored, or skipped.
            compareTimestamps(created_at, cursor.floor) > 0 &&
            // Where rows in between may be missing, those after the cursor are left to normal reading. Not always,
            // since the cursor may be at an unreadable row, with late rows between it and the last readable one.
            (!page.full || compareTimestamps(created_at, cursor.createdAt) <= 0),
        ),
        undefined,
      )
      const next = boundary(page, MAX_LIMIT)
      if (!page.full || next === undefined) break
      // A platform that does not know `before_ts` would go on forever.
      if (beforeTs !== undefined && compareTimestamps(next, beforeTs) >= 0) break
      beforeTs = next
    }
    this.#overlappedAt = startedAt
    return found
  }

  async #page(question: PageQuestion): Promise<Page> {
    const asked = question.limit ?? this.#limit
    const { client, signal } = this.#workspace
    const page = await fetchPage(client, { ...question, limit: asked, signal, bounds: this.#bounds })
    const came = page.rows.length + page.unusable
    // Rows so large, or a connection so slow, that fewer arrived than requested: the next page starts near that size.
    this.#limit = page.full && came < asked ? came * 2 : Math.min(PAGE_LIMIT, this.#limit * 2)
    this.#remarks.ofPage(page)
    return page
  }

  /** Waits while another process writes to the ledger, and stores nothing once the signal has aborted. */
  async #store(
    rows: readonly ActivityRow[],
    cursor: Cursor | undefined,
    skipBecause: string | null = null,
  ): Promise<number> {
    const { id, config, ledger, events, clock, signal } = this.#workspace
    const floor = (cursor ?? this.#cursor())?.floor ?? ''
    const entries = rows
      .filter((row) => compareTimestamps(row.created_at, floor) >= 0)
      .map((row) => toEntry(row, id, config.allowedSenders, skipBecause))
    this.#remarks.ofEntries(entries)
    if (entries.length === 0 && cursor === undefined) return 0
    const stored = await patiently(() => ledger.storePage(entries, cursor, this.#now()), clock, signal)
    await ledger.flushing
    if (stored > 0) events.emit('stored')
    return stored
  }

  async #touch(cursor: Cursor): Promise<void> {
    const { ledger, clock, signal } = this.#workspace
    const now = this.#now()
    if (Math.abs(now - Math.max(cursor.checkedAt, this.#touchedAt)) < TOUCH_EVERY_MS) return
    this.#touchedAt = now
    await patiently(() => ledger.touch(now), clock, signal)
  }

  /** A row dated in the future, by a clock that has since been set back, must not hide rows that arrive before then. */
  #notLater(timestamp: string): string {
    const present = new Date(this.#now()).toISOString()
    return compareTimestamps(timestamp, present) > 0 ? present : timestamp
  }

  #cursor(): Cursor | undefined {
    return this.#workspace.ledger.cursor()
  }

  #now(): number {
    return this.#workspace.clock.now()
  }

  #since(then: number): number {
    return Math.max(0, this.#now() - then)
  }

  #secsBack(then: number): number {
    return Math.ceil((this.#since(then) + MARGIN_MS) / 1000)
  }
}
