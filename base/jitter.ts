/** Spreads repeated requests, so that many clients that started together do not stay synchronized. */

export interface JitterOptions {
  /** Half the width of the spread, as a fraction of the interval; 0.1 is one tenth either way. */
  readonly factor?: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/**
 * Returns the interval until the next request.
 *
 * @param intervalMs The average interval in milliseconds.
 * @returns `intervalMs` plus a whole number of milliseconds, uniform in [-factor, +factor) of `intervalMs`.
 */
export function computeJitteredInterval(intervalMs: number, { factor = 0.1, random }: JitterOptions): number {
  return intervalMs + Math.floor((random() * 2 - 1) * factor * intervalMs)
}
