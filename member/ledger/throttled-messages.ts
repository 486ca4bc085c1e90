/** The messages of senders that write too fast (state `held`), until they are written together in digests. */
import type { Database } from '../../base/sqlite.ts'
import type { GivenMessages } from './given-messages.ts'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'
import { hasBytesWaiting } from './waiting-messages.ts'

/** A sender whose messages are held back: a peer, or a crowd that the platform does not tell apart. */
export interface ThrottledSender {
  readonly workspaceId: string
  readonly sender: string
  /** When the first of them arrived, in milliseconds since the epoch. */
  readonly since: number
}

/** How many senders to consider at once; the others follow later. */
const MAX_SENDERS = 1_000

export class ThrottledMessages {
  readonly #db: Database
  readonly #given: GivenMessages

  constructor(db: Database, given: GivenMessages) {
    this.#db = db
    this.#given = given
  }

  /** Every sender with held messages. The cost follows the number of senders, not of their messages. */
  senders(workspaceIds: readonly string[]): readonly ThrottledSender[] {
    const next = this.#db.query<ThrottledSender, [string, string]>(
      `SELECT workspace_id AS workspaceId, sender, received_at AS since FROM message INDEXED BY message_held
       WHERE workspace_id = ? AND sender > ? AND state = 'held' ORDER BY sender, ord LIMIT 1`,
    )
    const senders: ThrottledSender[] = []
    for (const workspaceId of workspaceIds) {
      let sender = next.get(workspaceId, '')
      while (sender !== null && senders.length < MAX_SENDERS) {
        senders.push(sender)
        sender = next.get(workspaceId, sender.sender)
      }
    }
    return senders
  }

  /** Whether so much waits in the workspace of this sender that no more of its feed is read: of anybody. */
  stopsReading({ workspaceId }: ThrottledSender): boolean {
    return hasBytesWaiting(this.#db, workspaceId)
  }

  count({ workspaceId, sender }: ThrottledSender): number {
    return (
      this.#db
        .query<{ n: number }, [string, string]>(
          `SELECT count(*) AS n FROM message INDEXED BY message_held
           WHERE workspace_id = ? AND sender = ? AND state = 'held'`,
        )
        .get(workspaceId, sender)?.n ?? 0
    )
  }

  /** The oldest held messages of a sender. */
  of({ workspaceId, sender }: ThrottledSender, limit: number): readonly StoredMessage[] {
    return this.#db
      .query<StoredMessage, [string, string, number]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_held
         WHERE workspace_id = ? AND sender = ? AND state = 'held' ORDER BY ord LIMIT ?`,
      )
      .all(workspaceId, sender, limit)
  }

  /**
   * Records that a digest of these messages is about to be written. What else of their sender is held stays held.
   *
   * @param quoted all that the digest shows; the first of them represents it.
   * @param held as for single messages.
   * @returns false, and records nothing, when one of these is no longer held back as it was read: this process may have
   *   been stopped in between, and another session have written it.
   */
  markSending(quoted: readonly StoredMessage[], held?: () => readonly string[]): boolean {
    const [lead] = quoted
    if (lead === undefined) return false
    const isHeld = this.#db.query<unknown, [number, number]>(
      "SELECT 1 FROM message WHERE ord = ? AND attempts = ? AND state = 'held'",
    )
    const update = this.#db.query(
      "UPDATE message SET state = 'sending', attempts = attempts + 1, session = ?, digest = ? WHERE ord = ?",
    )
    const isBegun = this.#db.transaction(() => {
      if (held?.().includes(lead.workspaceId) === false) return false
      if (quoted.some(({ ord, attempts }) => isHeld.get(ord, attempts) === null)) return false
      for (const { ord } of quoted) update.run(this.#given.session, lead.activityId, ord)
      return true
    })
    if (isBegun) for (const { ord } of quoted) this.#given.add(ord)
    return isBegun
  }
}
