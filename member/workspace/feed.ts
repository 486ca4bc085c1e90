/**
 * Reads the inbox of one workspace into the ledger. The order of the steps keeps the promise: a page and its cursor are
 * stored together before any of it is delivered, and the cursor is always a row that was stored, or one known to
 * precede it.
 */
import { Elapsed } from '../../base/elapsed.ts'
import { patiently } from '../../base/patience.ts'
import { inTurns } from '../../base/turns.ts'
import {
  type ActivityRow,
  fetchPage,
  MAX_WINDOW_SECS,
  type Page,
  type PageBounds,
} from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import type { Cursor } from '../ledger/ledger.ts'
import { AckedBefore } from './acked-before.ts'
import { toEntry } from './feed-entry.ts'
import { FeedOverlap } from './feed-overlap.ts'
import { FeedPace, type Step } from './feed-pace.ts'
import { floorOf, highestSeq, isAfterFloor, position, secsSince } from './feed-page.ts'
import { releaseUploads } from './late-uploads.ts'
import { Remarks } from './remarks.ts'
import { type WindowQuestion, WindowSearch } from './window-search.ts'
import type { Workspace } from './workspace.ts'

export interface FeedOptions {
  /** Resolves once there is room for more waiting messages, or the signal aborts. Default: there always is. */
  readonly capacity?: () => Promise<void>
  /** Where reading begins if no session has decided it, in milliseconds since the epoch. Default: now. */
  readonly since?: number
  readonly bounds?: PageBounds
}

/** Rows requested per page. */
const PAGE_LIMIT = 100
/** The most rows a platform returns per page. */
const MAX_LIMIT = 500
/** Rows requested to find the newest: several, since some may be unreadable. */
const TOP_LIMIT = 20
/** An idle feed need not write to the disk on every look. */
const TOUCH_EVERY_MS = 20_000
/** A platform counts the seconds of a window back from its own clock, which may have been set since the last look. */
const MAX_CLOCK_JUMP_SECS = 24 * 60 * 60
/** Two looks are no further apart than this while the platform answers. */
const MAX_LOOK_GAP_MS = 60_000
/** A window that begins later than this by itself is asked for again. */
const MAX_LATE_SECS = 5
/** A slow network gets the window it gets. */
const WINDOW_TRIES = 3

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
  readonly #overlap: FeedOverlap
  readonly #acked: AckedBefore
  readonly pace: FeedPace
  readonly #sinceStart: Elapsed
  #touchedAt = 0
  #forgottenLogged = false
  #limit = PAGE_LIMIT
  /** What is known of a window while its oldest page is searched: a failure keeps it. */
  #search: { readonly top: Page; readonly window: WindowSearch } | undefined

  constructor(workspace: Workspace, { capacity, since, bounds }: FeedOptions = {}) {
    this.#workspace = workspace
    this.#capacity = capacity ?? (() => Promise.resolve())
    this.#bounds = bounds
    this.#startedAt = since ?? this.#now()
    this.#sinceStart = new Elapsed(workspace.clock.now, this.#startedAt, MAX_LOOK_GAP_MS)
    this.#remarks = new Remarks(workspace.warn)
    this.#acked = new AckedBefore(workspace, this.#startedAt)
    this.pace = new FeedPace(workspace)
    this.#overlap = new FeedOverlap({
      now: workspace.clock.now,
      cursor: () => this.#cursor(),
      room: () => this.#room(),
      page: async (question) => {
        await this.pace.turn()
        return this.#page(question)
      },
      store: (rows) => this.#store(rows, undefined),
    })
  }

  /** Reads everything available. Returns the number of new messages; `announced`: the last look did not find one. */
  async look(announced = false): Promise<number> {
    this.#overlap.begin(this.#startedAt)
    const found = await this.#drain()
    const released = releaseUploads(this.#workspace)
    // A session that only observes stores messages, too.
    if (found === 0 && this.#workspace.ledger.waiting() > 0) this.#workspace.events.emit('stored')
    return found + released + (await this.#overlap.read(found, announced))
  }

  async #drain(): Promise<number> {
    let found = 0
    for (let forgotten = 0; ; ) {
      await this.#room()
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
      await this.pace.pause(step)
      if (!step.more) return found
      await this.pace.turn()
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
    this.#search = undefined
    if (page.newestId === undefined || page.newestId === sinceId) {
      await this.#touch(cursor)
      return { stored: 0, more: false }
    }
    const stored = await this.#store(page.rows, { ...cursor, ...position(page, cursor) })
    return { stored, more: page.full }
  }

  /**
   * Finds where to begin: at the very first start, as long as the feed has been empty, and after the platform forgot
   * the cursor. Pages come newest first here, so it searches for the oldest page of the window, stores only that one, and
   * continues forwards from there: however much waits, the oldest comes first, one page is in memory, and the cursor keeps
   * the place.
   */
  async #seek(old: Cursor | undefined): Promise<Step> {
    const isFirst = old === undefined
    // Until the whole window is read, a cursor that is forgotten again must lead back to its beginning.
    const checkedAt = old?.checkedAt ?? this.#startedAt - this.#workspace.config.pollWindowSecs * 1000
    // Requested first: a row that arrives between the two requests must come after this one.
    const top = this.#search?.top ?? (await this.#page({ limit: TOP_LIMIT }))
    const newest = top.rows.at(-1)
    if (newest === undefined) {
      // Empty, not merely unreadable: only then is everything that comes later new.
      if (isFirst && top.unusable === 0) {
        const none = { activityId: null, createdAt: '', floor: '', floorSeq: null, checkedAt }
        await this.#store([], none, { isFirst })
      }
      return { stored: 0, more: false }
    }
    const floorSeq = isFirst ? highestSeq(top) : old.floorSeq
    const page = this.#windowSecs(old) === 0 ? undefined : await this.#oldestPage(old, top)
    const oldest = page?.rows[0]
    if (page?.newestId === undefined || oldest === undefined) {
      // Nothing in the window: every existing row predates this membership and is skipped.
      const cursor = { activityId: newest.id, createdAt: newest.created_at, checkedAt }
      const skipBecause = isFirst ? 'arrived before the first start' : null
      // All of the top page: otherwise, rows with the same timestamp as the newest would be taken for late ones.
      const stored = await this.#store(
        top.rows,
        { ...cursor, floor: old?.floor ?? floorOf(newest, floorSeq, this.#now()), floorSeq },
        { isFirst, skipBecause },
      )
      return { stored, more: true }
    }
    const start = {
      activityId: null,
      createdAt: '',
      floor: old?.floor ?? floorOf(oldest, floorSeq, this.#now()),
      floorSeq,
      checkedAt,
    }
    const stored = await this.#store(page.rows, { ...start, ...position(page, start) }, { isFirst })
    return { stored, more: true }
  }

  /** Seconds to look back; undefined for the whole feed. */
  #windowSecs(old: Cursor | undefined): number | undefined {
    if (old?.activityId === null) return undefined
    const { pollWindowSecs } = this.#workspace.config
    if (old === undefined) {
      // A first look that took long to succeed still begins at the time of the first start.
      const late = this.#sinceStart.ms
      return Math.min(pollWindowSecs + (late < 1000 ? 0 : Math.ceil(late / 1000)), MAX_WINDOW_SECS)
    }
    const secs = secsSince(old.checkedAt, this.#now()) + MAX_CLOCK_JUMP_SECS
    return Math.min(Math.max(secs, pollWindowSecs), MAX_WINDOW_SECS)
  }

  async #oldestPage(old: Cursor | undefined, top: Page): Promise<Page> {
    this.#search ??= { top, window: new WindowSearch({ pageRows: PAGE_LIMIT, maxRows: MAX_LIMIT }) }
    const page = await this.#search.window.oldest(async (question) => {
      await this.pace.turn()
      return this.#windowPage(old, question)
    })
    this.#search = undefined
    return page
  }

  /**
   * A page of the window. The platform counts back from the time at which it reads the request, so one that was under
   * way for long, as while the machine slept, begins too late and is made again.
   */
  async #windowPage(old: Cursor | undefined, question: WindowQuestion): Promise<Page> {
    for (let tries = 1; ; tries++) {
      const sinceSecs = this.#windowSecs(old)
      const page = await this.#page({ ...question, sinceSecs })
      const lateSecs = (this.#windowSecs(old) ?? 0) - (sinceSecs ?? 0)
      if (lateSecs <= MAX_LATE_SECS || tries === WINDOW_TRIES) return page
    }
  }

  async #room(): Promise<void> {
    await this.#capacity()
    this.#workspace.signal.throwIfAborted()
  }

  async #page(question: PageQuestion): Promise<Page> {
    const asked = question.limit ?? this.#limit
    const { client, signal } = this.#workspace
    const time = this.#cursor()?.createdAt || undefined
    const page = await fetchPage(client, { ...question, limit: asked, time, signal, bounds: this.#bounds })
    const came = page.rows.length + page.unusable
    // Rows so large, or a connection so slow, that fewer arrived than requested: the next page starts near that size.
    // Otherwise, a long way takes large pages: fewer requests leave more of the platform's budget to others.
    const next = page.full && came < asked ? came * 2 : this.#limit * 2
    this.#limit = Math.min(page.full ? MAX_LIMIT : PAGE_LIMIT, next)
    this.#remarks.ofPage(page)
    return page
  }

  /** Waits while another process writes to the ledger, and stores nothing once the signal has aborted. */
  async #store(
    rows: readonly ActivityRow[],
    cursor: Cursor | undefined,
    { isFirst = false, skipBecause = null }: { isFirst?: boolean; skipBecause?: string | null } = {},
  ): Promise<number> {
    const { id, config, ledger, events, clock, signal } = this.#workspace
    if (rows.length > 0) await this.#acked.ask()
    const known = cursor ?? this.#cursor()
    const read = await inTurns(
      rows.filter((row) => known === undefined || isAfterFloor(row, known)),
      (row) => ({
        ...toEntry(row, id, config.allowedSenders, skipBecause),
        mayHaveBeenShown: this.#acked.mayHaveShown(row),
      }),
      { clock, signal },
    )
    this.#remarks.ofEntries(read)
    const entries = this.pace.recorded(read)
    if (entries.length === 0 && cursor === undefined) return 0
    const stored = await patiently(
      () => ledger.storePage(entries, cursor, this.#now(), isFirst),
      clock,
      signal,
    )
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

  #cursor(): Cursor | undefined {
    return this.#workspace.ledger.cursor()
  }

  #now(): number {
    return this.#workspace.clock.now()
  }
}
