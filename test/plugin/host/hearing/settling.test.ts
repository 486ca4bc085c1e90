import { expect, test } from 'bun:test'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { Settling } from '../../../../plugin/host/hearing/settling.ts'
import { SETTLED_MS } from '../../../../plugin/host/hearing/silence.ts'

function scene() {
  const clock = new SimClock()
  const closing = new AbortController()
  return { clock, closing, settling: new Settling(clock, closing.signal) }
}

test('what was written has had its time thirty seconds later, and what was written meanwhile thirty after that', async () => {
  const { clock, settling } = scene()
  const first = clock.now()
  settling.sent()
  await clock.advance(SETTLED_MS / 2)
  const second = clock.now()
  settling.sent()
  await clock.advance(SETTLED_MS / 2 + 1)
  expect(settling.before).toBeGreaterThan(first)
  expect(settling.before).toBeLessThanOrEqual(second)
  await clock.advance(SETTLED_MS)
  expect(settling.before).toBeGreaterThan(second)
})

test('neither a clock that is set nor a machine that sleeps makes a message old', async () => {
  const { clock, settling } = scene()
  const written = clock.now()
  settling.sent()
  clock.sleepMachine(3_600_000)
  expect(settling.before).toBeLessThanOrEqual(written)
  await clock.advance(SETTLED_MS + 1)
  expect(settling.before).toBeGreaterThan(written)
})

test('nothing is timed once the session is over', () => {
  const { clock, closing, settling } = scene()
  settling.sent()
  closing.abort()
  settling.sent()
  expect(clock.armed).toBe(0)
})
