/** How much waits for the model: beyond some of it, no more of the feed is read. */
import type { Database } from '../../base/sqlite.ts'

/** Reading pauses long before so many wait. */
const MAX_COUNTED = 10_000
/** A message may have fifteen million bytes. */
const MAX_BYTES = 256 * 1024 * 1024
/** The bytes of so many messages are added up. */
const MAX_MEASURED = 500

/**
 * How many messages wait to be written, or are being written. The index is named, here and in other queries, because the
 * planner could choose one that scans the whole history.
 */
export function countWaiting(db: Database, workspaceId: string): number {
  const row = db
    .query<{ n: number }, [string]>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM message INDEXED BY message_state
       WHERE workspace_id = ? AND state IN ('received', 'sending') LIMIT ${MAX_COUNTED})`,
    )
    .get(workspaceId)
  return row?.n ?? 0
}

/** Whether the messages that wait, and those that are held back, are too long to wait for more of them. */
export function hasBytesWaiting(db: Database, workspaceId: string, maxBytes = MAX_BYTES): boolean {
  const row = db
    .query<{ bytes: number | null }, [string]>(
      `SELECT sum(bytes) AS bytes FROM (SELECT octet_length(content) AS bytes FROM message INDEXED BY message_unsent
       WHERE workspace_id = ? AND state IN ('received', 'held', 'sending') LIMIT ${MAX_MEASURED})`,
    )
    .get(workspaceId)
  return (row?.bytes ?? 0) >= maxBytes
}
