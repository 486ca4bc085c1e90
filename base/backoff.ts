/** How long to wait before asking again. */

const BASE_MS = 250
const EARLY_CAP_MS = 5_000
const LATE_CAP_MS = 30_000
/** During its first minute an outage is assumed to be short, and probed often. */
const EARLY_MS = 60_000

/**
 * Exponential backoff with full jitter: uniform between 0 and the capped exponential, so that clients that lost the
 * platform together do not retry together.
 *
 * @param failures consecutive failures before this wait, counted from 0.
 * @param outageMs milliseconds since the first of them; decides the cap (5 s in the first minute, then 30 s).
 * @returns milliseconds.
 */
export function backoffDelayMs(failures: number, outageMs: number, random: () => number): number {
  return Math.floor(random() * longest(failures, outageMs))
}

/** The minimum share of the longest wait, and the most that jitter adds to it. */
const STEADY_LEAST = 0.92
const STEADY_SPREAD = 0.04

/**
 * As {@link backoffDelayMs}, but close to the capped exponential each time, for callers that must recover soon but may
 * not ask often: an outage of 20 s costs eight attempts, and the ninth follows less than 2 s after its end.
 */
export function steadyBackoffDelayMs(failures: number, outageMs: number, random: () => number): number {
  return Math.floor((STEADY_LEAST + STEADY_SPREAD * random()) * longest(failures, outageMs))
}

function longest(failures: number, outageMs: number): number {
  const cap = outageMs < EARLY_MS ? EARLY_CAP_MS : LATE_CAP_MS
  return Math.min(cap, BASE_MS * 2 ** Math.min(failures, 20))
}
