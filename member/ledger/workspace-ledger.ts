/** The part of the ledger that belongs to one workspace: the cursor, the rows read, and what is still open. */
import type { Database } from '../../base/sqlite.ts'
import { cancelTask, NO_ANSWER } from './canceled-tasks.ts'
import type { Answer, Delegation, Delegations } from './delegations.ts'
import type { GivenMessages } from './given-messages.ts'
import { Inquiries, type InquiryState } from './inquiries.ts'
import { COLUMNS, type Cursor, type Entry, type StoredMessage } from './ledger-rows.ts'
import { type OpenMessages, openMessages } from './open-messages.ts'
import { PeerRequests, type RequestOutcome } from './peer-requests.ts'
import { askedTool } from './permission-requests.ts'
import { type ReceiptNews, Receipts } from './receipts.ts'
import { deleteOld, RecoverySteps } from './recovery.ts'
import { SenderPace } from './sender-pace.ts'
import type { Uploads } from './uploads.ts'
import { countWaiting, hasBytesWaiting } from './waiting-messages.ts'

/** The reason for skipping a result that already arrived by another route. */
const TOLD_BEFORE = 'a result that was told before'
export class WorkspaceLedger {
  readonly workspaceId: string
  readonly requests: PeerRequests
  readonly inquiries: Inquiries
  readonly receipts: Receipts
  readonly #db: Database
  readonly #delegations: Delegations
  readonly #given: GivenMessages
  readonly #uploads: Uploads
  readonly #pace: SenderPace
  /** The last flush failed. */
  #flushDue = false
  #flushing: Promise<void> | undefined

  constructor(
    db: Database,
    session: string,
    workspaceId: string,
    delegations: Delegations,
    given: GivenMessages,
    uploads: Uploads,
    news: ReceiptNews,
  ) {
    this.#db = db
    this.workspaceId = workspaceId
    this.#delegations = delegations
    this.requests = new PeerRequests(db, session, workspaceId)
    this.inquiries = new Inquiries(db, workspaceId)
    this.receipts = new Receipts(db, workspaceId, news)
    this.#pace = new SenderPace(db, workspaceId, delegations)
    this.#given = given
    this.#uploads = uploads
  }

  cursor(): Cursor | undefined {
    const row = this.#db
      .query<Cursor, [string]>(
        'SELECT activity_id AS activityId, created_at AS createdAt, floor, floor_seq AS floorSeq, checked_at AS checkedAt FROM cursor WHERE workspace_id = ?',
      )
      .get(this.workspaceId)
    return row ?? undefined
  }

  /**
   * Stores a page and, if given, the new cursor, in one transaction. Known rows stay unchanged.
   *
   * @param first the cursor says where reading begins; nothing is stored if another session has said so meanwhile.
   * @returns the number of new rows that are for the model.
   */
  storePage(entries: readonly Entry[], cursor: Cursor | undefined, now: number, first = false): number {
    let isFirst = false
    const fresh = this.#db.transaction(() => {
      isFirst = cursor !== undefined && this.cursor() === undefined
      if (first && !isFirst) return 0
      if (cursor !== undefined) this.#saveCursor(cursor)
      return entries.filter((entry) => this.#store(entry, now)).length
    })
    if (isFirst || this.#flushDue) this.#flush()
    return fresh
  }

  /** Releases uploaded files that no message has named in time. Returns how many are now for the model. */
  releaseUploads(now: number): number {
    return this.#uploads.release(this.workspaceId, now)
  }

  /**
   * Stores what came of a request to a peer, in one transaction.
   *
   * @param isTaken a call tells it, so it becomes no event unless that call's result never leaves.
   * @returns the stored message; undefined when there is none, or it was stored before.
   */
  storeOutcome(outcome: RequestOutcome, isTaken: boolean, now: number): StoredMessage | undefined {
    const { taskId, messageId, progress, entry } = outcome
    return this.#db.transaction(() => {
      const isNew = entry !== undefined && this.#store(entry, now, isTaken)
      if (taskId !== null) this.requests.progress(taskId, progress)
      if (messageId !== null) this.requests.messages.settle(messageId, progress.requestId)
      const stored = isNew ? this.#find(entry.activityId) : undefined
      if (stored !== undefined && isTaken) this.#delegations.take(stored)
      return stored
    })
  }

  /** Stores what was said about an inquiry, in one transaction. Returns the number of messages that are new. */
  storeAnswers(
    id: string,
    { entries, state }: { readonly entries: readonly Entry[]; readonly state: InquiryState },
    now: number,
  ): number {
    return this.#db.transaction(() => {
      this.inquiries.progress(id, state)
      return entries.filter((entry) => this.#store(entry, now)).length
    })
  }

  /** Records that the feed was read and had nothing new. */
  touch(now: number): void {
    this.#db.query('UPDATE cursor SET checked_at = ? WHERE workspace_id = ?').run(now, this.workspaceId)
    if (this.#flushDue) this.#flush()
  }

  /** How many messages wait to be written, or are being written. */
  waiting(): number {
    return countWaiting(this.#db, this.workspaceId)
  }

  /** Whether so much waits for the model that reading should pause: this many messages, or too many bytes. */
  isFull(most: number): boolean {
    return this.waiting() >= most || hasBytesWaiting(this.#db, this.workspaceId)
  }

  /**
   * What was written must reach the disk before anything is done about it; undefined when there is nothing to wait for.
   * Never rejects.
   */
  get flushing(): Promise<void> | undefined {
    return this.#flushing
  }

  /** For a new holder: prepares what an earlier one may have written to be written again, within bounds. */
  recovery(now: number): RecoverySteps {
    // An earlier holder may have died between its first page and the flush.
    this.#flush()
    return new RecoverySteps(this.#db, this.workspaceId, this.#given, now)
  }

  /** Deletes some of what is too old. Returns whether there may be more. */
  deleteOld(now: number): boolean {
    return deleteOld(this.#db, this.workspaceId, now)
  }

  /**
   * The highest `seq` up to which every message has been sent; undefined when rows have none. Not above that of the
   * cursor's row: a platform restored from a backup gives the numbers of rows that it has lost to new ones.
   */
  ackableSeq(): number | undefined {
    const row = this.#db
      .query<{ seq: number | null }, [{ workspaceId: string }]>(
        `SELECT seq FROM message INDEXED BY message_seq WHERE workspace_id = $workspaceId AND seq < coalesce(
           (SELECT min(seq) FROM message INDEXED BY message_unsent
            WHERE workspace_id = $workspaceId AND state IN ('received', 'held', 'sending')),
           9223372036854775807)
         AND seq <= coalesce(
           (SELECT message.seq FROM cursor JOIN message USING (workspace_id, activity_id)
            WHERE workspace_id = $workspaceId),
           9223372036854775807)
         ORDER BY seq DESC LIMIT 1`,
      )
      .get({ workspaceId: this.workspaceId })
    return row?.seq ?? undefined
  }

  /** The messages that wait for the model's answer. */
  open(now: number): OpenMessages {
    return openMessages(this.#db, this.workspaceId, now)
  }

  /** The tool whose use waits for a person's permission; undefined while none does. */
  askedTool(now: number): string | undefined {
    return askedTool(this.#db, this.workspaceId, now)
  }

  /** The open tasks that the platform carries out. */
  watchedTasks(now: number): readonly Delegation[] {
    return this.#delegations.watched(this.workspaceId, now)
  }

  /** The platform has handed a task over; the answer, if any, comes from the peer. */
  handedOver(taskId: string): void {
    this.#delegations.handedOver(this.workspaceId, taskId)
  }

  /**
   * @param isTaken a call tells it, so it is no event to be held back.
   * @returns true when the entry is new and meant for the model.
   */
  #store(entry: Entry, now: number, isTaken = false): boolean {
    const { activityId, seq, createdAt, peerId, crowd = null, given, cancels, content } = entry
    const announced = entry.notice === undefined ? undefined : this.inquiries.skipNotice(entry.notice)
    const skipped = entry.skipped ?? announced ?? null
    const { changes } = this.#db
      .query(
        `INSERT INTO message (workspace_id, activity_id, seq, created_at, received_at, state, attempts, reason, peer_id, crowd, given_task, reported, content)
         VALUES ($workspaceId, $activityId, $seq, $createdAt, $now, $state, $attempts, $reason, $peerId, $crowd, $given, $reported, $content)
         ON CONFLICT (workspace_id, activity_id) DO NOTHING`,
      )
      .run({
        workspaceId: this.workspaceId,
        activityId,
        seq,
        createdAt,
        now,
        state: skipped === null ? 'received' : 'skipped',
        attempts: entry.mayHaveBeenShown === true ? 1 : 0,
        reason: skipped ?? (cancels === undefined ? null : NO_ANSWER),
        peerId,
        crowd,
        given: given ?? null,
        reported: seq === null ? null : 0,
        content,
      })
    if (changes === 0) return false
    if (entry.names !== undefined) this.#uploads.settle(this.workspaceId, entry.names, now)
    if (skipped !== null) return false
    if (entry.upload !== undefined) {
      this.#uploads.hold(this.workspaceId, activityId, entry.upload)
      return false
    }
    if (cancels !== undefined) {
      const ended = cancelTask(this.#db, this.workspaceId, peerId, cancels)
      this.#amend(activityId, 'content = ?', cancels.tell(ended))
    }
    const answer: Answer =
      cancels === undefined ? this.#delegations.match(this.workspaceId, entry, now) : { kind: 'none' }
    if (answer.kind === 'repeated') {
      this.#amend(activityId, "state = 'skipped', reason = ?", TOLD_BEFORE)
      return false
    }
    if (answer.kind === 'answer') this.#amend(activityId, 'delegation_id = ?', answer.id)
    const isExpected = isTaken || (answer.kind === 'answer' && answer.closes)
    if (!isExpected && this.#pace.isTooFast(entry, now)) {
      this.#amend(activityId, 'state = ?', 'held')
    }
    return true
  }

  /**
   * Flushes the log to the disk. If a power cut erased the first cursor, the next session would start over, after
   * messages that this one knew of; losing a later cursor only means reading again. Never throws: the preceding writes
   * are valid without it, and would otherwise be made, and reported, a second time.
   */
  #flush(): void {
    const flushing = this.#db.checkpoint().then(
      () => {
        this.#flushDue = false
      },
      () => {
        // A full disk, most likely. The next look at the feed tries again.
        this.#flushDue = true
      },
    )
    this.#flushing = flushing.then(() => {
      this.#flushing = undefined
    })
  }

  #find(activityId: string): StoredMessage | undefined {
    return (
      this.#db
        .query<StoredMessage, [string, string]>(
          `SELECT ${COLUMNS} FROM message WHERE workspace_id = ? AND activity_id = ?`,
        )
        .get(this.workspaceId, activityId) ?? undefined
    )
  }

  #amend(activityId: string, set: string, value: string): void {
    this.#db
      .query(`UPDATE message SET ${set} WHERE workspace_id = ? AND activity_id = ?`)
      .run(value, this.workspaceId, activityId)
  }

  #saveCursor(cursor: Cursor): void {
    this.#db
      .query(
        `INSERT INTO cursor (workspace_id, activity_id, created_at, floor, floor_seq, checked_at)
         VALUES ($workspaceId, $activityId, $createdAt, $floor, $floorSeq, $checkedAt)
         ON CONFLICT (workspace_id) DO UPDATE SET activity_id = excluded.activity_id,
           created_at = excluded.created_at, floor = excluded.floor, floor_seq = excluded.floor_seq,
           checked_at = excluded.checked_at`,
      )
      .run({ workspaceId: this.workspaceId, ...cursor })
  }
}
