import { expect, test } from 'bun:test'
import { Elapsed } from '../../base/elapsed.ts'

test('time adds up, and a clock that goes back takes away only what lies between two questions', () => {
  let now = 1_000
  const elapsed = new Elapsed(() => now, 500, 60_000)
  expect(elapsed.ms).toBe(500)
  now = 3_000
  expect(elapsed.ms).toBe(2_500)
  now = -1_000_000
  expect(elapsed.ms).toBe(62_500)
  now += 7
  expect(elapsed.ms).toBe(62_507)
})
