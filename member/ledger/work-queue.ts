/**
 * The messages of one workspace for a program that answers them one at a time. Where a session writes events, such a
 * program works: a message is `sending` from the moment it is handed over until its answer has left, and then
 * `answered`. What a peer sends too fast needs no digest here, so it is taken in its turn.
 */
import type { Database } from '../../base/sqlite.ts'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'

/** The beginning of the reason for skipping a message that could not be answered. */
const SET_ASIDE = 'set aside: '

export class WorkQueue {
  readonly #db: Database
  readonly #session: string
  readonly #workspaceId: string

  constructor(db: Database, session: string, workspaceId: string) {
    this.#db = db
    this.#session = session
    this.#workspaceId = workspaceId
  }

  /** The oldest message that waits. */
  next(): StoredMessage | undefined {
    const received = this.#db
      .query<StoredMessage, [string]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_state
         WHERE workspace_id = ? AND state = 'received' ORDER BY ord LIMIT 1`,
      )
      .get(this.#workspaceId)
    // An uploaded file that waits for its message has no sender.
    const held = this.#db
      .query<StoredMessage, [string]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_state
         WHERE workspace_id = ? AND state = 'held' AND sender IS NOT NULL ORDER BY ord LIMIT 1`,
      )
      .get(this.#workspaceId)
    if (received === null || held === null) return received ?? held ?? undefined
    return received.ord < held.ord ? received : held
  }

  /**
   * Records that work on a message begins. After a crash from here on it may have been answered.
   *
   * @returns false when another process has begun it since it was read.
   */
  begin({ ord, attempts }: StoredMessage): boolean {
    const { changes } = this.#db
      .query(
        `UPDATE message SET state = 'sending', attempts = attempts + 1, session = ?
         WHERE ord = ? AND attempts = ? AND state IN ('received', 'held')`,
      )
      .run(this.#session, ord, attempts)
    return changes > 0
  }

  /** The message is dealt with: its answer has left, or it needs none. */
  finish({ ord }: StoredMessage): void {
    this.#end(ord, 'answered', null)
  }

  /** Nothing could answer the message. It is kept, and `inbox` lists it with the reason among what was skipped. */
  setAside({ ord }: StoredMessage, reason: string): void {
    this.#end(ord, 'skipped', SET_ASIDE + reason)
  }

  /** Work on a message ends before its answer has left: whoever holds the workspace next begins it again. */
  interrupt({ ord }: StoredMessage): void {
    this.#end(ord, 'received', null)
  }

  #end(ord: number, state: 'answered' | 'skipped' | 'received', reason: string | null): void {
    this.#db
      .query("UPDATE message SET state = ?, reason = ? WHERE ord = ? AND state = 'sending' AND session = ?")
      .run(state, reason, ord, this.#session)
  }
}
