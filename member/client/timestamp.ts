/** RFC 3339 timestamps as platforms write them: with a fraction of any length, mostly in UTC. */

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/i
/** The same time in other forms of ISO 8601, as databases and languages write it. */
const VARIANT = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:[.,](\d+))? ?(?:(Z|UTC)|([+-]\d\d)(?::?(\d\d))?)$/i
const MAX_CHARS = 64

/** In the form of RFC 3339. Undefined for anything that is no time, or a time without its zone. */
export function readTimestamp(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > MAX_CHARS) return undefined
  const [match, date, time, fraction, utc, hours, minutes = '00'] = VARIANT.exec(value) ?? []
  if (match === undefined) return undefined
  const zone = utc === undefined ? `${hours}:${minutes}` : 'Z'
  const text = `${date}T${time}${fraction === undefined ? '' : `.${fraction}`}${zone}`
  return isTimestamp(text) ? text : undefined
}

export function isTimestamp(text: string): boolean {
  return parts(text).seconds !== Number.NEGATIVE_INFINITY
}

/**
 * Orders two timestamps by time, to the last digit: a JavaScript date would lose the microseconds. Anything else comes
 * before all timestamps.
 *
 * @returns negative when `a` is earlier, positive when later, 0 when equal.
 */
export function compareTimestamps(a: string, b: string): number {
  const [x, y] = [parts(a), parts(b)]
  if (x.seconds !== y.seconds) return x.seconds < y.seconds ? -1 : 1
  if (x.fraction === y.fraction) return 0
  return x.fraction < y.fraction ? -1 : 1
}

function parts(timestamp: string): { readonly seconds: number; readonly fraction: string } {
  const [, seconds, fraction = '', zone] = TIMESTAMP.exec(timestamp) ?? []
  const time = seconds === undefined ? Number.NaN : Date.parse(`${seconds}${zone}`)
  if (Number.isNaN(time)) return { seconds: Number.NEGATIVE_INFINITY, fraction: '' }
  return { seconds: time, fraction: fraction.replace(/0+$/, '') }
}
