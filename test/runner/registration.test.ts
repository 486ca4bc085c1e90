import { expect, test } from 'bun:test'
import { pauseMs } from '../../runner/registration.ts'

test('the pauses between attempts double from one second to thirty, a little more or less', () => {
  const middle = () => 0.5
  expect([1, 2, 3, 4, 5, 6, 99].map((attempt) => pauseMs(attempt, undefined, middle))).toEqual([
    1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000,
  ])
  expect([pauseMs(1, undefined, () => 0), pauseMs(1, undefined, () => 1)]).toEqual([900, 1_100])
})

test('a platform may ask for a longer pause, but for no more than thirty seconds', () => {
  expect([pauseMs(1, 7_000, () => 0), pauseMs(1, 3_600_000, () => 0), pauseMs(1, 0, () => 0.5)]).toEqual([
    7_000, 30_000, 1_000,
  ])
})
