/**
 * Which of the written messages a host that listens must have shown by now. Timers measure that: a clock that is set, or
 * a machine that sleeps, would make every message look old at once.
 */
import type { Clock } from '../../../base/clock.ts'
import { SETTLED_MS } from './silence.ts'

export class Settling {
  readonly #clock: Pick<Clock, 'now' | 'after'>
  readonly #signal: AbortSignal
  #settledAt = Number.NEGATIVE_INFINITY
  #isTiming = false
  #sentSince = false

  constructor(clock: Pick<Clock, 'now' | 'after'>, signal: AbortSignal) {
    this.#clock = clock
    this.#signal = signal
  }

  /** What was written before has had its time, in milliseconds since the epoch. */
  get before(): number {
    return Math.min(this.#settledAt, this.#clock.now() - SETTLED_MS)
  }

  /** Messages were written to the host. */
  sent(): void {
    this.#sentSince = this.#isTiming
    if (this.#isTiming || this.#signal.aborted) return
    this.#isTiming = true
    const from = this.#clock.now()
    const cancel = this.#clock.after(SETTLED_MS, () => {
      this.#signal.removeEventListener('abort', cancel)
      this.#isTiming = false
      this.#settledAt = from + 1
      // What was written meanwhile has its time from here on.
      if (this.#sentSince) this.sent()
    })
    this.#signal.addEventListener('abort', cancel, { once: true })
  }
}
