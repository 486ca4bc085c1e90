/**
 * Time of the platform. Timestamps are stored as UTC text of fixed width with microseconds, so that text
 * order is time order and no digit is lost to a JavaScript Date.
 */

/** Milliseconds since the epoch; a fraction carries the microseconds. */
export type Clock = () => number

export const systemClock: Clock = () => performance.timeOrigin + performance.now()

const RFC3339 = /^(\d{4}-\d{2}-\d{2})[Tt](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?([Zz]|[+-]\d{2}:\d{2})$/

/** Fixed-width form of an instant given in microseconds since the epoch: `2026-07-01T10:00:00.123456Z`. */
export function formatMicros(micros: number): string {
  const ms = Math.floor(micros / 1000)
  const rest = Math.floor(micros - ms * 1000)
  return `${new Date(ms).toISOString().slice(0, 23)}${String(rest).padStart(3, '0')}Z`
}

/** Fixed-width form of any RFC 3339 timestamp, or undefined when the text is none. */
export function parseTimestamp(text: string): string | undefined {
  const match = RFC3339.exec(text)
  if (match === null) return undefined
  const [, day, time, fraction = '', zone = 'Z'] = match
  const ms = Date.parse(`${day}T${time}${zone.toUpperCase()}`)
  if (!Number.isFinite(ms) || ms < 0 || ms > 253_402_300_799_000) return undefined
  return formatMicros(ms * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6)))
}

/** Wire form of a stored timestamp: trailing zeros of the fraction are left out, as the hosted platform does. */
export function wireTimestamp(stored: string): string {
  return stored.replace(/\.?0+Z$/, 'Z')
}

/** Milliseconds since the epoch of a stored timestamp. */
export function timestampMs(stored: string): number {
  return Date.parse(`${stored.slice(0, 23)}Z`)
}

/** The clock as the rest of the platform uses it. */
export class Timekeeper {
  readonly #clock: Clock
  #lastMicros: number

  /** @param lastStamp the newest stamp already stored; no later one is given before it. */
  constructor(clock: Clock, lastStamp?: string) {
    this.#clock = clock
    this.#lastMicros =
      lastStamp === undefined ? 0 : timestampMs(lastStamp) * 1000 + Number(lastStamp.slice(23, 26))
  }

  nowMs(): number {
    return this.#clock()
  }

  /** The instant `offsetMs` from now, in the stored form. */
  at(offsetMs = 0): string {
    return formatMicros(Math.max(0, Math.round((this.#clock() + offsetMs) * 1000)))
  }

  /**
   * A stamp for a new row. Never earlier than the one before it, even when the wall clock is set back: a reader that has
   * passed a row would not see one that is dated before it.
   */
  stamp(): string {
    this.#lastMicros = Math.max(this.#lastMicros, Math.round(this.#clock() * 1000))
    return formatMicros(this.#lastMicros)
  }
}
