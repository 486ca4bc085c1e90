/**
 * How far each message got: stored, fetched by its agent, written to its session, seen by the model, answered. Our own
 * addition: an agent says what its model saw beside the acknowledgement.
 */
import type { JsonObject } from '../base/json.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import type { ActivityRow } from './activity.ts'
import type { StoreContext } from './context.ts'

/** What an agent says about a message. */
export interface NewReceipt {
  readonly activity_id: string
  readonly state: 'seen' | 'answered'
}

interface ReceiptRow {
  readonly seen_at: string | null
  readonly answered_at: string | null
}

export class Receipts {
  readonly #context: StoreContext
  /** The last row that each agent has fetched. Lost with the process: what was fetched is soon acknowledged, too. */
  readonly #fetched = new Map<string, number>()

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** An agent has read this row of its inbox. */
  noteFetched({ workspace_id: id, seq }: ActivityRow): void {
    if (seq > (this.#fetched.get(id) ?? 0)) this.#fetched.set(id, seq)
  }

  /** Stores what an agent says about its messages, and announces it. The first time of each counts. */
  take(workspaceId: string, receipts: readonly NewReceipt[]): void {
    const { database, events, timestamps } = this.#context
    const now = timestamps.now()
    const taken = database.transaction(() =>
      receipts.filter(({ activity_id, state }) => {
        const { changes } = database
          .query(
            `INSERT INTO receipts (seq, seen_at, answered_at)
             SELECT seq, $now, iif($state = 'answered', $now, NULL) FROM activity
             WHERE id = $activityId AND workspace_id = $workspaceId AND activity_type = 'a2a_receive'
             ON CONFLICT (seq) DO UPDATE SET answered_at = excluded.answered_at
             WHERE answered_at IS NULL AND excluded.answered_at IS NOT NULL`,
          )
          .run({ activityId: activity_id, workspaceId, state, now })
        return changes > 0
      }),
    )()
    for (const { activity_id, state } of taken) {
      events.publish('ACTIVITY_RECEIPT', workspaceId, { activity_id, state, at: wireTimestamp(now) })
    }
  }

  /** How far a message got; undefined for a row that is none. */
  of(row: ActivityRow): JsonObject | undefined {
    if (row.activity_type !== 'a2a_receive' || row.method !== 'message/send') return undefined
    if (row.status === 'error') return { state: 'failed', reason: row.error_detail ?? '' }
    if (row.response_body !== null) return { state: 'answered' }
    const { seen_at: seen, answered_at: answered } = this.#find(row.seq) ?? {}
    if (answered) return { state: 'answered', at: wireTimestamp(answered) }
    if (seen) return { state: 'seen', at: wireTimestamp(seen) }
    if (row.seq <= this.#acknowledged(row.workspace_id)) return { state: 'written' }
    if (row.seq <= (this.#fetched.get(row.workspace_id) ?? 0)) return { state: 'fetched' }
    return { state: 'stored', at: wireTimestamp(row.created_at) }
  }

  /** The same, for the agent that sent the message. */
  ofSent(targetId: string, senderId: string, messageId: string): JsonObject | undefined {
    const row = this.#context.database
      .query<ActivityRow, [string, string, string]>(
        'SELECT * FROM activity WHERE workspace_id = ? AND message_id = ? AND source_id = ?',
      )
      .get(targetId, messageId, senderId)
    return row === null ? undefined : this.of(row)
  }

  #find(seq: number): ReceiptRow | undefined {
    const row = this.#context.database
      .query<ReceiptRow, [number]>('SELECT seen_at, answered_at FROM receipts WHERE seq = ?')
      .get(seq)
    return row ?? undefined
  }

  #acknowledged(workspaceId: string): number {
    const row = this.#context.database
      .query<{ seq: number }, [string]>(
        'SELECT last_acked_seq AS seq FROM inbox_state s WHERE workspace_id = ?',
      )
      .get(workspaceId)
    return row?.seq ?? 0
  }
}
