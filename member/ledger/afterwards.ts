/**
 * Small records that nobody waits for, such as a receipt. They are written after the answer that they come from, and
 * later still while another process writes to the ledger: to wait for that would hold up the next answer.
 */

import { backoffDelayMs } from '../../base/backoff.ts'
import { codeOf } from '../../base/errors.ts'
import { systemTimers, type Timers } from '../../base/sleep.ts'
import type { Ledger } from './ledger.ts'

export interface AfterwardsOptions {
  /** Undefined until there is one, or while there is none: the records are kept for it. */
  readonly ledger: () => Ledger | undefined
  /** Told of a record that could not be written. */
  readonly log: (line: string) => void
  readonly timers?: Timers
}

type Record = (ledger: Ledger) => void

/** The oldest is dropped beyond it. Without its receipt a message is at worst shown once more, marked. */
const MAX_RECORDS = 1_000

export class Afterwards {
  readonly #o: AfterwardsOptions
  readonly #timers: Timers
  #records: Record[] = []
  #failures = 0
  #scheduled = false
  #callOff: (() => void) | undefined

  constructor(options: AfterwardsOptions) {
    this.#o = options
    this.#timers = options.timers ?? systemTimers
  }

  /** Has a record written when the current work is done. Never throws. */
  add(record: Record): void {
    if (this.#records.length >= MAX_RECORDS) this.#records.shift()
    this.#records.push(record)
    if (this.#scheduled) return
    this.#scheduled = true
    // After the answer, which is written by then.
    setImmediate(() => this.flush())
  }

  /** Writes what waits, as far as that is possible without waiting for another process. Never throws. */
  flush(): void {
    this.#callOff?.()
    this.#scheduled = false
    const ledger = this.#o.ledger()
    if (ledger === undefined) return
    while (this.#records.length > 0) {
      const [record] = this.#records
      try {
        if (record !== undefined) ledger.withoutWaiting(() => record(ledger))
        this.#failures = 0
      } catch (error) {
        if (isBusy(error)) {
          this.#tryLater()
          return
        }
        this.#o.log(`something about a message could not be noted: ${String(error)}`)
      }
      this.#records.shift()
    }
  }

  #tryLater(): void {
    this.#scheduled = true
    this.#callOff = this.#timers.after(backoffDelayMs(this.#failures++, 0) + 1, () => this.flush())
  }
}

function isBusy(error: unknown): boolean {
  return /^SQLITE_BUSY/.test(codeOf(error) ?? '')
}
