/**
 * Writes small records that nothing waits for, such as a receipt: after the response that caused them has gone out, and
 * later still while another process writes to the ledger, because waiting for it would delay the next response.
 */
import type { Clock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { busyPauseMs } from '../../base/patience.ts'
import { isBusy } from '../../base/sqlite.ts'
import type { Ledger } from './ledger.ts'
import { LedgerReplaced } from './ledger-damage.ts'

export interface DeferredWritesOptions {
  /** Undefined while there is no ledger: the records are kept until there is one. */
  readonly ledger: () => Ledger | undefined
  /** Called for a record that could not be written. */
  readonly log: (sentence: string) => void
  readonly clock: Clock
}

type Write = (ledger: Ledger) => void

/** Beyond this, the oldest is dropped. Without its receipt a message is at worst shown again, marked. */
const MAX_WRITES = 1_000

export class DeferredWrites {
  readonly #ledger: () => Ledger | undefined
  readonly #log: (sentence: string) => void
  readonly #clock: Clock
  #writes: Write[] = []
  #failures = 0
  /** Cancels the next flush; undefined while none is due. */
  #cancel: (() => void) | undefined

  constructor({ ledger, log, clock }: DeferredWritesOptions) {
    this.#ledger = ledger
    this.#log = log
    this.#clock = clock
  }

  /** Queues a record, to be written once the current work is done. Never throws. */
  add(write: Write): void {
    if (this.#writes.length >= MAX_WRITES) this.#writes.shift()
    this.#writes.push(write)
    this.#flushAfter(0)
  }

  /** Writes the queued records, unless that would mean waiting for another process. Never throws. */
  flush(): void {
    this.#cancel?.()
    this.#cancel = undefined
    const ledger = this.#ledger()
    if (ledger === undefined) return
    for (let [write] = this.#writes; write !== undefined; [write] = this.#writes) {
      try {
        write(ledger)
        this.#failures = 0
      } catch (error) {
        // For the ledger that takes the place of a replaced one.
        if (isBusy(error) || error instanceof LedgerReplaced) {
          this.#flushAfter(busyPauseMs(this.#failures++, this.#clock.random))
          return
        }
        this.#log(`the new state of a message could not be recorded: ${describeError(error)}`)
      }
      this.#writes.shift()
    }
  }

  #flushAfter(ms: number): void {
    this.#cancel ??= this.#clock.after(ms, () => this.flush())
  }
}
