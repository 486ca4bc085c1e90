/** What the platform is still to be told about messages: that the model has seen them, or answered them. */
import type { Database } from '../../base/sqlite.ts'

export interface DueReceipt {
  readonly activityId: string
  /** `answered`: or marked as done. */
  readonly state: 'seen' | 'answered'
}

/** As in `message.reported`. */
const LEVELS = { seen: 1, answered: 2 } as const

/** Passes on that something may be due, within this process. */
export class ReceiptNews {
  readonly #listeners = new Set<() => void>()

  /** Returns what ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(): void {
    for (const listener of this.#listeners) listener()
  }
}

export class Receipts {
  readonly news: ReceiptNews
  readonly #db: Database
  readonly #workspaceId: string

  constructor(db: Database, workspaceId: string, news: ReceiptNews) {
    this.#db = db
    this.#workspaceId = workspaceId
    this.news = news
  }

  /** The oldest that the platform has not taken yet. */
  due(limit: number): readonly DueReceipt[] {
    return this.#db
      .query<DueReceipt, [string, number]>(
        `SELECT activity_id AS activityId, iif(state = 'answered', 'answered', 'seen') AS state
         FROM message INDEXED BY message_unreported
         WHERE workspace_id = ? AND reported < CASE state WHEN 'confirmed' THEN 1 WHEN 'answered' THEN 2 ELSE 0 END
         ORDER BY ord LIMIT ?`,
      )
      .all(this.#workspaceId, limit)
  }

  /** The platform has taken these. */
  markTaken(receipts: readonly DueReceipt[]): void {
    const update = this.#db.query(
      'UPDATE message SET reported = ? WHERE workspace_id = ? AND activity_id = ? AND reported IS NOT NULL',
    )
    this.#db.transaction(() => {
      for (const { activityId, state } of receipts) update.run(LEVELS[state], this.#workspaceId, activityId)
    })
  }
}
