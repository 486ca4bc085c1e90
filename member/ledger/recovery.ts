/**
 * Decides which messages that earlier sessions may have written a new holder writes again, within bounds. What this
 * session itself wrote is left alone: its host has it, or will get it.
 */
import type { Database } from '../../base/sqlite.ts'

/** How often at most a message whose bytes have left the process is written. */
export const MAX_ATTEMPTS = 3
/** A message whose writing a crash interrupted has most likely not been seen, so it gets more attempts. */
export const MAX_UNSURE_ATTEMPTS = 10
/** Messages written longer ago are not repeated in a later session. */
export const REDELIVER_WITHIN_MS = 24 * 60 * 60_000
/** What such a session sent this long before its last sign of life is presumed seen. */
export const PRESUME_AFTER_MS = 60_000
/**
 * How long a message is kept. Rows a platform still has after that are read again as if new only if the cursor is lost,
 * too.
 */
const KEEP_MS = 30 * 24 * 60 * 60_000

export interface Recovery {
  /** How many will be written again. */
  readonly again: number
  /** How many have used up their attempts, or were sent too long ago, and are only kept. */
  readonly givenUp: number
  /** How many are presumed to have been seen. */
  readonly presumed: number
}

/**
 * Runs inside the caller's transaction.
 *
 * @param given what this session itself has written to its host.
 */
export function recover(
  db: Database,
  workspaceId: string,
  session: string,
  given: readonly number[],
  now: number,
): Recovery {
  // Another session held the workspace in between: it wrote these again, or was about to. This host already has them.
  if (given.length > 0) {
    db.query(
      `UPDATE message SET state = 'sent', session = ?2, sent_at = coalesce(sent_at, received_at)
       WHERE workspace_id = ?1 AND ord IN (SELECT value FROM json_each(?3))
       AND (state IN ('sending', 'sent') AND session <> ?2 OR state IN ('received', 'held') AND attempts > 0)`,
    ).run(workspaceId, session, JSON.stringify(given))
  }
  const oldest = now - REDELIVER_WITHIN_MS
  // A session with the channel and a user but without a single receipt has its hooks off, so no receipt could be
  // expected. The last look at the feed is the last sign of life that every session leaves.
  const presumed = db
    .query(
      `UPDATE message SET state = 'presumed' WHERE workspace_id = ? AND session <> ? AND state = 'sent'
       AND sent_at <= (SELECT checked_at FROM cursor WHERE cursor.workspace_id = message.workspace_id) - ${PRESUME_AFTER_MS}
       AND session IN (SELECT id FROM session WHERE prompted = 1 AND receipted = 0 AND with_channel = 1)`,
    )
    .run(workspaceId, session).changes
  db.query(
    `UPDATE message SET state = CASE WHEN digest IS NULL THEN 'received' ELSE 'held' END
     WHERE workspace_id = $workspaceId AND session <> $session
     AND (state = 'sending' AND attempts < ${MAX_UNSURE_ATTEMPTS} OR state = 'sent' AND attempts < ${MAX_ATTEMPTS})
     AND received_at > $oldest`,
  ).run({ workspaceId, session, oldest })
  // A message that may not be written again counts as sent, even if it is unknown whether it was.
  db.query(
    `UPDATE message SET state = 'sent', sent_at = coalesce(sent_at, received_at)
     WHERE workspace_id = $workspaceId AND session <> $session
     AND (state = 'sending' OR state IN ('received', 'held') AND attempts > 0 AND received_at <= $oldest)`,
  ).run({ workspaceId, session, oldest })
  // Age is measured from the last look at the feed: with a wrong clock, everything could seem old, and everything the
  // platform still has would be read as if new.
  db.query(
    `DELETE FROM message WHERE workspace_id = $workspaceId AND state <> 'received'
     AND received_at < min($now, coalesce((SELECT checked_at FROM cursor WHERE workspace_id = $workspaceId), $now)) - ${KEEP_MS}`,
  ).run({ workspaceId, now })
  db.query('DELETE FROM session WHERE begun_at < ?').run(now - KEEP_MS)
  return {
    again: count(db, "state IN ('received', 'held') AND attempts > 0", workspaceId),
    givenUp: count(db, "state = 'sent' AND session <> ?", workspaceId, session),
    presumed,
  }
}

function count(db: Database, which: string, workspaceId: string, ...values: string[]): number {
  return (
    db
      .query<{ n: number }, string[]>(`SELECT count(*) AS n FROM message WHERE workspace_id = ? AND ${which}`)
      .get(workspaceId, ...values)?.n ?? 0
  )
}
