import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { backoffDelayMs } from '../../../base/backoff.ts'
import { describeError } from '../../../base/errors.ts'
import { sleep } from '../../../base/sleep.ts'
import { compareTimestamps, isTimestamp } from '../../../member/client/timestamp.ts'

describe('compareTimestamps', () => {
  test('orders by time to the last digit, whatever the length of the fraction and the zone', () => {
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

  test('puts what is no timestamp before all that are', () => {
    for (const text of ['', 'zzz', '2026-07-01', '2026-13-41T10:00:00Z', '9999']) {
      expect(isTimestamp(text)).toBeFalse()
      expect(compareTimestamps(text, '1970-01-01T00:00:00Z')).toBeLessThan(0)
    }
  })

  test('is an order: the same both ways round, and without circles', () => {
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

describe('backoffDelayMs', () => {
  test('is spread from nothing to a bound that doubles, to 5 s in the first minute and 30 s after', () => {
    const most = (failures: number, outageMs: number): number =>
      backoffDelayMs(failures, outageMs, () => 0.999999)
    expect([0, 1, 2, 3].map((failures) => Math.ceil(most(failures, 0) / 10) * 10)).toEqual([
      250, 500, 1000, 2000,
    ])
    expect(most(50, 59_999)).toBeWithin(4_900, 5_001)
    expect(most(2_000, 60_000)).toBeWithin(29_900, 30_001)
    expect(backoffDelayMs(9, 0, () => 0)).toBe(0)
  })
})

describe('sleep', () => {
  test('an abort ends it at once, and one before it lets it not begin', async () => {
    const stop = new AbortController()
    const sleeping = sleep(60_000, stop.signal)
    stop.abort()
    await sleeping
    await sleep(60_000, stop.signal)
  })

  test('leaves nothing behind on a signal that lives long', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const [add, remove] = [signal.addEventListener, signal.removeEventListener]
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++
      add.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--
      remove.apply(signal, args)
    }
    await sleep(1, signal)
    expect(listeners).toBe(0)
  })
})

test('describeError gives one short clean line for whatever was thrown', () => {
  fc.assert(
    fc.property(fc.anything({ withNullPrototype: true }), (thrown) => {
      expect(describeError(thrown)).not.toMatch(/[\p{Cc}\u202e]/u)
    }),
  )
  expect(describeError(Object.create(null))).toBe('an error without a text')
  expect(describeError(new Error(`a\n\tb\u202e${'c'.repeat(500)}`)).length).toBeLessThanOrEqual(300)
})
