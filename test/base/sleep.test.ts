import { describe, expect, test } from 'bun:test'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'
import { countListeners } from '../fixtures/listeners.ts'

describe('sleep', () => {
  test('ends at once on abort, and does not begin after one', async () => {
    const stop = new AbortController()
    const sleeping = sleep(60_000, stop.signal, systemClock)
    stop.abort()
    await sleeping
    await sleep(60_000, stop.signal, systemClock)
  })

  test('leaves no listener on a long-lived signal', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    await sleep(1, signal, systemClock)
    expect(listeners()).toBe(0)
  })
})
