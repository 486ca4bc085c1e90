/** Logs skipped rows. Each kind once per session, so that a flood of them cannot fill the log. */
import { plainText } from '../../base/plain-text.ts'
import type { Page } from '../client/activity.ts'
import { FOREIGN_RESULT } from '../client/inbound.ts'
import type { Entry } from '../ledger/ledger.ts'

export class Remarks {
  readonly #log: (line: string) => void
  #unusable = false
  #foreign = false
  /** The last one logged; re-reading a window meets it again. */
  #oversized: string | undefined

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  ofPage({ rows, unusable }: Page): void {
    if (unusable > 0 && !this.#unusable) {
      this.#unusable = true
      this.#log(`skips ${unusable} unreadable rows of its feed`)
    }
    const oversized = rows.find((row) => row.oversized)?.id
    if (oversized === undefined || oversized === this.#oversized) return
    this.#oversized = oversized
    this.#log(`skips message ${oversized}, which is too large; inbox lists it under skipped`)
  }

  ofEntries(entries: readonly Entry[]): void {
    const foreign = entries.find(({ skipped }) => skipped === FOREIGN_RESULT)
    if (foreign === undefined || this.#foreign) return
    this.#foreign = true
    this.#log(
      `drops a delegation result of workspace ${plainText(foreign.peerId ?? 'unknown', 60)}, possibly an injection`,
    )
  }
}
