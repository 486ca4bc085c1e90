/** What one page of a feed tells about where to read on. Pure. */
import type { Page } from '../client/activity.ts'
import { compareTimestamps } from '../client/timestamp.ts'
import type { Cursor } from '../ledger/ledger.ts'

/** Where the cursor stands after a page; where it stood, if the page is of no use for it. */
export function position(page: Page, cursor: Cursor): Pick<Cursor, 'activityId' | 'createdAt'> {
  return {
    activityId: page.newestId ?? cursor.activityId,
    createdAt: page.rows.at(-1)?.created_at ?? cursor.createdAt,
  }
}

/**
 * The time before which the next older page is to lie. Not the page's oldest time itself, for rows that share it may
 * have been cut off; but where large rows made the page smaller than was asked for, the next one could be smaller
 * still and hold nothing new: there it is, and what shares the moment is read on the way forwards.
 *
 * @param asked rows that a page of ordinary rows would hold.
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
