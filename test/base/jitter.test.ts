import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { systemClock } from '../../base/clock.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'

const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
const interval = fc.integer({ min: 0, max: 300_000 })

describe('computeJitteredInterval', () => {
  test('the middle of the draw is the interval itself', () => {
    fc.assert(
      fc.property(interval, unit, (intervalMs, factor) => {
        expect(computeJitteredInterval(intervalMs, { factor, random: () => 0.5 })).toBe(intervalMs)
      }),
    )
  })

  test('the lowest draw is one factor less', () => {
    expect(computeJitteredInterval(1000, { random: () => 0 })).toBe(900)
    expect(computeJitteredInterval(1000, { factor: 0.25, random: () => 0 })).toBe(750)
  })

  test('the highest draw stays below one factor more', () => {
    expect(computeJitteredInterval(1000, { random: () => 0.99999 })).toBe(1099)
  })

  test('the answer is whole and within the spread, for every draw', () => {
    fc.assert(
      fc.property(interval, unit, unit, (intervalMs, factor, draw) => {
        const result = computeJitteredInterval(intervalMs, { factor, random: () => draw })
        expect(Number.isInteger(result)).toBe(true)
        expect(result).toBeGreaterThanOrEqual(intervalMs + Math.floor(-factor * intervalMs))
        expect(result).toBeLessThanOrEqual(intervalMs + factor * intervalMs)
      }),
    )
  })

  test('a larger draw never gives a shorter interval', () => {
    fc.assert(
      fc.property(interval, unit, unit, (intervalMs, one, other) => {
        const low = computeJitteredInterval(intervalMs, { random: () => Math.min(one, other) })
        const high = computeJitteredInterval(intervalMs, { random: () => Math.max(one, other) })
        expect(low).toBeLessThanOrEqual(high)
      }),
    )
  })

  test('both sides of the interval are reached without any option', () => {
    const draws = Array.from({ length: 200 }, () => computeJitteredInterval(10_000, systemClock))
    expect(draws.some((ms) => ms < 10_000)).toBe(true)
    expect(draws.some((ms) => ms > 10_000)).toBe(true)
    expect(draws.every((ms) => ms >= 9_000 && ms < 11_000)).toBe(true)
  })

  test('an interval of nothing stays nothing', () => {
    expect(computeJitteredInterval(0, { random: () => 0 })).toBe(0)
  })
})
