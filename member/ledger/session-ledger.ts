/** The ledger as one session has it open. It is lost when its file is damaged or replaced, and then begun anew. */
import { identityOf } from '../folder/file-stat.ts'
import { Ledger } from './ledger.ts'
import { isDamage, type Loss } from './ledger-damage.ts'
import { beginAnew, type LedgerFileOptions, openLedgerFile } from './ledger-file.ts'

/** A new or a mended file takes two. */
const OPEN_TRIES = 4

export class SessionLedger {
  readonly #path: string
  readonly #options: LedgerFileOptions
  /** Outlives the file, so that a new ledger knows what this host was given. */
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
    const loss = this.#loss
    for (let tries = 1; tries <= OPEN_TRIES; tries++) {
      // Also if this fails: what is there then is opened as at a start.
      this.#loss = undefined
      const before = identityOf(this.#path)
      const db =
        loss === undefined
          ? openLedgerFile(this.#path, this.#options)
          : beginAnew(this.#path, loss, this.#session, this.#identity, this.#options)
      // Only then is it known which file was opened: one that is new, or was replaced meanwhile, is opened again.
      if (identityOf(this.#path) === before) {
        this.#loss = undefined
        this.#identity = before
        this.#ledger = new Ledger(db, this.#session)
        return
      }
      db.close()
    }
    throw new Error('the ledger is replaced by another file again and again')
  }

  /** Whether it was lost since it was opened: another session may have replaced a damaged file already. */
  loss(): Loss | undefined {
    if (this.#ledger !== undefined && identityOf(this.#path) !== this.#identity) this.#loss = 'replaced'
    return this.#loss
  }

  close(): void {
    this.#ledger?.close()
    this.#ledger = undefined
  }
}
