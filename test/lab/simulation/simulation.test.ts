import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { runHere } from '../../../lab/simulation/run.ts'
import { RUNNER } from '../../../lab/simulation/runner/runner-seed.ts'
import { SESSION } from '../../../lab/simulation/seed.ts'
import { simulationFolder } from '../../../lab/simulation/storage.ts'
import { explain, sum } from '../../../lab/simulation/tally.ts'

const SEEDS = 80
/** The first with a long history, which few have. */
const LONG_HISTORY = 169
const RUNNER_SEEDS = 40

let folder = ''
beforeAll(() => {
  folder = simulationFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('whatever goes wrong, every message is shown, in order, and marked when it may have been seen', () => {
  const ranges = [
    { from: 1, seeds: SEEDS },
    { from: LONG_HISTORY, seeds: 1 },
  ]
  const { figures, failures } = ranges
    .map((range) => runHere({ ...range, simulation: 'session', step: 1, untilFailure: false }))
    .reduce(sum)
  expect(failures.map((failure) => explain(SESSION, failure))).toEqual([])
  // A world in which one of them never happened would prove less than it says.
  for (const [name, value] of Object.entries(figures)) expect(value, name).toBeGreaterThan(0)
}, 300_000)

test('whatever goes wrong, every message of a peer is answered, once, in order, or set aside and its sender told', () => {
  const { figures, failures } = runHere({
    simulation: 'runner',
    from: 1,
    seeds: RUNNER_SEEDS,
    step: 1,
    untilFailure: false,
  })
  expect(failures.map((failure) => explain(RUNNER, failure))).toEqual([])
  for (const [name, value] of Object.entries(figures)) expect(value, name).toBeGreaterThan(0)
}, 300_000)

test.each([
  ['session', SESSION],
  ['runner', RUNNER],
])('a seed of a %s gives the same run each time, whatever ran before it', (_, { runSeed }) => {
  const first = runSeed(7, folder)
  for (const other of [8, 9]) runSeed(other, folder)
  expect(runSeed(7, folder)).toEqual(first)
})
