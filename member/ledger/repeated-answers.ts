/**
 * An answer that reaches us twice: a peer's own message, and the platform's report that quotes it. A report may be cut,
 * and names the task even where the message does not.
 */
import type { Database } from '../../base/sqlite.ts'
import type { Entry } from './ledger-rows.ts'

interface Answer {
  readonly activityId: string
  readonly text: string | null
  /** How many came with it. */
  readonly files: number | null
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
   * Whether the platform now reports what the peer itself has said. If so, that message counts as the answer.
   *
   * @param taskId of the task that was given to `peerId`.
   */
  quotes(
    { activityId }: Pick<Entry, 'activityId'>,
    workspaceId: string,
    taskId: string,
    peerId: string,
  ): boolean {
    const said = this.#db
      .query<Answer, [string, string, string, number, number]>(
        `SELECT activity_id AS activityId, ${SAID} FROM message
         WHERE ord IN (SELECT ord FROM message INDEXED BY message_peer
           WHERE workspace_id = ?1 AND peer_id = ?2 AND state <> 'skipped' ORDER BY ord DESC LIMIT ?5)
         AND coalesce(delegation_id, ?3) = ?3 AND received_at > ?4 ORDER BY ord DESC`,
      )
      .all(workspaceId, peerId, taskId, this.#receivedAt(workspaceId, activityId) - APART_MS, MAX_COMPARED)
    const same = this.#sameAs(workspaceId, activityId, said)
    if (same !== undefined) this.#link(workspaceId, same.activityId, taskId)
    return same !== undefined
  }

  /**
   * Whether a report of the platform has shown what the peer itself now says. It says so once for each report: when it
   * writes the same again, as a short "done", that is new.
   */
  isReported({ activityId }: Pick<Entry, 'activityId'>, workspaceId: string, peerId: string): boolean {
    const reports = this.#db
      .query<Answer & { readonly taskId: string }, [string, string, number]>(
        `SELECT activity_id AS activityId, delegation_id AS taskId, ${SAID}
         FROM message AS report INDEXED BY message_report
         WHERE workspace_id = ?1 AND received_at > ?3 AND delegation_id IS NOT NULL AND peer_id IS NULL AND state <> 'skipped'
         AND EXISTS (SELECT 1 FROM delegation WHERE delegation.workspace_id = ?1 AND delegation.id = delegation_id
           AND delegation.peer_id = ?2 AND delegation.state = 'completed')
         AND NOT EXISTS (SELECT 1 FROM message AS said INDEXED BY message_delegation
           WHERE said.delegation_id = report.delegation_id AND said.workspace_id = ?1 AND said.peer_id = ?2
           AND said.state = 'skipped')`,
      )
      .all(workspaceId, peerId, this.#receivedAt(workspaceId, activityId) - APART_MS)
    const same = this.#sameAs(workspaceId, activityId, reports)
    if (same !== undefined) this.#link(workspaceId, activityId, same.taskId)
    return same !== undefined
  }

  /** Records which task a message answers, so that it does not count as the answer to another. */
  #link(workspaceId: string, activityId: string, taskId: string): void {
    this.#db
      .query('UPDATE message SET delegation_id = ? WHERE workspace_id = ? AND activity_id = ?')
      .run(taskId, workspaceId, activityId)
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

  #sameAs<T extends Answer>(workspaceId: string, activityId: string, others: readonly T[]): T | undefined {
    const own = this.#db
      .query<Omit<Answer, 'activityId'>, [string, string]>(
        `SELECT ${SAID} FROM message WHERE workspace_id = ? AND activity_id = ?`,
      )
      .get(workspaceId, activityId)
    return others.find(
      // A report quotes no files.
      ({ text, files }) => isSameAnswer(own?.text ?? '', text ?? '') && (own?.files ?? 0) <= (files ?? 0),
    )
  }
}

/** A row may be damaged. */
const SAID = `iif(json_valid(content), json_extract(content, '$.text'), NULL) AS text,
  iif(json_valid(content), json_array_length(content, '$.attachments'), NULL) AS files`

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
