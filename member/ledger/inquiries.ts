/**
 * What was asked of a person, until the answer is stored. It is asked in one session and looked up by whichever holds
 * the workspace.
 *
 * States: open -> ended, or closing -> ended.
 * - open: whoever holds the workspace looks for an answer.
 * - closing: it was answered in words. The platform is to be told that nobody waits for more.
 * - ended: the last word on it is stored as a message.
 */
import type { Database } from '../../base/sqlite.ts'

export type InquiryState = 'open' | 'closing' | 'ended'

export interface Inquiry {
  readonly workspaceId: string
  /** The platform's id of the request. */
  readonly id: string
  readonly kind: 'task' | 'approval'
  readonly title: string
  readonly choices: readonly string[]
  /** Milliseconds since the epoch. */
  readonly askedAt: number
  readonly state: InquiryState
}

/** A message that the platform itself writes about a request. `messageId`: of the words about it that it announces. */
export interface InquiryNotice {
  readonly ids: readonly string[]
  readonly messageId: string | null
}

type Row = Omit<Inquiry, 'choices'> & { readonly choices: string }

const FIELDS = 'workspace_id AS workspaceId, id, kind, title, choices, asked_at AS askedAt, state'
/** How long an answer is looked for. Messages are kept no longer, so an older one could be told twice. */
const KEEP_MS = 30 * 24 * 60 * 60_000
/** How many may be open in a workspace. */
export const MAX_OPEN_INQUIRIES = 50
/** The reason for not showing the platform's notice of an answer. */
const NOTICE = 'the notice of an answer that is read from the request itself'

export class Inquiries {
  readonly #db: Database
  readonly #workspaceId: string

  constructor(db: Database, workspaceId: string) {
    this.#db = db
    this.#workspaceId = workspaceId
  }

  add({ id, kind, title, choices }: Omit<Inquiry, 'workspaceId' | 'askedAt' | 'state'>, now: number): void {
    this.#db
      .query(
        `INSERT INTO inquiry (workspace_id, id, kind, title, choices, asked_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING`,
      )
      .run(this.#workspaceId, id, kind, title, JSON.stringify(choices), now)
  }

  find(id: string): Inquiry | undefined {
    const row = this.#db
      .query<Row, [string, string]>(`SELECT ${FIELDS} FROM inquiry WHERE workspace_id = ? AND id = ?`)
      .get(this.#workspaceId, id)
    return row === null ? undefined : toInquiry(row)
  }

  /** Those that are not ended, oldest first. */
  unended(now: number): readonly Inquiry[] {
    return this.#db
      .query<Row, [string, number]>(
        `SELECT ${FIELDS} FROM inquiry INDEXED BY inquiry_unended
         WHERE workspace_id = ? AND state <> 'ended' AND asked_at > ? ORDER BY asked_at LIMIT ${MAX_OPEN_INQUIRIES}`,
      )
      .all(this.#workspaceId, now - KEEP_MS)
      .map(toInquiry)
  }

  /** Nobody waits for more words about it. */
  close(id: string): void {
    this.#db
      .query("UPDATE inquiry SET state = 'closing' WHERE workspace_id = ? AND id = ? AND state = 'open'")
      .run(this.#workspaceId, id)
  }

  /** A closing one never opens again, and an ended one stays ended. */
  progress(id: string, state: InquiryState): void {
    this.#db
      .query(
        `UPDATE inquiry SET state = ? WHERE workspace_id = ? AND id = ? AND state <> 'ended' AND NOT (state = 'closing' AND ? = 'open')`,
      )
      .run(state, this.#workspaceId, id, state)
  }

  /**
   * Why a notice is not to be shown: what it announces was read from the request, or will be. Undefined: nobody here has
   * read that, so the notice is all there is.
   */
  skipNotice({ ids, messageId }: InquiryNotice): string | undefined {
    const known = ids.flatMap((id) => this.find(id) ?? [])
    if (known.length === 0) return undefined
    if (messageId === null || known.some(({ state }) => state === 'open')) return NOTICE
    const told = this.#db
      .query('SELECT 1 FROM message WHERE workspace_id = ? AND activity_id = ?')
      .get(this.#workspaceId, wordsId(messageId))
    return told === null ? undefined : NOTICE
  }
}

/** The activity id under which words about a request are stored. */
export function wordsId(messageId: string): string {
  return `request-words-${messageId}`
}

/** Deletes those that nobody looks for any longer. */
export function deleteOldInquiries(db: Database, workspaceId: string, now: number): void {
  db.query('DELETE FROM inquiry WHERE workspace_id = ? AND asked_at < ?').run(workspaceId, now - KEEP_MS)
}

function toInquiry(row: Row): Inquiry {
  return { ...row, choices: JSON.parse(row.choices) }
}
