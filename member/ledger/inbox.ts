/** Queries on the ledger for a person or a model. Read-only. */
import type { Database } from '../../base/sqlite.ts'
import { COLUMNS, type MessageState, type StoredMessage } from './ledger-rows.ts'

export interface InboxFilter {
  readonly workspaceIds: readonly string[]
  readonly states: readonly MessageState[]
  readonly peerId?: string | undefined
  /** Milliseconds since the epoch; only messages received after it. */
  readonly since?: number | undefined
  /** Excludes what was shown and needs no reply: answers to our tasks, and cancels. */
  readonly owed?: boolean
  readonly oldestFirst?: boolean | undefined
  /** Excludes the messages with these ids. Their content is not read. */
  readonly except?: readonly string[]
  readonly limit: number
}

export interface InboxRow extends StoredMessage {
  /** Why it was not for the model, if it was not. */
  readonly reason: string | null
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

export class Inbox {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** The messages that match, newest first unless requested otherwise, and the total number of matches. */
  list({ workspaceIds, states, peerId, since, owed, oldestFirst, except, limit }: InboxFilter): {
    readonly rows: readonly InboxRow[]
    readonly total: number
  } {
    const values = {
      workspaces: JSON.stringify(workspaceIds),
      states: JSON.stringify(states),
      peerId: peerId?.toLowerCase() ?? null,
      since: since ?? 0,
      owed: owed === true ? 1 : 0,
      except: JSON.stringify(except ?? []),
    }
    const where = `workspace_id IN (SELECT value FROM json_each($workspaces))
      AND state IN (SELECT value FROM json_each($states))
      AND ($peerId IS NULL OR peer_id = $peerId) AND received_at >= $since
      AND ($owed = 0 OR delegation_id IS NULL AND reason IS NULL OR state IN ('received', 'held', 'sending'))
      AND activity_id NOT IN (SELECT value FROM json_each($except))`
    const order = oldestFirst === true ? 'ASC' : 'DESC'
    const rows = this.#db
      .query<InboxRow, [typeof values & { limit: number }]>(
        `SELECT ${COLUMNS}, reason, received_at AS receivedAt FROM message
         WHERE ord IN (SELECT ord FROM message INDEXED BY message_state WHERE ${where} ORDER BY ord ${order} LIMIT $limit)
         ORDER BY ord ${order}`,
      )
      .all({ ...values, limit })
    const total = this.#db
      .query<{ n: number }, [typeof values]>(
        `SELECT count(*) AS n FROM message INDEXED BY message_state WHERE ${where}`,
      )
      .get(values)
    return { rows, total: total?.n ?? 0 }
  }

  /** How many messages of a workspace are in each state. */
  counts(workspaceId: string): Readonly<Partial<Record<MessageState, number>>> {
    const rows = this.#db
      .query<{ state: MessageState; n: number }, [string]>(
        'SELECT state, count(*) AS n FROM message INDEXED BY message_state WHERE workspace_id = ? GROUP BY state',
      )
      .all(workspaceId)
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
  }

  /** How many rows of a workspace were skipped for this reason. */
  skippedFor(workspaceId: string, reason: string): number {
    const row = this.#db
      .query<{ n: number }, [string, string]>(
        "SELECT count(*) AS n FROM message INDEXED BY message_state WHERE workspace_id = ? AND state = 'skipped' AND reason = ?",
      )
      .get(workspaceId, reason)
    return row?.n ?? 0
  }

  /** Whether a peer has ever written to a workspace. */
  hasWritten(workspaceId: string, peerId: string): boolean {
    const found = this.#db
      .query(
        "SELECT 1 FROM message INDEXED BY message_peer WHERE workspace_id = ? AND peer_id = ? AND state <> 'skipped' LIMIT 1",
      )
      .get(workspaceId, peerId.toLowerCase())
    return found !== null
  }
}
