/** RFC 3339 timestamps as the platform writes them: UTC, with a fraction of zero to nine digits. */

/**
 * Orders two timestamps by time, to the last digit: a JavaScript date would lose the microseconds.
 *
 * @returns negative when `a` is earlier, positive when later, 0 when equal.
 */
export function compareTimestamps(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)]
  if (x.seconds !== y.seconds) return x.seconds < y.seconds ? -1 : 1
  if (x.fraction === y.fraction) return 0
  return x.fraction < y.fraction ? -1 : 1
}

function parts(timestamp: string): { readonly seconds: string; readonly fraction: string } {
  const [, seconds = timestamp, fraction = ''] = /^([^.Z]*)(?:\.(\d+))?Z?$/.exec(timestamp) ?? []
  return { seconds, fraction: fraction.padEnd(9, '0') }
}
