/** A wait that a signal can end. */
import type { Clock } from './clock.ts'

/**
 * Resolves after `ms` milliseconds, or at once when the signal aborts: the caller checks the signal itself, so that
 * stopping is a normal exit from a loop and not an exception.
 */
export function sleep(
  ms: number,
  signal: AbortSignal | undefined,
  clock: Pick<Clock, 'after'>,
): Promise<void> {
  if (signal?.aborted) return Promise.resolve()
  return new Promise((resolve) => {
    const done = (): void => {
      cancel()
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const cancel = clock.after(ms, done)
    signal?.addEventListener('abort', done, { once: true })
  })
}
