/** Derives from one page of a feed where to continue reading. Pure. */
import type { Page } from '../client/activity.ts'
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
