import { describe, expect, test } from 'bun:test'
import { backoffDelayMs } from '../../base/backoff.ts'

describe('backoffDelayMs', () => {
  test('is uniform from 0 to a bound that doubles, up to 5 s in the first minute and 30 s after', () => {
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
