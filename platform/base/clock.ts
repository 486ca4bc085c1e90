/** Time. The caller that starts the platform injects one clock, and nothing below it uses another. */

export interface Clock {
  /** Milliseconds since the epoch; a fraction carries the microseconds. */
  readonly now: () => number
  /** Runs `run` once, `ms` milliseconds from now. Returns what cancels it. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Runs `run` every `ms` milliseconds, the first time after `ms`. Returns what cancels it. */
  readonly every: (ms: number, run: () => void) => () => void
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
}
