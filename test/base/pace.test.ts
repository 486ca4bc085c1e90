import { describe, expect, test } from 'bun:test'
import fc from 'fast-check'
import { Pace } from '../../base/pace.ts'

describe('Pace', () => {
  test('a burst goes at once, and what follows keeps to the rate', () => {
    const pace = new Pace(3, 5, () => 1000)
    expect([1, 2, 3, 4, 5].map(() => pace.waitMs())).toEqual([0, 0, 0, 200, 400])
  })

  test('what was not used comes back with time, up to the burst', () => {
    let now = 0
    const pace = new Pace(2, 10, () => now)
    pace.waitMs()
    pace.waitMs()
    now = 60_000
    expect([1, 2, 3].map(() => pace.waitMs())).toEqual([0, 0, 100])
  })

  test('a clock that jumps back refills nothing', () => {
    let now = 10_000
    const pace = new Pace(1, 1, () => now)
    pace.waitMs()
    now = 0
    expect(pace.waitMs()).toBe(1000)
  })

  test('whoever waits as told never goes faster than burst plus rate', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 }), { maxLength: 200 }), (gaps) => {
        let now = 0
        const pace = new Pace(5, 10, () => now)
        let gone = 0
        for (const gap of gaps) {
          now += gap
          now += pace.waitMs()
          gone++
          expect(gone).toBeLessThanOrEqual(5 + (now / 1000) * 10 + 1e-6)
        }
      }),
    )
  })
})
