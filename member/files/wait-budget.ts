/**
 * How long the messages of one workspace may wait for files in all: each wait holds up whoever wrote later, and a sender
 * can go on naming files that come slowly.
 */

/** May be waited at once. */
const BURST_MS = 40_000
/** Of the time that passes. */
const SHARE = 1 / 3

export class WaitBudget {
  readonly #now: () => number
  #leftMs = BURST_MS
  #at: number

  /** @param now milliseconds; a clock that jumps backwards refills nothing. */
  constructor(now: () => number) {
    this.#now = now
    this.#at = now()
  }

  /** How long may be waited now, in milliseconds. */
  get leftMs(): number {
    const now = this.#now()
    this.#leftMs = Math.min(BURST_MS, this.#leftMs + Math.max(0, now - this.#at) * SHARE)
    this.#at = now
    return this.#leftMs
  }

  spend(ms: number): void {
    this.#leftMs = Math.max(0, this.#leftMs - ms)
  }
}
