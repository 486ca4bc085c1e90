/** Questions about rows of a feed that no session has received. Read-only. */
import type { Database } from '../../base/sqlite.ts'
import type { Delegations } from './delegations.ts'
import type { Entry } from './ledger-rows.ts'

export class UnreadRows {
  readonly #db: Database
  readonly #workspaceId: string
  readonly #delegations: Delegations

  constructor(db: Database, workspaceId: string, delegations: Delegations) {
    this.#db = db
    this.#workspaceId = workspaceId
    this.#delegations = delegations
  }

  /** Whether a row has been stored after all, for the model or not. */
  isStored(activityId: string): boolean {
    const found = this.#db
      .query('SELECT 1 FROM message WHERE workspace_id = ? AND activity_id = ?')
      .get(this.#workspaceId, activityId)
    return found !== null
  }

  /** Which task of ours a row answers. */
  taskOf(entry: Entry, now: number): string | null {
    return this.#delegations.answeredBy(this.#workspaceId, entry, now) ?? null
  }
}
