/** Time. The caller that starts the platform injects one clock, and nothing below it uses another. */

export interface Clock {
  /** Milliseconds since the epoch; a fraction carries the microseconds. */
  readonly now: () => number
  /**
   * When the wall clock last went ahead of the time that passed here, as while the machine slept; undefined if it
   * never has.
   */
  readonly jumpedAt?: () => number | undefined
  /** Runs `run` once, `ms` milliseconds from now. Returns what cancels it. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Runs `run` every `ms` milliseconds, the first time after `ms`. Returns what cancels it. */
  readonly every: (ms: number, run: () => void) => () => void
}

/** How far the two clocks may part before the wall clock is believed; it only counts whole milliseconds. */
const MAX_PARTED_MS = 2
/** A correction of the clock is smaller than this, and no sleep that matters is. */
const JUMP_MS = 10_000

/**
 * The time of the wall clock, with the microseconds of the monotonic one. The monotonic clock alone is not enough: it
 * stands still while the machine sleeps, and does not follow when the wall clock is set.
 *
 * @param wall milliseconds since the epoch, in whole numbers.
 * @param monotonic milliseconds since any moment.
 */
export function preciseWallClock(
  wall: () => number,
  monotonic: () => number,
): Required<Pick<Clock, 'now' | 'jumpedAt'>> {
  let offset = wall() - monotonic()
  let jumpedAt: number | undefined
  const now = (): number => {
    const current = wall()
    const precise = offset + monotonic()
    if (Math.abs(precise - current) <= MAX_PARTED_MS) return precise
    if (current - precise >= JUMP_MS) jumpedAt = current
    offset += current - precise
    return current
  }
  return { now, jumpedAt: () => jumpedAt }
}

export const systemClock: Clock = {
  ...preciseWallClock(Date.now, () => performance.now()),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
}
