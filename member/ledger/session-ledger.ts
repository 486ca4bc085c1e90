/** The ledger as one session has it open: lost when its file is damaged or replaced, and then begun anew. */
import type { Database } from 'bun:sqlite'
import { identityOf } from '../folder/file-stat.ts'
import { Ledger } from './ledger.ts'
import { type Loss, noticeDamage } from './ledger-damage.ts'
import { beginAnew, openLedgerFile } from './ledger-file.ts'

/** A new or a mended file takes two. */
const OPEN_TRIES = 4

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

  /** @throws as {@link openLedgerFile}, or when the file is exchanged again and again. */
  open(): void {
    const loss = this.#loss
    // Also if this fails: what is there then is opened as at a start.
    this.#loss = undefined
    for (let tries = 1; tries <= OPEN_TRIES; tries++) {
      const before = identityOf(this.#path)
      const db =
        loss === undefined
          ? openLedgerFile(this.#path, this.#onDamage)
          : beginAnew(this.#path, loss, this.#onDamage, this.#session, this.#identity)
      // Only so is it known which file was opened: one that is new, or was exchanged meanwhile, is opened once more.
      if (identityOf(this.#path) === before) {
        this.#adopt(db, before)
        return
      }
      db.close()
    }
    throw new Error('the ledger is exchanged for another file again and again')
  }

  #adopt(db: Database, identity: string): void {
    this.#identity = identity
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
