/** A wait that a signal can end. */
import { type Clock, systemClock } from './clock.ts'

export type Timers = Pick<Clock, 'after'>
export const systemTimers: Timers = systemClock

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
