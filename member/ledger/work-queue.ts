/**
 * The messages of one workspace for a program that answers them one at a time. Where a session writes events, such a
 * program works: a message is `sending` from the moment it is handed over until its answer has left, and then
 * `answered`. What a peer sends too fast needs no digest here, so it is taken in its turn.
 */
import type { Database } from '../../base/sqlite.ts'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'

/** The beginning of the reason for skipping a message that could not be answered, and what comes after all such. */
const SET_ASIDE = 'set aside: '
const AFTER_SET_ASIDE = 'set aside:!'
/** The number of messages that were set aside counts no further. */
const MAX_COUNTED = 1_000

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

  /**
   * How often the process has ended while it worked on the message, before the work that begins now: what was interrupted
   * in order does not count.
   */
  crashes({ ord, attempts }: StoredMessage): number {
    const row = this.#db
      .query<{ unseen: number }, [number]>('SELECT unseen FROM message WHERE ord = ?')
      .get(ord)
    return attempts - (row?.unseen ?? 0)
  }

  /** Work on the message has come as far as its answer. If the process ends before that has left, no crash is added. */
  settleCrashes({ ord }: StoredMessage, crashes: number): void {
    this.#db
      .query("UPDATE message SET unseen = attempts - ? WHERE ord = ? AND state = 'sending' AND session = ?")
      .run(crashes, ord, this.#session)
  }

  /** The message is dealt with: its answer has left, or it needs none. */
  finish({ ord }: StoredMessage): void {
    this.#end(ord, 'answered', null)
  }

  /** Nothing could answer the message. It is kept, and `inbox` lists it with the reason among what was skipped. */
  setAside({ ord }: StoredMessage, reason: string): void {
    this.#end(ord, 'skipped', SET_ASIDE + reason)
  }

  /** How many messages are set aside, up to a thousand. */
  countSetAside(): number {
    const row = this.#db
      .query<{ n: number }, [string, string, string]>(
        `SELECT count(*) AS n FROM (SELECT 1 FROM message INDEXED BY message_skipped
         WHERE workspace_id = ? AND state = 'skipped' AND reason >= ? AND reason < ? LIMIT ${MAX_COUNTED})`,
      )
      .get(this.#workspaceId, SET_ASIDE, AFTER_SET_ASIDE)
    return row?.n ?? 0
  }

  /** Messages that were set aside wait again, in their old order, with all their tries. Returns how many. */
  retry(): number {
    const { changes } = this.#db
      .query(
        `UPDATE message SET state = 'received', reason = NULL, unseen = attempts
         WHERE workspace_id = ? AND state = 'skipped' AND reason >= ? AND reason < ?`,
      )
      .run(this.#workspaceId, SET_ASIDE, AFTER_SET_ASIDE)
    return changes
  }

  /** Work on a message ends before its answer has left: whoever holds the workspace next begins it again. */
  interrupt({ ord }: StoredMessage): void {
    this.#db
      .query(
        `UPDATE message SET state = 'received', unseen = unseen + 1
         WHERE ord = ? AND state = 'sending' AND session = ?`,
      )
      .run(ord, this.#session)
  }

  #end(ord: number, state: 'answered' | 'skipped', reason: string | null): void {
    this.#db
      .query("UPDATE message SET state = ?, reason = ? WHERE ord = ? AND state = 'sending' AND session = ?")
      .run(state, reason, ord, this.#session)
  }
}
