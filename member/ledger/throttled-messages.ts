/** The messages of peers that write too fast (state `held`), until they are written together in one digest. */
import type { Database } from '../../base/sqlite.ts'
import type { GivenMessages } from './given-messages.ts'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'

/** A peer whose messages are held back. */
export interface ThrottledPeer {
  readonly workspaceId: string
  readonly peerId: string
  /** When the first of them arrived, in milliseconds since the epoch. */
  readonly since: number
}

/** How many peers to consider at once; the others follow later. */
const MAX_PEERS = 1_000

export class ThrottledMessages {
  readonly #db: Database
  readonly #given: GivenMessages

  constructor(db: Database, given: GivenMessages) {
    this.#db = db
    this.#given = given
  }

  /** Every peer with held messages. The cost follows the number of peers, not of their messages. */
  peers(workspaceIds: readonly string[]): readonly ThrottledPeer[] {
    const next = this.#db.query<ThrottledPeer, [string, string]>(
      `SELECT workspace_id AS workspaceId, peer_id AS peerId, received_at AS since FROM message INDEXED BY message_held
       WHERE workspace_id = ? AND peer_id > ? AND state = 'held' ORDER BY peer_id, ord LIMIT 1`,
    )
    const peers: ThrottledPeer[] = []
    for (const workspaceId of workspaceIds) {
      let peer = next.get(workspaceId, '')
      while (peer !== null && peers.length < MAX_PEERS) {
        peers.push(peer)
        peer = next.get(workspaceId, peer.peerId)
      }
    }
    return peers
  }

  count({ workspaceId, peerId }: ThrottledPeer): number {
    return (
      this.#db
        .query<{ n: number }, [string, string]>(
          `SELECT count(*) AS n FROM message INDEXED BY message_held
           WHERE workspace_id = ? AND peer_id = ? AND state = 'held'`,
        )
        .get(workspaceId, peerId)?.n ?? 0
    )
  }

  /** The oldest held messages of a peer. */
  of({ workspaceId, peerId }: ThrottledPeer, limit: number): readonly StoredMessage[] {
    return this.#db
      .query<StoredMessage, [string, string, number]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_held
         WHERE workspace_id = ? AND peer_id = ? AND state = 'held' ORDER BY ord LIMIT ?`,
      )
      .all(workspaceId, peerId, limit)
  }

  /**
   * Records that a digest of these messages is about to be written. What else of their peer is held stays held.
   *
   * @param quoted all that the digest shows; the first of them represents it.
   * @returns false, and records nothing, when one of these is no longer held back as it was read: this process may have
   *   been stopped in between, and another session have written it.
   */
  markSending(quoted: readonly StoredMessage[]): boolean {
    const [lead] = quoted
    if (lead === undefined) return false
    const isHeld = this.#db.query<unknown, [number, number]>(
      "SELECT 1 FROM message WHERE ord = ? AND attempts = ? AND state = 'held'",
    )
    const update = this.#db.query(
      "UPDATE message SET state = 'sending', attempts = attempts + 1, session = ?, digest = ? WHERE ord = ?",
    )
    const isBegun = this.#db.transaction(() => {
      if (quoted.some(({ ord, attempts }) => isHeld.get(ord, attempts) === null)) return false
      for (const { ord } of quoted) update.run(this.#given.session, lead.activityId, ord)
      return true
    })
    if (isBegun) for (const { ord } of quoted) this.#given.add(ord)
    return isBegun
  }
}
