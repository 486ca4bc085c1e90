import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { compareTimestamps, isTimestamp } from '../../../member/client/timestamp.ts'

describe('compareTimestamps', () => {
  test('orders by time to the last digit, whatever the fraction and the time zone', () => {
    const ordered = [
      '2026-07-01T09:59:59.999999Z',
      '2026-07-01T10:00:00Z',
      '2026-07-01T10:00:00.000001Z',
      '2026-07-01T10:00:00.09Z',
      '2026-07-01T10:00:00.1Z',
      '2026-07-01T10:00:00.123456Z',
      '2026-07-01T10:00:00.123456789Z',
      '2026-07-01T12:00:00.2+02:00',
      '2026-07-01T10:00:01Z',
    ]
    for (const [i, a] of ordered.entries()) {
      for (const [j, b] of ordered.entries())
        expect(Math.sign(compareTimestamps(a, b))).toBe(Math.sign(i - j))
    }
    expect(compareTimestamps('2026-07-01T10:00:00.1Z', '2026-07-01T10:00:00.100Z')).toBe(0)
    expect(compareTimestamps('2026-07-01T10:00:00Z', '2026-07-01T12:00:00+02:00')).toBe(0)
  })

  test('puts anything else before all timestamps', () => {
    for (const text of ['', 'zzz', '2026-07-01', '2026-13-41T10:00:00Z', '9999']) {
      expect(isTimestamp(text)).toBeFalse()
      expect(compareTimestamps(text, '1970-01-01T00:00:00Z')).toBeLessThan(0)
    }
  })

  test('is antisymmetric and transitive', () => {
    const time = fc
      .tuple(
        fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
        fc.constantFrom('', '5', '50', '05'),
      )
      .map(([date, more]) => date.toISOString().replace('Z', `${more}Z`))
    const text = fc.oneof(time, fc.string())
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        expect(Math.sign(compareTimestamps(a, b)) + Math.sign(compareTimestamps(b, a))).toBe(0)
        const [x, y, z] = [a, b, c].toSorted(compareTimestamps)
        expect(compareTimestamps(x ?? '', z ?? '')).toBeLessThanOrEqual(0)
        expect(compareTimestamps(x ?? '', y ?? '')).toBeLessThanOrEqual(0)
      }),
    )
  })
})
