/** The ledger as one session has it open: lost when its file is damaged or replaced, and then begun anew. */
import { Ledger } from './ledger.ts'
import { type Loss, noticeDamage } from './ledger-damage.ts'
import { beginAnew, openLedgerFile } from './ledger-file.ts'
import { identityOf } from './state-folder.ts'

export class SessionLedger {
  readonly #path: string
  readonly #onDamage: (sentence: string) => void
  /** Survives the file, so that what this host was given is known in one that was begun anew. */
  readonly #session = crypto.randomUUID()
  #ledger: Ledger | undefined
  #identity = ''
  #loss: Loss | undefined

  /** @param onDamage is told, in a sentence, when a damaged file was set aside. */
  constructor(path: string, onDamage: (sentence: string) => void) {
    this.#path = path
    this.#onDamage = onDamage
  }

  /** Undefined while it is not open. */
  get current(): Ledger | undefined {
    return this.#ledger
  }

  /** @throws as {@link openLedgerFile}. */
  open(): void {
    const loss = this.#loss
    // Also if this fails: what is there then is opened as at a start.
    this.#loss = undefined
    const db =
      loss === undefined
        ? openLedgerFile(this.#path, this.#onDamage)
        : beginAnew(this.#path, loss, this.#onDamage, this.#session)
    this.#identity = identityOf(this.#path)
    this.#ledger = noticeDamage(Ledger.of(db, this.#session), () => {
      this.#loss = 'damaged'
    })
  }

  /** Looks whether it was lost since it was opened: another session may have replaced a damaged one already. */
  look(): Loss | undefined {
    if (this.#ledger !== undefined && identityOf(this.#path) !== this.#identity) this.#loss = 'replaced'
    return this.#loss
  }

  close(): void {
    this.#ledger?.close()
    this.#ledger = undefined
  }
}
