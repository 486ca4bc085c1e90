/** A wait in real time. */
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'

/** Resolves after `ms` milliseconds, or at once when the signal aborts. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return sleep(ms, signal, systemClock)
}
