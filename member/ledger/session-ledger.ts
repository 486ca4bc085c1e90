/** One session's open ledger. If its file is damaged or replaced, the session reopens or recreates it. */
import { identityOf } from '../folder/file-stat.ts'
import { Ledger } from './ledger.ts'
import { isDamage, type Loss } from './ledger-damage.ts'
import { beginAnew, type LedgerFileOptions, openLedgerFile } from './ledger-file.ts'

/** A new or repaired file takes two attempts. */
const OPEN_TRIES = 4

export class SessionLedger {
  readonly #path: string
  readonly #options: LedgerFileOptions
  /** Outlives the file, so that a new ledger knows what was written to this host. */
  readonly #session = crypto.randomUUID()
  #ledger: Ledger | undefined
  #identity = ''
  #loss: Loss | undefined

  constructor(path: string, options: Omit<LedgerFileOptions, 'onError'>) {
    this.#path = path
    this.#options = {
      ...options,
      onError: (error) => {
        if (isDamage(error)) this.#loss = 'damaged'
      },
    }
  }

  /** Undefined while it is not open. */
  get current(): Ledger | undefined {
    return this.#ledger
  }

  /** @throws as {@link openLedgerFile}, or when the file keeps being replaced. */
  open(): void {
    try {
      this.#open(this.#loss)
    } finally {
      // Opening has dealt with the damage it met. If it failed, what exists then is opened as at a start.
      this.#loss = undefined
    }
  }

  #open(loss: Loss | undefined): void {
    for (let tries = 1; tries <= OPEN_TRIES; tries++) {
      const before = identityOf(this.#path)
      const db =
        loss === undefined
          ? openLedgerFile(this.#path, this.#options)
          : beginAnew(this.#path, loss, this.#session, this.#identity, this.#options)
      // Only now is it known which file was opened: one that is new, or was replaced in the meantime, is opened again.
      if (identityOf(this.#path) === before) {
        this.#identity = before
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

  close(): void {
    this.#ledger?.close()
    this.#ledger = undefined
  }
}
