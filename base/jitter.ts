/** Spreads repeated requests, so that many clients that started together do not call together for ever. */

export interface JitterOptions {
  /** Half the width of the spread, as a share of the interval; 0.1 is one tenth to either side. */
  readonly factor?: number
  /** Uniform in [0, 1). */
  readonly random: () => number
}

/**
 * Gives the interval until the next request.
 *
 * @param intervalMs The interval in milliseconds that is right on average.
 * @returns `intervalMs` plus a whole number of milliseconds, uniform in [-factor, +factor) of `intervalMs`.
 */
export function computeJitteredInterval(intervalMs: number, { factor = 0.1, random }: JitterOptions): number {
  return intervalMs + Math.floor((random() * 2 - 1) * factor * intervalMs)
}
