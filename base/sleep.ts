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

/** Waits until a condition holds, which is checked every so often, for a limited time. Never rejects. */
export async function waitUntil(
  holds: () => boolean,
  { everyMs, forMs }: { readonly everyMs: number; readonly forMs: number },
  signal: AbortSignal,
  clock: Pick<Clock, 'after'>,
): Promise<void> {
  for (let waited = 0; !holds() && waited < forMs && !signal.aborted; waited += everyMs) {
    await sleep(everyMs, signal, clock)
  }
}
