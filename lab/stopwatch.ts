/** Time that only moves forward, in fractions of a millisecond: for measuring, where a wall clock is too coarse. */

/** Milliseconds since this process began. */
export function elapsedMs(): number {
  return Bun.nanoseconds() / 1e6
}
