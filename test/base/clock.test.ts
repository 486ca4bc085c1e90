import { expect, test } from 'bun:test'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'

/** Resolves once the timers that are due have run. */
const turn = (ms: number): Promise<void> => sleep(ms, undefined, systemClock)

test('the clock of the system gives the time in milliseconds since the epoch', () => {
  const before = Date.now()
  const now = systemClock.now()
  expect(now).toBeWithin(before, Date.now() + 1)
})

test('its chance is uniform in [0, 1)', () => {
  const rolls = Array.from({ length: 1_000 }, () => systemClock.random())
  expect(rolls.every((roll) => roll >= 0 && roll < 1)).toBe(true)
  expect(new Set(rolls).size).toBeGreaterThan(900)
})

test('`after` runs once, and not before its caller has gone on', async () => {
  let runs = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  systemClock.after(0, () => {
    runs++
    resolve()
  })
  expect(runs).toBe(0)
  await promise
  await turn(5)
  expect(runs).toBe(1)
})

test('`every` runs again and again until it is cancelled, from within too', async () => {
  let runs = 0
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = systemClock.every(1, () => {
    if (++runs < 3) return
    cancel()
    resolve()
  })
  await promise
  await turn(10)
  expect(runs).toBe(3)
})

test('what is cancelled never runs, and cancelling twice does no harm', async () => {
  let runs = 0
  for (const arm of [systemClock.after, systemClock.every]) {
    const cancel = arm(1, () => runs++)
    cancel()
    cancel()
  }
  await turn(10)
  expect(runs).toBe(0)
})
