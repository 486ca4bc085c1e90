import { expect, test } from 'bun:test'
import { systemClock } from '../../base/clock.ts'
import { Wake } from '../../base/wake.ts'
import { SimClock, settled } from '../../lab/simulation/sim-clock.ts'
import { countListeners } from '../fixtures/listeners.ts'

function countingSignal() {
  const controller = new AbortController()
  const { signal } = controller
  return { controller, signal, listeners: countListeners(signal) }
}

test('a wake that came before the wait ends it at once, and only that one', async () => {
  const clock = new SimClock()
  const wake = new Wake(clock)
  const { signal } = new AbortController()
  wake.notify()
  wake.notify()
  expect(await wake.wait(1_000, signal)).toBe(true)
  let second: boolean | undefined
  void wake.wait(1_000, signal).then((woken) => {
    second = woken
  })
  await clock.advance(999)
  expect(second).toBeUndefined()
  await clock.advance(1)
  expect(second).toBe(false)
})

test('a wake during the wait ends it', async () => {
  const clock = new SimClock()
  const wake = new Wake(clock)
  const waiting = wake.wait(1_000, new AbortController().signal)
  wake.notify()
  expect(await waiting).toBe(true)
  expect(clock.armed).toBe(0)
})

test('the signal ends the wait, and no later one begins', async () => {
  const clock = new SimClock()
  const wake = new Wake(clock)
  const stop = new AbortController()
  const waiting = wake.wait(1_000, stop.signal)
  stop.abort()
  expect([await waiting, await wake.wait(1_000, stop.signal)]).toEqual([false, false])
  expect(clock.armed).toBe(0)
})

test('a wait without a limit has no timer', async () => {
  const clock = new SimClock()
  const wake = new Wake(clock)
  const waiting = wake.wait(Number.POSITIVE_INFINITY, new AbortController().signal)
  await settled()
  expect(clock.armed).toBe(0)
  wake.notify()
  expect(await waiting).toBe(true)
})

test('however many waits there were, nothing is left listening to the signal', async () => {
  const { controller, signal, listeners } = countingSignal()
  const wake = new Wake(systemClock)
  for (let n = 0; n < 50; n++) {
    const waiting = wake.wait(n % 2 === 0 ? 0 : 60_000, signal)
    if (n % 2 === 1) wake.notify()
    await waiting
  }
  expect(listeners()).toBe(0)
  controller.abort()
  await wake.wait(60_000, signal)
  expect(listeners()).toBe(0)
})
