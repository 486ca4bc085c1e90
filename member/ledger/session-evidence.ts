/** Evidence about the host of a session that writes messages: see `showing.ts`. */
import type { Database } from '../../base/sqlite.ts'
import type { GivenMessages } from './given-messages.ts'

/**
 * - `hooked`: a hook reported a prompt, an event of ours, or the end of a turn.
 * - `heard`: it reported an event of ours. Its time counts, so it is noted again.
 */
export type Fact = 'hooked' | 'heard'

/** How exactly it is known when the hook last reported an event: each receipt would cost a write otherwise. */
const HEARD_EVERY_MS = 10_000

export class SessionEvidence {
  readonly #db: Database
  readonly #given: GivenMessages
  /** The session that the facts below were noted for. */
  #session = ''
  readonly #noted = new Map<Fact, number>()

  constructor(db: Database, given: GivenMessages) {
    this.#db = db
    this.#given = given
  }

  /** Records a fact, if it is new. */
  note(fact: Fact, now: number): void {
    const noted = this.#notedAt(fact)
    if (noted !== undefined && (fact !== 'heard' || Math.abs(now - noted) < HEARD_EVERY_MS)) return
    this.#db
      .query(
        `INSERT INTO session (id, begun_at, hooked, heard_at) VALUES ($id, $now, 1, $heardAt)
         ON CONFLICT (id) DO UPDATE SET hooked = 1, heard_at = coalesce($heardAt, heard_at)`,
      )
      .run({ id: this.#given.session, now, heardAt: fact === 'heard' ? now : null })
    this.#noted.set(fact, now)
  }

  /** What was just sent left as the result of a call that reads: its model asked for it. */
  noteRead(now: number): void {
    this.#db
      .query(
        `INSERT INTO session (id, begun_at, heard_at) VALUES ($id, $now, $now)
         ON CONFLICT (id) DO UPDATE SET heard_at = excluded.heard_at`,
      )
      .run({ id: this.#given.session, now })
  }

  /** The model answered a message that its host showed. Matters only where no hook reports what is shown. */
  noteAnswered(ord: number, now: number): void {
    if (this.#notedAt('hooked') !== undefined) return
    this.#db
      .query(
        `INSERT INTO session (id, begun_at, answered_ord, answered_sent_at)
         SELECT session, $now, ord, sent_at FROM message WHERE ord = $ord AND session = $id AND sent_at IS NOT NULL
         ON CONFLICT (id) DO UPDATE SET answered_ord = excluded.answered_ord, answered_sent_at = excluded.answered_sent_at
         WHERE excluded.answered_ord > coalesce(answered_ord, 0)`,
      )
      .run({ id: this.#given.session, now, ord })
  }

  /** How many messages this session sent in a time without any sign that the model got them. */
  unconfirmed(workspaceIds: readonly string[], after: number, before: number): number {
    const row = this.#db
      .query<{ n: number }, [string, string, number, number]>(
        `SELECT count(*) AS n FROM message INDEXED BY message_sent
         WHERE workspace_id IN (SELECT value FROM json_each(?)) AND state = 'sent' AND session = ?
         AND sent_at > ? AND sent_at < ?`,
      )
      .get(JSON.stringify(workspaceIds), this.#given.session, after, before)
    return row?.n ?? 0
  }

  #notedAt(fact: Fact): number | undefined {
    if (this.#session !== this.#given.session) {
      this.#session = this.#given.session
      this.#noted.clear()
    }
    return this.#noted.get(fact)
  }
}
