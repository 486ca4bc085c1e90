/** Derives from one page of a feed where to continue reading, and what of it is new. Pure. */
import type { ActivityRow, Page } from '../client/activity.ts'
import { compareTimestamps } from '../client/timestamp.ts'
import type { Cursor } from '../ledger/ledger.ts'

/** The cursor after a page; unchanged if the page does not advance it. */
export function position(page: Page, cursor: Cursor): Pick<Cursor, 'activityId' | 'createdAt'> {
  return {
    activityId: page.newestId ?? cursor.activityId,
    createdAt: page.rows.at(-1)?.created_at ?? cursor.createdAt,
  }
}

/**
 * The upper time limit of the next older page. Not the page's oldest time itself, since rows that share it may have
 * been cut off. But where large rows made the page smaller than requested, the next one could be smaller still and hold
 * nothing new: there it is the oldest time, and rows that share it are read on the way forwards.
 *
 * @param asked the number of ordinary rows in a full page.
 */
export function boundary({ rows, unusable, full }: Page, asked: number): string | undefined {
  const oldest = rows[0]?.created_at
  if (oldest === undefined) return undefined
  if (full && rows.length + unusable < asked) return oldest
  return rows.find((row) => compareTimestamps(row.created_at, oldest) > 0)?.created_at
}

export function reachesBack(older: Page, page: Page): boolean {
  const [there, here] = [older.rows[0], page.rows[0]]
  return there !== undefined && here !== undefined && compareTimestamps(there.created_at, here.created_at) < 0
}

/** Also a check of the platform's honesty: it may not know `before_ts`, and answer with its newest rows. */
export function liesBefore({ rows }: Page, beforeTs: string | undefined): boolean {
  const newest = rows.at(-1)
  if (newest === undefined) return false
  return beforeTs === undefined || compareTimestamps(newest.created_at, beforeTs) < 0
}

/**
 * Whether a row is younger than this membership: dated after the floor, or, where rows have numbers, written after all
 * that existed at the first start. A platform whose clock was set back dates new rows before it.
 */
export function isAfterFloor(
  row: ActivityRow,
  { floor, floorSeq }: Pick<Cursor, 'floor' | 'floorSeq'>,
  how?: 'strictly',
): boolean {
  const order = compareTimestamps(row.created_at, floor)
  if (order > 0 || (order === 0 && how === undefined)) return true
  return row.seq != null && floorSeq !== null && row.seq > floorSeq
}

/**
 * Where this membership begins: with this row. Where rows have no numbers, one dated in the future, by a clock that has
 * since been set back, must not hide rows that arrive before then.
 */
export function floorOf({ created_at }: ActivityRow, floorSeq: number | null, now: number): string {
  const present = new Date(now).toISOString()
  return floorSeq === null && compareTimestamps(created_at, present) > 0 ? present : created_at
}

/** The highest number of a page's rows; null where rows have none. */
export function highestSeq({ rows }: Page): number | null {
  const numbers = rows.flatMap(({ seq }) => seq ?? [])
  return numbers.length === 0 ? null : Math.max(...numbers)
}

/** How long after its timestamp a row may become visible and still be found by reading again. */
const MARGIN_MS = 2 * 60_000
/** A time this far in the future was noted by a clock that has since been set back. */
const AHEAD_MS = 60_000

/**
 * Seconds to ask for to see everything since a time of our own clock.
 *
 * @returns Infinity when the clock was set back, so that nothing is known about the time in between.
 */
export function secsSince(then: number, now: number): number {
  return then - now > AHEAD_MS ? Number.POSITIVE_INFINITY : secsBack(then, now)
}

/** As {@link secsSince}, where the time in between is known to be short. */
export function secsBack(then: number, now: number): number {
  return Math.ceil((Math.max(0, now - then) + MARGIN_MS) / 1000)
}
