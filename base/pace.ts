/** A budget for requests whose rate others decide: a burst at once, then a steady rate (token bucket). */
export class Pace {
  readonly #burst: number
  readonly #perSecond: number
  readonly #now: () => number
  #left: number
  #at: number

  /** @param now milliseconds; a clock that jumps backwards refills nothing. */
  constructor(burst: number, perSecond: number, now: () => number = Date.now) {
    this.#burst = burst
    this.#perSecond = perSecond
    this.#now = now
    this.#left = burst
    this.#at = now()
  }

  /** Takes one from the budget. Returns how many milliseconds to wait first; 0 within the burst. */
  waitMs(): number {
    const now = this.#now()
    const refill = (Math.max(0, now - this.#at) / 1000) * this.#perSecond
    this.#at = now
    this.#left = Math.min(this.#burst, this.#left + refill) - 1
    return this.#left >= 0 ? 0 : (-this.#left / this.#perSecond) * 1000
  }
}
