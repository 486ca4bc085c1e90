/**
 * What a new holder does with the messages that earlier sessions may have written: again, within bounds, or never.
 * What this very session wrote is left alone: its host has it, or will.
 */
import type { Database } from '../../base/sqlite.ts'

/** A message whose bytes have left this process is put before the model at most this often. */
export const MAX_ATTEMPTS = 3
/** A message that a crash caught while it was being written has most likely not been seen, and is tried longer. */
export const MAX_UNSURE_ATTEMPTS = 10
/** What was written longer ago is not repeated in a later session. */
export const REDELIVER_WITHIN_MS = 24 * 60 * 60_000
/** What such a session sent so long before its last sign of life was surely put before the model. */
export const PRESUME_AFTER_MS = 60_000
/** How long a message is kept. Rows a platform still holds after that are read again as if new only if its cursor is lost too. */
const KEEP_MS = 30 * 24 * 60 * 60_000

export interface Recovery {
  /** How many are written again. */
  readonly again: number
  /** How many were sent as often as may be, or too long ago, and are only kept. */
  readonly givenUp: number
  /** How many are presumed to have been seen. */
  readonly presumed: number
}

/**
 * Runs inside a transaction of the caller.
 *
 * @param given what this very session has written to its host.
 */
export function recover(
  db: Database,
  workspaceId: string,
  session: string,
  given: readonly number[],
  now: number,
): Recovery {
  // Another session held the workspace meanwhile: it wrote these again, or was about to. This host has them already.
  if (given.length > 0) {
    db.query(
      `UPDATE message SET state = 'sent', session = ?2, sent_at = coalesce(sent_at, received_at)
       WHERE workspace_id = ?1 AND ord IN (SELECT value FROM json_each(?3))
       AND (state IN ('sending', 'sent') AND session <> ?2 OR state IN ('received', 'held') AND attempts > 0)`,
    ).run(workspaceId, session, JSON.stringify(given))
  }
  const oldest = now - REDELIVER_WITHIN_MS
  // A session with the channel and a person, but without one receipt, is one whose hooks are off: there a receipt was
  // never to be expected. The last look at the feed is the last sign of life that every session leaves.
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
  // What may not be written again counts as sent, even if nobody knows whether it was.
  db.query(
    `UPDATE message SET state = 'sent', sent_at = coalesce(sent_at, received_at)
     WHERE workspace_id = $workspaceId AND session <> $session
     AND (state = 'sending' OR state IN ('received', 'held') AND attempts > 0 AND received_at <= $oldest)`,
  ).run({ workspaceId, session, oldest })
  // The age counts from the last look at the feed: by a clock that is set wrong, everything could seem old, and all
  // that the platform still holds would be read as if new.
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
