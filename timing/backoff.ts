/** How long to wait before asking again. */

const BASE_MS = 250
const EARLY_CAP_MS = 5_000
const LATE_CAP_MS = 30_000
/** An outage is taken for a short one, and probed often, during its first minute. */
const EARLY_MS = 60_000

/**
 * Exponential backoff with full jitter: uniform between 0 and the capped exponential, so that clients that lost the
 * platform together do not come back together.
 *
 * @param failures consecutive failures before this wait, counted from 0.
 * @param outageMs milliseconds since the first of them; decides the cap (5 s in the first minute, then 30 s).
 * @returns milliseconds.
 */
export function backoffDelayMs(
  failures: number,
  outageMs: number,
  random: () => number = Math.random,
): number {
  const cap = outageMs < EARLY_MS ? EARLY_CAP_MS : LATE_CAP_MS
  return Math.floor(random() * Math.min(cap, BASE_MS * 2 ** Math.min(failures, 20)))
}
