/** Time. The caller that starts the platform injects one clock, and nothing below it uses another. */

export interface Clock {
  /** Milliseconds since the epoch; a fraction carries the microseconds. */
  readonly now: () => number
  /** Runs `run` once, `ms` milliseconds from now. Returns what cancels it. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Runs `run` every `ms` milliseconds, the first time after `ms`. Returns what cancels it. */
  readonly every: (ms: number, run: () => void) => () => void
}

/** How far the two clocks may part before the wall clock is believed; it only counts whole milliseconds. */
const MAX_PARTED_MS = 2

/**
 * The time of the wall clock, with the microseconds of the monotonic one. The monotonic clock alone is not enough: it
 * stands still while the machine sleeps, and does not follow when the wall clock is set.
 *
 * @param wall milliseconds since the epoch, in whole numbers.
 * @param monotonic milliseconds since any moment.
 */
export function preciseWallClock(wall: () => number, monotonic: () => number): () => number {
  let offset = wall() - monotonic()
  return () => {
    const now = wall()
    const precise = offset + monotonic()
    if (Math.abs(precise - now) <= MAX_PARTED_MS) return precise
    offset += now - precise
    return now
  }
}

export const systemClock: Clock = {
  now: preciseWallClock(Date.now, () => performance.now()),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
}
