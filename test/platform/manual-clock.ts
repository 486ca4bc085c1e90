/** A clock that stands still until a test moves it. */
import { type Clock, systemClock } from '../../platform/base/clock.ts'

interface Timer {
  dueAt: number
  readonly everyMs: number | undefined
  readonly run: () => void
}

export class ManualClock implements Clock {
  readonly #timers = new Set<Timer>()
  #now = Date.UTC(2026, 6, 1, 10)

  readonly now = (): number => this.#now

  /** What is due at once runs without a move, in a turn of its own. */
  readonly after = (ms: number, run: () => void): (() => void) => {
    if (ms <= 0) return systemClock.after(0, run)
    return this.#add({ dueAt: this.#now + ms, everyMs: undefined, run })
  }

  readonly every = (ms: number, run: () => void): (() => void) =>
    this.#add({ dueAt: this.#now + ms, everyMs: ms, run })

  /** Jumps, as on a machine that slept: whatever came due runs once, in the order in which it was due. */
  advance(seconds: number): void {
    this.#now += seconds * 1000
    const due = [...this.#timers].filter(({ dueAt }) => dueAt <= this.#now)
    for (const timer of due.sort((a, b) => a.dueAt - b.dueAt)) {
      if (!this.#timers.has(timer)) continue
      if (timer.everyMs === undefined) this.#timers.delete(timer)
      else timer.dueAt = this.#now + timer.everyMs
      timer.run()
    }
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer)
    return () => void this.#timers.delete(timer)
  }
}
