/** Time and randomness. An entry point injects one clock, and everything below it uses no other. */

export interface Clock {
  /** Milliseconds since the epoch. It can jump either way: the machine may sleep, or someone may set the clock. */
  readonly now: () => number
  /** Runs `run` once, `ms` milliseconds from now. Returns a function that cancels it. */
  readonly after: (ms: number, run: () => void) => () => void
  /** Runs `run` every `ms` milliseconds, the first time after `ms`. Returns a function that cancels it. */
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
