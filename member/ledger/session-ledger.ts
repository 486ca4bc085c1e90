/** One session's open ledger. If its file is damaged or replaced, the session reopens or recreates it. */
import type { Clock } from '../../base/clock.ts'
import { patiently } from '../../base/patience.ts'
import type { Database, Disk } from '../../base/sqlite.ts'
import { identityOf, sizeOf } from '../folder/file-stat.ts'
import { Ledger } from './ledger.ts'
import { isDamage, type Loss } from './ledger-damage.ts'
import { openWithoutCheck } from './ledger-file.ts'
import { PREPARE } from './ledger-jobs.ts'

/** A new or repaired file takes two attempts. */
const OPEN_TRIES = 4
/** How far the log grows before it is moved into the file, and how much further if it could not be emptied. */
const LOG_BYTES = 4 * 1024 * 1024

export interface SessionLedgerOptions {
  readonly disk: Disk
  readonly clock: Clock
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
  /** The size of the log from which on it is moved into the file. */
  #tidyAt = LOG_BYTES

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
    const { disk, clock, onDamage } = this.#options
    const lost = loss === undefined ? undefined : { loss, session: this.#session, identity: this.#identity }
    for (let tries = 1; tries <= OPEN_TRIES; tries++) {
      const { identity, sentence } = await disk.doJob(PREPARE, { path: this.#path, now: clock.now(), lost })
      if (sentence !== undefined) onDamage(sentence)
      signal?.throwIfAborted()
      const onError = (error: unknown): void => {
        if (isDamage(error)) this.#loss = 'damaged'
      }
      const db = await patiently(() => openWithoutCheck(this.#path, { disk, onError }), clock, signal)
      // Only now is it known which file was opened: one that took its place in the meantime was not prepared.
      if (identityOf(this.#path) === identity) {
        // The first write to an empty log flushes it, so that is done before the ledger is in use.
        await this.#checkpoint(db)
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

  /** Moves the log into the file if it has grown. Called regularly; returns at once and never throws. */
  tidy(): void {
    const size = sizeOf(`${this.#path}-wal`)
    if (size < LOG_BYTES) this.#tidyAt = LOG_BYTES
    if (this.#db === undefined || size < this.#tidyAt) return
    // A process that reads may keep the log from being emptied.
    this.#tidyAt = size + LOG_BYTES
    void this.#checkpoint(this.#db)
  }

  close(): void {
    this.#ledger?.close()
    this.#ledger = undefined
    this.#db = undefined
  }

  async #checkpoint(db: Database): Promise<void> {
    try {
      await db.checkpoint()
    } catch {
      // A full disk, most likely. The log keeps everything until it can be moved.
    }
  }
}
