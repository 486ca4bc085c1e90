/**
 * Timestamps as the database stores them: UTC text of fixed width with microseconds. Text order is then time
 * order, and no digit is lost to a JavaScript `Date`.
 */
import type { Clock } from './clock.ts'

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/
/** The last second of the year 9999; later instants do not fit the fixed width. */
const MAX_MS = 253_402_300_799_000

/** The stored form of an instant in microseconds since the epoch, such as `2026-07-01T10:00:00.123456Z`. */
export function formatMicros(micros: number): string {
  const ms = Math.floor(micros / 1000)
  const rest = Math.floor(micros - ms * 1000)
  return `${isoTimestamp(ms).slice(0, 23)}${String(rest).padStart(3, '0')}Z`
}

/** The stored form of an RFC 3339 timestamp, or undefined when the text is not one. */
export function parseTimestamp(text: string): string | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [, day, time, fraction = '', zone = 'Z'] = match
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  if (!Number.isFinite(ms) || ms < 0 || ms > MAX_MS) return undefined
  return formatMicros(ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)))
}

/** The wire form of a stored timestamp: like the hosted platform, without trailing zeros in the fraction. */
export function wireTimestamp(stored: string): string {
  return stored.replace(/\.?0+Z$/, 'Z')
}

/** A stored timestamp in milliseconds since the epoch. */
export function timestampMs(stored: string): number {
  return Date.parse(`${stored.slice(0, 23)}Z`)
}

/** An instant in milliseconds since the epoch as RFC 3339 text with milliseconds, for events and logs. */
export function isoTimestamp(ms: number): string {
  return new Date(ms).toISOString()
}

/** Stored timestamps read from the clock. */
export class Timestamps {
  readonly #clock: Clock
  #lastMicros: number

  /** @param newest the newest row timestamp already stored, before which {@link ofRow} does not go back. */
  constructor(clock: Clock, newest?: string) {
    this.#clock = clock
    this.#lastMicros = newest === undefined ? 0 : timestampMs(newest) * 1000 + Number(newest.slice(23, 26))
  }

  now(): string {
    return this.fromNow(0)
  }

  /** The instant `ms` milliseconds from now; before now when negative. */
  fromNow(ms: number): string {
    return formatMicros(Math.max(0, Math.round((this.#clock.now() + ms) * 1000)))
  }

  /**
   * The timestamp of a new row.
   *
   * @param ordersRows whether readers find their place by it. Then it never goes back, even when the clock is set
   *   back: a reader that has passed a row would never see one dated before it. Otherwise it is the true time.
   */
  ofRow(ordersRows: boolean): string {
    const now = Math.max(0, Math.round(this.#clock.now() * 1000))
    this.#lastMicros = Math.max(this.#lastMicros, now)
    return formatMicros(ordersRows ? this.#lastMicros : now)
  }
}
