/** One session's open ledger. If its file is damaged or replaced, the session reopens or recreates it. */
import type { Clock } from '../../base/clock.ts'
import { patiently } from '../../base/patience.ts'
import type { Database, Disk } from '../../base/sqlite.ts'
import { identityOf, sizeOf } from '../folder/file-stat.ts'
import type { Holder } from '../folder/holder-record.ts'
import { Ledger } from './ledger.ts'
import { BUDGET_BYTES, CUT, usedBytes } from './ledger-budget.ts'
import { isDamage, LedgerReplaced, type Loss } from './ledger-damage.ts'
import { openWithoutCheck } from './ledger-file.ts'
import { PREPARE } from './ledger-jobs.ts'

/** A new or repaired file takes two attempts. */
const OPEN_TRIES = 4
/** How far the log grows before it is moved into the file. */
const LOG_BYTES = 4 * 1024 * 1024
/** How often that is tried, at first and at most, while a process that reads keeps it from being emptied. */
const TIDY_AFTER_MS = 2_000
const TIDY_AT_MOST_MS = 60_000
/** How often a ledger over its budget is cut. */
const CUT_AFTER_MS = 5 * 60_000

export interface SessionLedgerOptions {
  readonly disk: Disk
  readonly clock: Clock
  /** This process, for others that wait while it opens the ledger. */
  readonly holder: Holder
  /** Called with a sentence when a damaged file was set aside. */
  readonly onDamage: (sentence: string) => void
}

export class SessionLedger {
  readonly #path: string
  readonly #options: SessionLedgerOptions
  /** Outlives the file, so that a new ledger knows what was written to this host. */
  readonly #session = crypto.randomUUID()
  #db: Database | undefined
  #ledger: Ledger | undefined
  #identity = ''
  #loss: Loss | undefined
  #tidying = false
  /** Milliseconds since the epoch. */
  #tidiedAt = 0
  #tidyAfterMs = TIDY_AFTER_MS
  /** Milliseconds since the epoch. */
  #cutAt = 0

  constructor(path: string, options: SessionLedgerOptions) {
    this.#path = path
    this.#options = options
  }

  /** Undefined while it is not open. */
  get current(): Ledger | undefined {
    return this.#ledger
  }

  /**
   * Opens it. What may take long is done as a job.
   *
   * @param signal ends the waiting for other processes.
   * @throws as `openLedgerFile`, or when the file keeps being replaced.
   */
  async open(signal?: AbortSignal): Promise<void> {
    try {
      await this.#open(this.#loss, signal)
    } finally {
      // Opening has dealt with the damage it met. If it failed, what exists then is opened as at a start.
      this.#loss = undefined
    }
  }

  async #open(loss: Loss | undefined, signal: AbortSignal | undefined): Promise<void> {
    const { disk, clock, holder, onDamage } = this.#options
    const lost = loss === undefined ? undefined : { loss, session: this.#session, identity: this.#identity }
    for (let tries = 1; tries <= OPEN_TRIES; tries++) {
      const { identity, sentence } = await disk.doJob(PREPARE, {
        path: this.#path,
        now: clock.now(),
        holder,
        lost,
      })
      if (sentence !== undefined) onDamage(sentence)
      signal?.throwIfAborted()
      const onError = (error: unknown): void => {
        if (isDamage(error)) this.#loss = 'damaged'
      }
      const db = await patiently(
        () => openWithoutCheck(this.#path, { disk, onError, verify: () => this.#verify(identity) }),
        clock,
        signal,
      )
      // Only now is it known which file was opened: one that took its place in the meantime was not prepared.
      if (identityOf(this.#path) === identity) {
        // The first write to an empty log flushes it, so that is done before the ledger is in use.
        await this.#checkpoint(db)
        db.leaveLog()
        this.#identity = identity
        this.#db = db
        this.#ledger = new Ledger(db, this.#session)
        return
      }
      db.close()
    }
    throw new Error('the ledger keeps being replaced by another file')
  }

  /** Whether it has been lost since it was opened: another session may have replaced a damaged file already. */
  loss(): Loss | undefined {
    if (this.#ledger !== undefined && identityOf(this.#path) !== this.#identity) this.#loss = 'replaced'
    return this.#loss
  }

  /** Moves the log into the file if it has grown, and keeps the file within its budget. Called regularly; returns at once and never throws. */
  tidy(): void {
    const now = this.#options.clock.now()
    if (this.#db === undefined || this.#tidying || Math.abs(now - this.#tidiedAt) < this.#tidyAfterMs) return
    if (this.#isOverBudget(this.#db, now)) {
      this.#tidying = true
      this.#cutAt = now
      void this.#cut(now).then(() => {
        this.#tidying = false
      })
      return
    }
    if (sizeOf(`${this.#path}-wal`) < LOG_BYTES) return
    this.#tidying = true
    this.#tidiedAt = now
    void this.#checkpoint(this.#db).then((isEmpty) => {
      this.#tidying = false
      this.#tidyAfterMs = isEmpty ? TIDY_AFTER_MS : Math.min(TIDY_AT_MOST_MS, this.#tidyAfterMs * 2)
    })
  }

  /** What is unread may be more than the budget, and is then left as it is. */
  #isOverBudget(db: Database, now: number): boolean {
    if (Math.abs(now - this.#cutAt) < CUT_AFTER_MS || sizeOf(this.#path) < BUDGET_BYTES) return false
    try {
      return usedBytes(db) > BUDGET_BYTES
    } catch {
      // Whoever uses the ledger next meets the same error, and tells it.
      return false
    }
  }

  /** Never rejects. */
  async #cut(now: number): Promise<void> {
    try {
      await this.#options.disk.doJob(CUT, { path: this.#path, now })
    } catch {
      // A full disk, or a process that writes for long. It is tried again.
    }
  }

  /** Another session may have put a mended file in its place: what was written to this one would be lost. */
  #verify(identity: string): void {
    if (identityOf(this.#path) !== identity) throw new LedgerReplaced()
  }

  close(): void {
    this.#ledger?.close()
    this.#ledger = undefined
    this.#db = undefined
  }

  /** Returns whether the log is empty now. Never rejects. */
  async #checkpoint(db: Database): Promise<boolean> {
    try {
      return await db.checkpoint()
    } catch {
      // A full disk, most likely. The log keeps everything until it can be moved.
      return false
    }
  }
}
