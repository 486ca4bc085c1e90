/**
 * The message ledger: every message the platform showed us, and its state of delivery. Delivery survives a crash
 * because the record comes before the action: a page is stored, rows and cursor together, before any of it is
 * delivered, and `sending` is recorded before the first byte is written.
 *
 * States: received (or held) -> sending -> sent -> confirmed -> answered, or skipped with a reason.
 * - received: stored, to be written to the host. With attempts > 0 it may have been seen before.
 * - held: stored; its sender writes too fast, so it is to be written with others in one digest. Or an uploaded file
 *   that waits for the message which names it.
 * - sending: about to be written; after a crash it is unknown whether it was.
 * - sent: its bytes have left this process. Whether the model got it is unknown.
 * - presumed: sent to a host that gives no receipts, before a message that the model answered.
 * - confirmed: there is proof that the model was given it.
 * - answered: the model answered it.
 * - skipped: not for the model (an echo of our own words, a failed push attempt, a row from before the start).
 */
import type { Database } from '../../base/sqlite.ts'
import { Delegations, MAX_AWAITED_MS } from './delegations.ts'
import { GivenMessages } from './given-messages.ts'
import { Inbox } from './inbox.ts'
import { COLUMNS, type StoredMessage } from './ledger-rows.ts'
import { PermissionRequests } from './permission-requests.ts'
import { ReceiptNews } from './receipts.ts'
import { SessionEvidence } from './session-evidence.ts'
import { ThrottledMessages } from './throttled-messages.ts'
import { Uploads } from './uploads.ts'
import { WorkQueue } from './work-queue.ts'
import { WorkspaceLedger } from './workspace-ledger.ts'

export type { Cancellation, Cursor, Entry, MessageState, StoredMessage, TaskMark } from './ledger-rows.ts'
export type { Recovery } from './recovery.ts'

/** What is to be written for the workspaces ?1, at the time ?2. */
const READY = `FROM message INDEXED BY message_received
  WHERE workspace_id IN (SELECT value FROM json_each(?1)) AND state = 'received'
  AND (delegation_id IS NULL OR NOT EXISTS (SELECT 1 FROM delegation
    WHERE delegation.workspace_id = message.workspace_id AND delegation.id = delegation_id AND awaited_until > ?2 AND awaited_until <= ?2 + ${MAX_AWAITED_MS}))`
const MAX_COUNTED = 10_000

export class Ledger {
  readonly #db: Database
  readonly #session: string
  readonly #given: GivenMessages
  readonly delegations: Delegations
  readonly throttled: ThrottledMessages
  readonly inbox: Inbox
  readonly evidence: SessionEvidence
  readonly permissions: PermissionRequests
  readonly uploads: Uploads
  readonly #receipts = new ReceiptNews()

  /** @param session identifies the writer: it tells the rows of this session from those of earlier ones. */
  constructor(db: Database, session: string) {
    this.#db = db
    this.#session = session
    this.#given = new GivenMessages(session)
    this.delegations = new Delegations(db, session)
    this.throttled = new ThrottledMessages(db, this.#given)
    this.inbox = new Inbox(db)
    this.evidence = new SessionEvidence(db, this.#given)
    this.permissions = new PermissionRequests(db, session)
    this.uploads = new Uploads(db)
  }

  /** The part of the ledger that belongs to one workspace. */
  of(workspaceId: string): WorkspaceLedger {
    return new WorkspaceLedger(
      this.#db,
      this.#session,
      workspaceId,
      this.delegations,
      this.#given,
      this.uploads,
      this.#receipts,
    )
  }

  /** What a program without a host does with the messages of one workspace. */
  workOf(workspaceId: string): WorkQueue {
    return new WorkQueue(this.#db, this.#session, workspaceId)
  }

  close(): void {
    this.#db.close()
  }

  /**
   * The next messages to write, oldest first, up to `limit` of them and up to about `maxChars` of content. Excludes an
   * answer that a call waits for.
   */
  nextBatch(
    workspaceIds: readonly string[],
    limit: number,
    maxChars: number,
    now: number,
  ): readonly StoredMessage[] {
    const rows = this.#db
      .query<StoredMessage, [string, number, number]>(`SELECT ${COLUMNS} ${READY} ORDER BY ord LIMIT ?3`)
      .iterate(JSON.stringify(workspaceIds), now, limit)
    const batch: StoredMessage[] = []
    let chars = 0
    for (const row of rows) {
      if (batch.length > 0 && chars + row.content.length > maxChars) break
      batch.push(row)
      chars += row.content.length
    }
    return batch
  }

  /** How many messages are to be written, ten thousand at most. Excludes an answer that a call waits for. */
  unread(workspaceIds: readonly string[], now: number): number {
    const row = this.#db
      .query<{ n: number }, [string, number, number]>(
        `SELECT count(*) AS n FROM (SELECT 1 ${READY} LIMIT ?3)`,
      )
      .get(JSON.stringify(workspaceIds), now, MAX_COUNTED)
    return row?.n ?? 0
  }

  /**
   * Records that these messages are about to be written. After a crash from here on, they count as possibly seen.
   *
   * @param held the workspaces that are still held. Asked while no other session can write: the recovery of one that takes
   *   a workspace over then comes later, and finds what was marked.
   * @returns those to write; not one that a call has taken as its result in the meantime, nor one that another session
   *   has started to write since they were read: this process may have been stopped in between.
   */
  markSending(messages: readonly StoredMessage[], held?: () => readonly string[]): readonly StoredMessage[] {
    const update = this.#db.query(
      "UPDATE message SET state = 'sending', attempts = attempts + 1, session = ? WHERE ord = ? AND state = 'received' AND attempts = ?",
    )
    const begun = this.#db.transaction(() => {
      const ours = held?.()
      return messages.filter(
        ({ ord, attempts, workspaceId }) =>
          ours?.includes(workspaceId) !== false && update.run(this.#given.session, ord, attempts).changes > 0,
      )
    })
    for (const { ord } of begun) this.#given.add(ord)
    return begun
  }

  /** Records that the bytes of these messages have left the process. One that is already confirmed or answered stays so. */
  markSent(messages: readonly StoredMessage[], now: number): void {
    const update = this.#db.query(
      "UPDATE message SET state = 'sent', sent_at = ? WHERE ord = ? AND state = 'sending' AND session = ?",
    )
    const digest = this.#db.query(
      `UPDATE message INDEXED BY message_digest SET state = 'sent', sent_at = ?
       WHERE digest = ? AND workspace_id = ? AND state = 'sending' AND session = ?`,
    )
    this.#db.transaction(() => {
      for (const { ord, activityId, workspaceId } of messages) {
        update.run(now, ord, this.#given.session)
        digest.run(now, activityId, workspaceId, this.#given.session)
      }
    })
  }

  /**
   * Of messages about to be written, the bytes never left the process, or the host has dropped them: they wait again, in
   * their old order, as if untouched.
   */
  takeBack(messages: readonly Pick<StoredMessage, 'workspaceId' | 'activityId'>[]): void {
    const back = `SET state = CASE WHEN digest IS NULL THEN 'received' ELSE 'held' END, attempts = attempts - 1, sent_at = NULL
       WHERE state IN ('sending', 'sent') AND session = ? AND`
    const single = this.#db.query<{ ord: number }, [string, string, string]>(
      `UPDATE message ${back} workspace_id = ? AND activity_id = ? RETURNING ord`,
    )
    const digest = this.#db.query<{ ord: number }, [string, string, string]>(
      `UPDATE message INDEXED BY message_digest ${back} workspace_id = ? AND digest = ? RETURNING ord`,
    )
    const session = this.#given.session
    const rows = this.#db.transaction(() =>
      messages.flatMap(({ activityId, workspaceId }) => [
        ...single.all(session, workspaceId, activityId),
        ...digest.all(session, workspaceId, activityId),
      ]),
    )
    for (const { ord } of rows) this.#given.delete(ord)
  }

  markSkipped({ ord }: StoredMessage, reason: string): void {
    this.#db.query("UPDATE message SET state = 'skipped', reason = ? WHERE ord = ?").run(reason, ord)
  }

  /**
   * Records proof that the model was given a message, perhaps by an earlier session. Returns false when no such message
   * waits for it. Two statements,
   * each with its own index: for a single one with OR, the planner would scan the whole history of the workspace.
   */
  markConfirmed(workspaceId: string, activityId: string): boolean {
    const set = `SET state = 'confirmed' WHERE workspace_id = ?
      AND (state IN ('sending', 'sent', 'presumed') OR state IN ('received', 'held') AND attempts > 0) AND`
    const single = this.#db.query(`UPDATE message ${set} activity_id = ?`).run(workspaceId, activityId)
    const digest = this.#db
      .query(`UPDATE message INDEXED BY message_digest ${set} digest = ?`)
      .run(workspaceId, activityId)
    const isNew = single.changes + digest.changes > 0
    if (isNew) this.#receipts.tell()
    return isNew
  }

  /** {@link markConfirmed}, for all of these. */
  markAllConfirmed(messages: readonly Pick<StoredMessage, 'workspaceId' | 'activityId'>[]): void {
    this.#db.transaction(() => {
      for (const { workspaceId, activityId } of messages) this.markConfirmed(workspaceId, activityId)
    })
  }

  /** The host dropped what was written to it, and listens from here on: all of it may be written again. */
  renew(): void {
    this.#given.renew(crypto.randomUUID())
  }

  markAnswered(ord: number): void {
    this.#db.query("UPDATE message SET state = 'answered' WHERE ord = ?").run(ord)
    this.#receipts.tell()
  }

  /** Keeps less of a message than before. */
  replaceContent({ ord }: StoredMessage, content: string): void {
    this.#db.query('UPDATE message SET content = ? WHERE ord = ?').run(content, ord)
  }

  /** The message with this id, in any of the given workspaces. */
  find(activityId: string, workspaceIds: readonly string[]): StoredMessage | undefined {
    return (
      this.#db
        .query<StoredMessage, [string, string]>(
          `SELECT ${COLUMNS} FROM message WHERE activity_id = ? AND workspace_id IN (SELECT value FROM json_each(?))
           AND state <> 'skipped'`,
        )
        .get(activityId, JSON.stringify(workspaceIds)) ?? undefined
    )
  }
}
