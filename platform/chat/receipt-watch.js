/** Looks how far recent messages got, less often the longer that takes. Where it matters most, an event says it, too. */
import { isUnderWay } from './receipts.js'

const SOON_MS = 1_500
const LATEST_MS = 30_000

export class ReceiptWatch {
  #log
  #onChange
  #delay = SOON_MS
  #timer
  #last = 0

  /** @param onChange called when the log knows more; guards `read`, which it is given */
  constructor(log, onChange) {
    this.#log = log
    this.#onChange = onChange
  }

  /** The log was read. */
  look() {
    if (this.#log.last !== this.#last) this.#delay = SOON_MS
    this.#last = this.#log.last
    if (this.#timer !== undefined || !this.#log.rows.slice(-60).some(isUnderWay)) return
    this.#timer = setTimeout(async () => {
      this.#timer = undefined
      this.#delay = Math.min(this.#delay * 2, LATEST_MS)
      if (document.visibilityState === 'visible') await this.#onChange(() => this.#log.readReceipts())
      this.look()
    }, this.#delay)
  }
}
