/** Logs skipped rows. Each kind once per session, so that a flood of them cannot fill the log. */
import { plainText } from '../../base/plain-text.ts'
import type { Page } from '../client/activity.ts'
import { FOREIGN_RESULT } from '../client/inbound.ts'
import type { Entry } from '../ledger/ledger.ts'

export class Remarks {
  readonly #log: (line: string) => void
  #unusable = false
  #undated = false
  #foreign = false
  /** The last one logged; re-reading a window meets it again. */
  #oversized: string | undefined

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  ofPage({ rows, unusable }: Page): void {
    const unreadable = unusable + rows.filter((row) => row.senderless).length
    if (unreadable > 0 && !this.#unusable) {
      this.#unusable = true
      this.#log(`skips ${unreadable} unreadable rows of its feed; inbox lists those with an id under skipped`)
    }
    const undated = rows.filter((row) => row.undated && !row.senderless).length
    if (undated > 0 && !this.#undated) {
      this.#undated = true
      this.#log(`shows ${undated} messages in the order of its feed, since their own times cannot be read`)
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
