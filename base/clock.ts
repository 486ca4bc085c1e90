/** Time and chance. An entry hands one clock in, and everything below it knows no other. */

export interface Clock {
  /** Milliseconds since the epoch. It can jump either way: the machine slept, or somebody set it. */
  readonly now: () => number
  /** Runs `run` once, `ms` milliseconds from now. Returns what cancels it. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Runs `run` every `ms` milliseconds, the first time after `ms`. Returns what cancels it. */
  readonly every: (ms: number, run: () => void) => () => void
  /** Uniform in [0, 1). */
  readonly random: () => number
}

export const systemClock: Clock = {
  now: Date.now,
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
  every: (ms, run) => {
    const timer = setInterval(run, ms)
    return () => clearInterval(timer)
  },
  random: Math.random,
}
