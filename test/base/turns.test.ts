import { expect, test } from 'bun:test'
import { inTurns } from '../../base/turns.ts'
import { SimClock, settled } from '../../lab/simulation/sim-clock.ts'

/** Pieces of work that take six milliseconds each. */
function slowWork() {
  const clock = new SimClock()
  const stop = new AbortController()
  const done: number[] = []
  let worked = 0
  const work = (item: number): number => {
    worked += 6
    done.push(item)
    return item * 10
  }
  const timing = { clock: { now: () => clock.now() + worked, after: clock.after }, signal: stop.signal }
  return { clock, stop, done, results: inTurns([1, 2, 3, 4, 5], work, timing) }
}

test('long work lets everything else happen after ten milliseconds of it', async () => {
  const { clock, done, results } = slowWork()
  await settled()
  expect(done).toEqual([1, 2])
  await clock.advance(0)
  expect(await results).toEqual([10, 20, 30, 40, 50])
})

test('long work ends where its signal aborts', async () => {
  const { stop, done, results } = slowWork()
  const outcome = results.catch((error: unknown) => error)
  await settled()
  stop.abort(new Error('the end'))
  expect([await outcome, done]).toEqual([new Error('the end'), [1, 2]])
})
