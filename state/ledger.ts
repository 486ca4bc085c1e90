/**
 * The message ledger: every message the platform showed us, and how far it got. It is what makes delivery survive a
 * crash, so its rule is that the record comes before the deed: a page is stored, rows and cursor together, before
 * anything of it is delivered, and `sending` is recorded before the first byte is written.
 *
 * States: received -> sending -> sent -> confirmed -> answered, or skipped with a reason.
 * - received: stored, to be written to the host. With attempts > 0 it may have been seen before.
 * - sending: about to be written; after a crash nobody knows whether it was.
 * - sent: its bytes have left this process. Whether the model was given them is not known.
 * - confirmed: there is proof that the model was given it.
 * - answered: the model answered it.
 * - skipped: not for the model (an echo of our own words, a failed push attempt, a row from before the start).
 */
import type { Database } from 'bun:sqlite'
import { type InboxFilter, queryInbox } from './inbox-query.ts'
import { openLedgerFile } from './ledger-file.ts'
import type { Cursor, Entry, MessageState, StoredMessage } from './ledger-rows.ts'

export type { Cursor, Entry, MessageState, StoredMessage } from './ledger-rows.ts'

/** A message whose bytes have left this process is put before the model at most this often. */
export const MAX_ATTEMPTS = 3
/** A message that a crash caught while it was being written has most likely not been seen, and is tried longer. */
export const MAX_UNSURE_ATTEMPTS = 10
/** What was written longer ago is not repeated in a later session. */
export const REDELIVER_WITHIN_MS = 24 * 60 * 60_000
/** How long a message is kept. Rows a platform still holds after that are read again as if new only if its cursor is lost too. */
const KEEP_MS = 30 * 24 * 60 * 60_000
/** What was sent and not answered counts as work in hand for so long. */
const OPEN_MS = 10 * 60_000

const COLUMNS =
  'ord, workspace_id AS workspaceId, activity_id AS activityId, created_at AS createdAt, peer_id AS peerId, content, state, attempts'

export class Ledger {
  readonly #db: Database

  /** Names this opening of the file: the rows it wrote are told from those of earlier sessions by it. */
  readonly #session = crypto.randomUUID()

  private constructor(db: Database) {
    this.#db = db
  }

  /** As {@link openLedgerFile}. */
  static open(path: string, onDamage: (sentence: string) => void = () => {}): Ledger {
    return new Ledger(openLedgerFile(path, onDamage))
  }

  close(): void {
    this.#db.close()
  }

  cursor(workspaceId: string): Cursor | undefined {
    return (
      this.#db
        .query<Cursor, [string]>(
          'SELECT activity_id AS activityId, created_at AS createdAt, floor, checked_at AS checkedAt FROM cursor WHERE workspace_id = ?',
        )
        .get(workspaceId) ?? undefined
    )
  }

  /**
   * Stores a page and, if given, the new cursor, in one transaction. Rows that are known already stay as they are.
   *
   * @param now milliseconds since the epoch.
   * @returns how many rows are new and for the model.
   */
  storePage(workspaceId: string, entries: readonly Entry[], cursor: Cursor | undefined, now: number): number {
    const insert = this.#db.query(
      `INSERT INTO message (workspace_id, activity_id, seq, created_at, received_at, state, reason, peer_id, content)
       VALUES ($workspaceId, $activityId, $seq, $createdAt, $now, $state, $reason, $peerId, $content)
       ON CONFLICT (workspace_id, activity_id) DO NOTHING`,
    )
    return this.#write(() => {
      let fresh = 0
      for (const entry of entries) {
        const { changes } = insert.run({
          workspaceId,
          activityId: entry.activityId,
          seq: entry.seq,
          createdAt: entry.createdAt,
          now,
          state: entry.skipped === null ? 'received' : 'skipped',
          reason: entry.skipped,
          peerId: entry.peerId,
          content: entry.content,
        })
        if (changes > 0 && entry.skipped === null) fresh++
      }
      if (cursor !== undefined) this.#saveCursor(workspaceId, cursor)
      return fresh
    })
  }

  /** Notes that the feed was read and held nothing new. */
  touch(workspaceId: string, now: number): void {
    this.#db.query('UPDATE cursor SET checked_at = ? WHERE workspace_id = ?').run(now, workspaceId)
  }

  #saveCursor(workspaceId: string, cursor: Cursor): void {
    this.#db
      .query(
        `INSERT INTO cursor (workspace_id, activity_id, created_at, floor, checked_at)
         VALUES ($workspaceId, $activityId, $createdAt, $floor, $checkedAt)
         ON CONFLICT (workspace_id) DO UPDATE SET activity_id = excluded.activity_id,
           created_at = excluded.created_at, floor = excluded.floor, checked_at = excluded.checked_at`,
      )
      .run({ workspaceId, ...cursor })
  }

  /**
   * How many messages of a workspace wait to be written, or are being written. Here, and where else the index is named,
   * the planner would choose one that leads through all of the history.
   */
  waiting(workspaceId: string): number {
    return this.#count(
      "INDEXED BY message_unsent WHERE workspace_id = ? AND state IN ('received', 'sending')",
      workspaceId,
    )
  }

  /** The next messages to write, oldest first, up to `limit` of them and up to about `maxChars` of content. */
  nextBatch(workspaceIds: readonly string[], limit: number, maxChars: number): readonly StoredMessage[] {
    const rows = this.#db
      .query<StoredMessage, [string, number]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_received
         WHERE workspace_id IN (SELECT value FROM json_each(?)) AND state = 'received' ORDER BY ord LIMIT ?`,
      )
      .iterate(JSON.stringify(workspaceIds), limit)
    const batch: StoredMessage[] = []
    let chars = 0
    for (const row of rows) {
      if (batch.length > 0 && chars + row.content.length > maxChars) break
      batch.push(row)
      chars += row.content.length
    }
    return batch
  }

  /** Records that these are about to be written. From here on a crash leaves them marked as possibly seen. */
  markSending(messages: readonly StoredMessage[]): void {
    const update = this.#db.query(
      "UPDATE message SET state = 'sending', attempts = attempts + 1, session = ? WHERE ord = ? AND state = 'received'",
    )
    this.#write(() => {
      for (const { ord } of messages) update.run(this.#session, ord)
    })
  }

  /** Records that the bytes of these have left the process. What was confirmed or answered meanwhile stays so. */
  markSent(messages: readonly StoredMessage[], now: number): void {
    const update = this.#db.query(
      "UPDATE message SET state = 'sent', sent_at = ? WHERE ord = ? AND state = 'sending' AND session = ?",
    )
    this.#write(() => {
      for (const { ord } of messages) update.run(now, ord, this.#session)
    })
  }

  markSkipped({ ord }: StoredMessage, reason: string): void {
    this.#db.query("UPDATE message SET state = 'skipped', reason = ? WHERE ord = ?").run(reason, ord)
  }

  /** Records proof that the model was given a message. Returns false when no such message waits for it. */
  markConfirmed(workspaceId: string, activityId: string): boolean {
    return (
      this.#db
        .query(
          "UPDATE message SET state = 'confirmed' WHERE workspace_id = ? AND activity_id = ? AND state IN ('sending', 'sent')",
        )
        .run(workspaceId, activityId).changes > 0
    )
  }

  markAnswered(ord: number): void {
    this.#db.query("UPDATE message SET state = 'answered' WHERE ord = ?").run(ord)
  }

  /**
   * Called by a new holder: what an earlier one may have written is written again, within bounds. What this very
   * session wrote is left alone: its host has it, or will.
   *
   * @returns how many are written again, and how many are given up and only kept.
   */
  recover(workspaceId: string, now: number): { readonly again: number; readonly givenUp: number } {
    const written = { workspaceId, session: this.#session, oldest: now - REDELIVER_WITHIN_MS }
    return this.#write(() => {
      this.#db
        .query(
          `UPDATE message SET state = 'received' WHERE workspace_id = $workspaceId AND session <> $session
           AND (state = 'sending' AND attempts < ${MAX_UNSURE_ATTEMPTS} OR state = 'sent' AND attempts < ${MAX_ATTEMPTS})
           AND received_at > $oldest`,
        )
        .run(written)
      // What may not be written again counts as sent, even if nobody knows whether it was.
      this.#db
        .query(
          `UPDATE message SET state = 'sent', sent_at = coalesce(sent_at, received_at)
           WHERE workspace_id = $workspaceId AND session <> $session
           AND (state = 'sending' OR state = 'received' AND attempts > 0 AND received_at <= $oldest)`,
        )
        .run(written)
      this.#db
        .query("DELETE FROM message WHERE workspace_id = ? AND received_at < ? AND state <> 'received'")
        .run(workspaceId, now - KEEP_MS)
      return {
        again: this.#count("WHERE workspace_id = ? AND state = 'received' AND attempts > 0", workspaceId),
        givenUp: this.#count(
          "WHERE workspace_id = ? AND state = 'sent' AND session <> ?",
          workspaceId,
          this.#session,
        ),
      }
    })
  }

  /** The highest `seq` at and below which no message is unsent; undefined when rows have none. */
  ackableSeq(workspaceId: string): number | undefined {
    const row = this.#db
      .query<{ seq: number | null }, { workspaceId: string }>(
        `SELECT max(seq) AS seq FROM message WHERE workspace_id = $workspaceId AND seq < coalesce(
           (SELECT min(seq) FROM message INDEXED BY message_unsent
            WHERE workspace_id = $workspaceId AND state IN ('received', 'sending')),
           9223372036854775807)`,
      )
      .get({ workspaceId })
    return row?.seq ?? undefined
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

  /** Messages given to the model and not answered, not older than ten minutes, newest first. */
  open(workspaceId: string, now: number): readonly StoredMessage[] {
    return this.#db
      .query<StoredMessage, [string, number]>(
        `SELECT ${COLUMNS} FROM message WHERE workspace_id = ? AND state IN ('sending', 'sent', 'confirmed')
         AND sent_at > ? ORDER BY sent_at DESC LIMIT 100`,
      )
      .all(workspaceId, now - OPEN_MS)
  }

  /** What arrived, by state, sender and age. */
  list(filter: InboxFilter): ReturnType<typeof queryInbox> {
    return queryInbox(this.#db, filter)
  }

  /** How many messages of a workspace are in each state. */
  counts(workspaceId: string): Readonly<Partial<Record<MessageState, number>>> {
    const rows = this.#db
      .query<{ state: MessageState; n: number }, [string]>(
        'SELECT state, count(*) AS n FROM message WHERE workspace_id = ? GROUP BY state',
      )
      .all(workspaceId)
    return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
  }

  #count(which: string, ...values: string[]): number {
    return (
      this.#db.query<{ n: number }, string[]>(`SELECT count(*) AS n FROM message ${which}`).get(...values)
        ?.n ?? 0
    )
  }

  /** `immediate`: two sessions that both begin by reading would otherwise fail against each other on the first write. */
  #write<T>(work: () => T): T {
    return this.#db.transaction(work).immediate()
  }
}
