/** Waits within a call until something new has arrived: for hosts that show no channel messages. */
import type { Clock } from '../../../base/clock.ts'
import { sleep } from '../../../base/sleep.ts'
import type { Progress } from './tool.ts'

export interface Awaiting {
  /** Milliseconds since the epoch. */
  readonly until: number
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly progress: Progress | undefined
}

/** Each look may ask the platform once for each workspace, and all clients of a platform share its rate limit. */
const LOOK_INTERVAL_MS = 3_000
/** Often enough for a host that abandons calls which show no sign of life. */
export const PROGRESS_INTERVAL_MS = 5_000

/**
 * Looks until something is found, the time is over, or the call is cancelled.
 *
 * @returns what was found last, perhaps nothing.
 * @throws what `look` throws.
 */
export async function untilFound<T>(
  look: () => Promise<readonly T[]>,
  { until, clock, signal, progress }: Awaiting,
): Promise<readonly T[]> {
  const begun = clock.now()
  let told = begun
  for (;;) {
    const found = await look()
    const now = clock.now()
    // The clock may have been set back: no wait is longer than it was asked to be.
    if (found.length > 0 || signal.aborted || now >= until || now < begun) return found
    if (now - told >= PROGRESS_INTERVAL_MS) {
      told = now
      progress?.(now - begun, until - begun, 'waiting for a message')
    }
    await sleep(Math.min(LOOK_INTERVAL_MS, until - now), signal, clock)
  }
}
