/** What the ledger holds, as a person or a model asks for it. */
import type { Database } from 'bun:sqlite'
import type { MessageState, StoredMessage } from './ledger-rows.ts'

export interface InboxFilter {
  readonly workspaceIds: readonly string[]
  readonly states: readonly MessageState[]
  readonly peerId?: string | undefined
  /** Milliseconds since the epoch; only what was received after it. */
  readonly since?: number | undefined
  readonly limit: number
}

export interface InboxRow extends StoredMessage {
  /** Why it was not for the model, if it was not. */
  readonly reason: string | null
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/** The newest messages that fit, newest first, and how many fit in all. */
export function queryInbox(
  db: Database,
  { workspaceIds, states, peerId, since, limit }: InboxFilter,
): { readonly rows: readonly InboxRow[]; readonly total: number } {
  const values = {
    workspaces: JSON.stringify(workspaceIds),
    states: JSON.stringify(states),
    peerId: peerId ?? null,
    since: since ?? 0,
  }
  const where = `workspace_id IN (SELECT value FROM json_each($workspaces))
    AND state IN (SELECT value FROM json_each($states))
    AND ($peerId IS NULL OR lower(peer_id) = lower($peerId)) AND received_at >= $since`
  const rows = db
    .query<InboxRow, typeof values & { limit: number }>(
      `SELECT ord, workspace_id AS workspaceId, activity_id AS activityId, created_at AS createdAt, peer_id AS peerId,
         content, state, attempts, reason, received_at AS receivedAt
       FROM message WHERE ${where} ORDER BY ord DESC LIMIT $limit`,
    )
    .all({ ...values, limit })
  const total = db
    .query<{ n: number }, typeof values>(`SELECT count(*) AS n FROM message WHERE ${where}`)
    .get(values)
  return { rows, total: total?.n ?? 0 }
}
