/** Evidence about a session that writes messages: whether its host passes anything to the plugin's prompt hook. */
import type { Database } from '../../base/sqlite.ts'

/**
 * - `prompted`: a prompt was submitted, or the model called a tool: a user is present.
 * - `receipted`: the hook received one of our own events.
 * - `with_channel`: the session was started with the channel, as far as its command line tells.
 */
export type Fact = 'prompted' | 'receipted' | 'with_channel'

export class SessionEvidence {
  readonly #db: Database
  readonly #session: string
  readonly #noted = new Set<Fact>()

  constructor(db: Database, session: string) {
    this.#db = db
    this.#session = session
  }

  /** Records a fact, once. */
  note(fact: Fact, now: number): void {
    if (this.#noted.has(fact)) return
    this.#db
      .query(
        `INSERT INTO session (id, begun_at, ${fact}) VALUES (?, ?, 1) ON CONFLICT (id) DO UPDATE SET ${fact} = 1`,
      )
      .run(this.#session, now)
    this.#noted.add(fact)
  }

  /** How many messages this session sent before a time without any sign that the model got them. */
  unconfirmed(workspaceIds: readonly string[], before: number): number {
    const row = this.#db
      .query<{ n: number }, [string, string, number]>(
        `SELECT count(*) AS n FROM message INDEXED BY message_sent
         WHERE workspace_id IN (SELECT value FROM json_each(?)) AND state = 'sent' AND session = ? AND sent_at < ?`,
      )
      .get(JSON.stringify(workspaceIds), this.#session, before)
    return row?.n ?? 0
  }
}
