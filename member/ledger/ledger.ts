/**
 * The message ledger: every message the platform showed us, and how far it got. It is what makes delivery survive a
 * crash, so its rule is that the record comes before the deed: a page is stored, rows and cursor together, before
 * anything of it is delivered, and `sending` is recorded before the first byte is written.
 *
 * States: received (or held) -> sending -> sent -> confirmed -> answered, or skipped with a reason.
 * - received: stored, to be written to the host. With attempts > 0 it may have been seen before.
 * - held: stored; its sender writes too fast, so it is to be written with others in one digest.
 * - sending: about to be written; after a crash nobody knows whether it was.
 * - sent: its bytes have left this process. Whether the model was given them is not known.
 * - presumed: sent by a session whose host gives no receipts, well before that session ended.
 * - confirmed: there is proof that the model was given it.
 * - answered: the model answered it.
 * - skipped: not for the model (an echo of our own words, a failed push attempt, a row from before the start).
 */
import type { Database } from 'bun:sqlite'
import { Delegations, MAX_AWAITED_MS } from './delegations.ts'
import { HeldMessages } from './held-messages.ts'
import { Inbox } from './inbox.ts'
import { openLedgerFile } from './ledger-file.ts'
import { COLUMNS, type Cursor, type Entry, type StoredMessage } from './ledger-rows.ts'
import { isOverflow, MAX_EVENTS } from './loop-guard.ts'
import { PermissionRequests } from './permission-requests.ts'
import { type Recovery, recover } from './recovery.ts'
import { SessionEvidence } from './session-evidence.ts'

export type { Cursor, Entry, MessageState, StoredMessage, TaskMark } from './ledger-rows.ts'
export type { Recovery } from './recovery.ts'

/** Why a result is stepped over that came by another way before. */
const TOLD_BEFORE = 'a result that was told before'

export class Ledger {
  readonly #db: Database

  /** Who writes: the rows of this session are told from those of earlier ones by it. */
  readonly #session: string
  readonly delegations: Delegations
  readonly held: HeldMessages
  readonly inbox: Inbox
  readonly evidence: SessionEvidence
  readonly permissions: PermissionRequests

  private constructor(db: Database, session: string) {
    this.#db = db
    this.#session = session
    this.delegations = new Delegations(db, this.#session)
    this.held = new HeldMessages(db, session)
    this.inbox = new Inbox(db)
    this.evidence = new SessionEvidence(db, session)
    this.permissions = new PermissionRequests(db, session)
  }

  /** As {@link openLedgerFile}. Each opening is a session of its own. */
  static open(path: string, onDamage: (sentence: string) => void = () => {}): Ledger {
    return new Ledger(openLedgerFile(path, onDamage), crypto.randomUUID())
  }

  /** The ledger in a file that is open. */
  static of(db: Database, session: string): Ledger {
    return new Ledger(db, session)
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
    const isFirst = cursor !== undefined && this.cursor(workspaceId) === undefined
    const fresh = this.#write(() => {
      let fresh = 0
      for (const entry of entries) if (this.#store(workspaceId, entry, now)) fresh++
      if (cursor !== undefined) this.#saveCursor(workspaceId, cursor)
      return fresh
    })
    // Flushes the log. A power cut that took the first cursor would have the next session begin anew, behind messages
    // that this one knew of; one that rewinds a later cursor only has them read again.
    if (isFirst) this.#db.run('PRAGMA wal_checkpoint(PASSIVE)')
    return fresh
  }

  /** Returns true when the entry is new and for the model. */
  #store(workspaceId: string, entry: Entry, now: number): boolean {
    const { activityId, seq, createdAt, peerId, content, skipped } = entry
    const { changes } = this.#db
      .query(
        `INSERT INTO message (workspace_id, activity_id, seq, created_at, received_at, state, reason, peer_id, content)
         VALUES ($workspaceId, $activityId, $seq, $createdAt, $now, $state, $reason, $peerId, $content)
         ON CONFLICT (workspace_id, activity_id) DO NOTHING`,
      )
      .run({
        workspaceId,
        activityId,
        seq,
        createdAt,
        now,
        state: skipped === null ? 'received' : 'skipped',
        reason: skipped,
        peerId,
        content,
      })
    if (changes === 0 || skipped !== null) return false
    const answer = this.delegations.match(workspaceId, entry, now)
    if (answer.kind === 'repeated') {
      this.#amend(workspaceId, activityId, "state = 'skipped', reason = ?", TOLD_BEFORE)
      return false
    }
    if (answer.kind === 'answer') this.#amend(workspaceId, activityId, 'delegation_id = ?', answer.id)
    const isExpected = answer.kind === 'answer' && answer.closes
    if (!isExpected && peerId !== null && isOverflow(this.#earlier(workspaceId, peerId), createdAt)) {
      this.#amend(workspaceId, activityId, 'state = ?', 'held')
    }
    return true
  }

  #amend(workspaceId: string, activityId: string, set: string, value: string): void {
    this.#db
      .query(`UPDATE message SET ${set} WHERE workspace_id = ? AND activity_id = ?`)
      .run(value, workspaceId, activityId)
  }

  /** When the message of this peer was written that lies {@link MAX_EVENTS} places before the newest. */
  #earlier(workspaceId: string, peerId: string): string | undefined {
    return this.#db
      .query<{ createdAt: string }, [string, string, number]>(
        `SELECT created_at AS createdAt FROM message INDEXED BY message_peer
         WHERE workspace_id = ? AND peer_id = ? AND state <> 'skipped' ORDER BY ord DESC LIMIT 1 OFFSET ?`,
      )
      .get(workspaceId, peerId, MAX_EVENTS)?.createdAt
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
      "INDEXED BY message_unsent WHERE workspace_id = ? AND state IN ('received', 'held', 'sending') AND state <> 'held'",
      workspaceId,
    )
  }

  /**
   * The next messages to write, oldest first, up to `limit` of them and up to about `maxChars` of content. An answer
   * that a call waits for is left to that call.
   */
  nextBatch(
    workspaceIds: readonly string[],
    limit: number,
    maxChars: number,
    now: number = Date.now(),
  ): readonly StoredMessage[] {
    const rows = this.#db
      .query<StoredMessage, [string, number, number]>(
        `SELECT ${COLUMNS} FROM message INDEXED BY message_received
         WHERE workspace_id IN (SELECT value FROM json_each(?1)) AND state = 'received'
         AND (delegation_id IS NULL OR NOT EXISTS (SELECT 1 FROM delegation
           WHERE delegation.workspace_id = message.workspace_id AND delegation.id = delegation_id AND awaited_until > ?2 AND awaited_until <= ?2 + ${MAX_AWAITED_MS}))
         ORDER BY ord LIMIT ?3`,
      )
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

  /**
   * Records that these are about to be written. From here on a crash leaves them marked as possibly seen.
   *
   * @returns those that are to be written: one that was taken meanwhile, as the result of a call, is not.
   */
  markSending(messages: readonly StoredMessage[]): readonly StoredMessage[] {
    const update = this.#db.query(
      "UPDATE message SET state = 'sending', attempts = attempts + 1, session = ? WHERE ord = ? AND state = 'received'",
    )
    return this.#write(() => messages.filter(({ ord }) => update.run(this.#session, ord).changes > 0))
  }

  /** Records that the bytes of these have left the process. What was confirmed or answered meanwhile stays so. */
  markSent(messages: readonly StoredMessage[], now: number): void {
    const update = this.#db.query(
      "UPDATE message SET state = 'sent', sent_at = ? WHERE ord = ? AND state = 'sending' AND session = ?",
    )
    const digest = this.#db.query(
      "UPDATE message SET state = 'sent', sent_at = ? WHERE digest = ? AND workspace_id = ? AND state = 'sending' AND session = ?",
    )
    this.#write(() => {
      for (const { ord, activityId, workspaceId } of messages) {
        update.run(now, ord, this.#session)
        digest.run(now, activityId, workspaceId, this.#session)
      }
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
          `UPDATE message SET state = 'confirmed' WHERE workspace_id = ?1 AND (activity_id = ?2 OR digest = ?2)
           AND state IN ('sending', 'sent', 'presumed')`,
        )
        .run(workspaceId, activityId).changes > 0
    )
  }

  markAnswered(ord: number): void {
    this.#db.query("UPDATE message SET state = 'answered' WHERE ord = ?").run(ord)
  }

  /** Called by a new holder: what an earlier one may have written is written again, within bounds. */
  recover(workspaceId: string, now: number): Recovery {
    return this.#write(() => recover(this.#db, workspaceId, this.#session, now))
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

  /**
   * Does something with this ledger that fails at once where it would have to wait for another process.
   *
   * @throws what `work` throws; code SQLITE_BUSY where it was refused for that reason.
   */
  withoutWaiting(work: () => void): void {
    const patience = this.#db.query<{ timeout: number }, []>('PRAGMA busy_timeout').get()?.timeout ?? 0
    this.#db.run('PRAGMA busy_timeout = 0')
    try {
      work()
    } finally {
      this.#db.run(`PRAGMA busy_timeout = ${patience}`)
    }
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
