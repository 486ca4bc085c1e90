/** The one place where time passes: a wait, and the timers it is made of, so that a test can pass its own. */

export interface Timers {
  /** Runs `run` once, `ms` milliseconds from now. Returns what calls it off. */
  readonly after: (ms: number, run: () => void) => () => void
}

export const systemTimers: Timers = {
  after: (ms, run) => {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/**
 * Resolves after `ms` milliseconds, or at once when the signal aborts: the caller looks at the signal itself, so
 * that stopping is a normal way out of a loop and not an exception.
 */
export function sleep(ms: number, signal?: AbortSignal, timers: Timers = systemTimers): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      callOff()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const callOff = timers.after(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
