/**
 * An answer that reaches us twice: a peer's own message, and the platform's report that quotes it. A report may be cut,
 * and names the task even where the message does not.
 */
import type { Database } from '../../base/sqlite.ts'
import type { Entry } from './ledger-rows.ts'

interface Answer {
  readonly activityId: string
  readonly text: string | null
}

/** A message and the report on it come within this. */
const APART_MS = 10 * 60_000
/** How many of the newest messages of a peer to compare a report with. */
const MAX_COMPARED = 50

export class RepeatedAnswers {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /**
   * The message with which the peer itself gave the answer that the platform now reports.
   *
   * @param taskId of the task that was given to `peerId`.
   * @returns its activity id.
   */
  quotedBy({ activityId }: Pick<Entry, 'activityId'>, workspaceId: string, taskId: string, peerId: string) {
    const said = this.#db
      .query<Answer, [string, string, string, number, number]>(
        `SELECT activity_id AS activityId, ${TEXT} AS text FROM message
         WHERE ord IN (SELECT ord FROM message INDEXED BY message_peer
           WHERE workspace_id = ?1 AND peer_id = ?2 AND state <> 'skipped' ORDER BY ord DESC LIMIT ?5)
         AND coalesce(delegation_id, ?3) = ?3 AND received_at > ?4 ORDER BY ord DESC`,
      )
      .all(workspaceId, peerId, taskId, this.#receivedAt(workspaceId, activityId) - APART_MS, MAX_COMPARED)
    return this.#sameAs(workspaceId, activityId, said)
  }

  /**
   * The platform's report that has shown what the peer itself now says.
   *
   * @returns its activity id.
   */
  reportOf({ activityId }: Pick<Entry, 'activityId'>, workspaceId: string, peerId: string) {
    const reports = this.#db
      .query<Answer, [string, string, number]>(
        `SELECT activity_id AS activityId, ${TEXT} AS text FROM message INDEXED BY message_report
         WHERE workspace_id = ?1 AND received_at > ?3 AND delegation_id IS NOT NULL AND peer_id IS NULL AND state <> 'skipped'
         AND EXISTS (SELECT 1 FROM delegation WHERE delegation.workspace_id = ?1 AND delegation.id = delegation_id
           AND delegation.peer_id = ?2 AND delegation.state = 'completed')`,
      )
      .all(workspaceId, peerId, this.#receivedAt(workspaceId, activityId) - APART_MS)
    return this.#sameAs(workspaceId, activityId, reports)
  }

  #receivedAt(workspaceId: string, activityId: string): number {
    return (
      this.#db
        .query<{ at: number }, [string, string]>(
          'SELECT received_at AS at FROM message WHERE workspace_id = ? AND activity_id = ?',
        )
        .get(workspaceId, activityId)?.at ?? 0
    )
  }

  #sameAs(workspaceId: string, activityId: string, others: readonly Answer[]): string | undefined {
    const own = this.#db
      .query<Pick<Answer, 'text'>, [string, string]>(
        `SELECT ${TEXT} AS text FROM message WHERE workspace_id = ? AND activity_id = ?`,
      )
      .get(workspaceId, activityId)?.text
    return others.find(({ text }) => isSameAnswer(own ?? '', text ?? ''))?.activityId
  }
}

/** A row may be damaged. */
const TEXT = "iif(json_valid(content), json_extract(content, '$.text'), NULL)"

/** Whether one text is the other, or its beginning with a mark that the rest was cut. Line breaks may differ. Pure. */
function isSameAnswer(first: string, second: string): boolean {
  const [short, long] = [first, second]
    .map((text) => text.replace(/\s+/g, ''))
    .sort((a, b) => a.length - b.length)
  if (short === undefined || long === undefined || short === '') return false
  if (short === long) return true
  const beginning = short.replace(/(?:\.\.\.|…)$/, '')
  return beginning !== short && beginning.length >= MIN_BEGINNING && long.startsWith(beginning)
}

/** Platforms cut at 300 bytes. A shorter text that ends in dots is a text. */
const MIN_BEGINNING = 60
