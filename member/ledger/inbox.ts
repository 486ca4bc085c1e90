/** Queries on the ledger for a person or a model. Read-only. */
import type { Database } from '../../base/sqlite.ts'
import { COLUMNS, MESSAGE_STATES, type MessageState, type StoredMessage } from './ledger-rows.ts'

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
  /** Only what follows this message in the order asked for. */
  readonly after?: StoredMessage | undefined
  readonly limit: number
}

export interface InboxRow extends StoredMessage {
  /** Why it was not for the model, if it was not. */
  readonly reason: string | null
  /** Milliseconds since the epoch. */
  readonly receivedAt: number
}

/** A list ends after so many characters of content, and one row: some messages have fifteen million. */
const MAX_LISTED_CHARS = 8_000_000
/** A list tells no higher number of matches. */
export const MAX_MATCHES = 200
/** The number of messages in a state counts no further. */
export const MAX_COUNTED = 1_000

export class Inbox {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * The messages that match, newest first unless requested otherwise, as far as they fit into memory, and the total number
   * of matches, up to {@link MAX_MATCHES}. The messages of each state, or of the peer, are read in their order, and no
   * further than that: the cost does not follow the history.
   */
  list({ workspaceIds, states, peerId, since, owed, oldestFirst, except, after, limit }: InboxFilter): {
    readonly rows: readonly InboxRow[]
    readonly total: number
  } {
    const order = oldestFirst === true ? 'ASC' : 'DESC'
    // Most messages that were skipped belong to no conversation with a peer, so that index has none of them.
    const isOfPeer = peerId !== undefined && !states.includes('skipped')
    const groups = isOfPeer ? [states] : states.map((state) => [state])
    const next = this.#db.query<{ ord: number }, [Record<string, string | number | null>]>(
      `SELECT ord FROM message ${
        isOfPeer
          ? "INDEXED BY message_peer WHERE workspace_id = $workspaceId AND peer_id = $peerId AND state <> 'skipped' AND state IN (SELECT value FROM json_each($states))"
          : 'INDEXED BY message_state WHERE workspace_id = $workspaceId AND state = $states ->> 0 AND ($peerId IS NULL OR peer_id = $peerId)'
      } AND ord >= $from AND received_at >= $since
       ${after === undefined ? '' : `AND ord ${oldestFirst === true ? '>' : '<'} $after`}
       AND ($owed = 0 OR delegation_id IS NULL AND reason IS NULL OR state IN ('received', 'held', 'sending'))
       ${except === undefined ? '' : 'AND activity_id NOT IN (SELECT value FROM json_each($except))'}
       ORDER BY ord ${order} LIMIT ${MAX_MATCHES}`,
    )
    const values = {
      peerId: peerId?.toLowerCase() ?? null,
      since: since ?? 0,
      owed: owed === true ? 1 : 0,
      ...(except === undefined ? {} : { except: JSON.stringify(except) }),
      ...(after === undefined ? {} : { after: after.ord }),
    }
    const matches = workspaceIds
      .flatMap((workspaceId) => {
        const from = since === undefined ? 0 : this.#firstSince(workspaceId, since)
        return groups.flatMap((group) =>
          next.all({ ...values, workspaceId, from, states: JSON.stringify(group) }),
        )
      })
      .map(({ ord }) => ord)
      .sort((a, b) => (oldestFirst === true ? a - b : b - a))
    const found = this.#db
      .query<InboxRow, [string]>(
        `SELECT ${COLUMNS}, reason, received_at AS receivedAt FROM message
         WHERE ord IN (SELECT value FROM json_each(?)) ORDER BY ord ${order}`,
      )
      .iterate(JSON.stringify(matches.slice(0, limit)))
    const rows: InboxRow[] = []
    let chars = 0
    for (const row of found) {
      rows.push(row)
      chars += row.content.length
      if (chars > MAX_LISTED_CHARS) break
    }
    return { rows, total: Math.min(matches.length, MAX_MATCHES) }
  }

  /** Where reading may begin: older messages were stored before. */
  #firstSince(workspaceId: string, since: number): number {
    const first = this.#db
      .query<{ ord: number }, [string, number]>(
        `SELECT ord FROM message INDEXED BY message_age WHERE workspace_id = ? AND received_at >= ?
         ORDER BY received_at, ord LIMIT 1`,
      )
      .get(workspaceId, since)
    return first?.ord ?? Number.MAX_SAFE_INTEGER
  }

  /** How many messages of a workspace are in each state, up to {@link MAX_COUNTED}. */
  counts(workspaceId: string): Readonly<Partial<Record<MessageState, number>>> {
    const count = this.#db.query<{ n: number }, [string, MessageState]>(
      `SELECT count(*) AS n FROM (SELECT 1 FROM message INDEXED BY message_state
       WHERE workspace_id = ? AND state = ? LIMIT ${MAX_COUNTED})`,
    )
    return Object.fromEntries(
      MESSAGE_STATES.flatMap((state) => {
        const n = count.get(workspaceId, state)?.n ?? 0
        return n === 0 ? [] : [[state, n]]
      }),
    )
  }

  /** How many rows of a workspace were skipped for this reason, up to {@link MAX_COUNTED}. */
  skippedFor(workspaceId: string, reason: string): number {
    const row = this.#db
      .query<{ n: number }, [string, string]>(
        `SELECT count(*) AS n FROM (SELECT 1 FROM message INDEXED BY message_skipped
         WHERE workspace_id = ? AND state = 'skipped' AND reason = ? LIMIT ${MAX_COUNTED})`,
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
