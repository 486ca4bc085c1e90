/** The messages that the loop guard holds back, until they are written together in one digest. */
import type { Database } from 'bun:sqlite'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'

/** A peer whose messages are held back. */
export interface HeldPeer {
  readonly workspaceId: string
  readonly peerId: string
  readonly count: number
  /** When the first of them arrived, in milliseconds since the epoch. */
  readonly since: number
}

export class HeldMessages {
  readonly #db: Database
  readonly #session: string

  constructor(db: Database, session: string) {
    this.#db = db
    this.#session = session
  }

  /** Everyone of whom something is held. */
  peers(workspaceIds: readonly string[]): readonly HeldPeer[] {
    return this.#db
      .query<HeldPeer, [string]>(
        `SELECT workspace_id AS workspaceId, peer_id AS peerId, count(*) AS count, min(received_at) AS since
         FROM message INDEXED BY message_held WHERE workspace_id IN (SELECT value FROM json_each(?)) AND state = 'held'
         GROUP BY workspace_id, peer_id`,
      )
      .all(JSON.stringify(workspaceIds))
  }

  /** The oldest held messages of a peer. */
  of({ workspaceId, peerId }: HeldPeer, limit: number): readonly StoredMessage[] {
    return this.#db
      .query<StoredMessage, [string, string, number]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_held
         WHERE workspace_id = ? AND peer_id = ? AND state = 'held' ORDER BY ord LIMIT ?`,
      )
      .all(workspaceId, peerId, limit)
  }

  /** Records that a digest of all that is held of a peer is about to be written, and which activity stands for it. */
  markSending({ workspaceId, peerId }: HeldPeer, lead: StoredMessage): void {
    this.#db
      .query(
        `UPDATE message SET state = 'sending', attempts = attempts + 1, session = ?, digest = ?
         WHERE workspace_id = ? AND peer_id = ? AND state = 'held'`,
      )
      .run(this.#session, lead.activityId, workspaceId, peerId)
  }
}
