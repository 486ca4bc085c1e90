/** The messages that the model was given and has not answered: the work in progress that a heartbeat reports. */
import type { Database } from '../../base/sqlite.ts'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'

export interface OpenMessages {
  readonly count: number
  readonly newest: StoredMessage | undefined
}

/** How long a message that was sent and not answered counts as work in progress. */
const OPEN_MS = 10 * 60_000

/** Those that need an answer and were sent at most ten minutes ago. */
export function openMessages(db: Database, workspaceId: string, now: number): OpenMessages {
  const which = `workspace_id = ? AND state IN ('sending', 'sent', 'confirmed') AND delegation_id IS NULL AND reason IS NULL AND sent_at > ?`
  const since = now - OPEN_MS
  const count = db
    .query<{ n: number }, [string, number]>(
      `SELECT count(*) AS n FROM message INDEXED BY message_open WHERE ${which}`,
    )
    .get(workspaceId, since)
  if (count === null || count.n === 0) return { count: 0, newest: undefined }
  const newest = db
    .query<StoredMessage, [string, number]>(
      `SELECT ${COLUMNS} FROM message INDEXED BY message_open WHERE ${which} ORDER BY sent_at DESC LIMIT 1`,
    )
    .get(workspaceId, since)
  return { count: count.n, newest: newest ?? undefined }
}
