/** Messages to peers that give no task and whose answers have not been recorded. */
import type { Database } from '../../base/sqlite.ts'
import type { OpenRequest } from './peer-requests.ts'

export interface SentMessage {
  readonly id: string
  readonly peerId: string
  readonly text: string
}

type SentMessageRow = Pick<OpenRequest, 'peerId' | 'task' | 'askedAt'> & { readonly requestId: string }

/** Its beginning, so that the model recognizes it. */
const MAX_TEXT_CHARS = 200
/** How long one is kept if no session looks for its answer. */
const KEEP_MS = 30 * 24 * 60 * 60_000
/** Each round asks about a few. */
const MAX_FOUND = 50

export class SentMessages {
  readonly #db: Database
  readonly #session: string
  readonly #workspaceId: string

  constructor(db: Database, session: string, workspaceId: string) {
    this.#db = db
    this.#session = session
    this.#workspaceId = workspaceId
  }

  /** Records a message that is about to leave, in this session. */
  add({ id, peerId, text }: SentMessage, now: number): void {
    this.#db.transaction(() => {
      this.#db
        .query(
          'INSERT INTO sent_message (workspace_id, id, peer_id, text, sent_at, session) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING',
        )
        .run(this.#workspaceId, id, peerId, text.slice(0, MAX_TEXT_CHARS), now, this.#session)
      this.#db
        .query('DELETE FROM sent_message WHERE workspace_id = ? AND sent_at < ?')
        .run(this.#workspaceId, now - KEEP_MS)
    })
  }

  /**
   * Those whose answers are to be looked for, oldest first.
   *
   * @param trustedSince a request that left this session earlier, in milliseconds since the epoch, may be on a dead connection.
   */
  unattended(trustedSince: number): readonly OpenRequest[] {
    return this.#db
      .query<SentMessageRow, [string, string, number, number]>(
        `SELECT id AS requestId, peer_id AS peerId, text AS task, sent_at AS askedAt
         FROM sent_message INDEXED BY sent_message_age
         WHERE workspace_id = ? AND (session IS NOT ? OR sent_at < ?) ORDER BY sent_at LIMIT ?`,
      )
      .all(this.#workspaceId, this.#session, trustedSince, MAX_FOUND)
      .map((row) => ({ ...row, id: null, requestedAt: null, peerState: null, peerTask: null }))
  }

  /** @param next what to ask the platform about instead; null: nothing more is to be found. */
  settle(id: string, next: string | null): void {
    if (next === null) {
      this.#db.query('DELETE FROM sent_message WHERE workspace_id = ? AND id = ?').run(this.#workspaceId, id)
    } else {
      this.#db
        .query('UPDATE OR REPLACE sent_message SET id = ?, session = NULL WHERE workspace_id = ? AND id = ?')
        .run(next, this.#workspaceId, id)
    }
  }
}
