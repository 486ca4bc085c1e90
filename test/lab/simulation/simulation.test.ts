import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { runHere } from '../../../lab/simulation/run.ts'
import { RUNNER } from '../../../lab/simulation/runner/runner-seed.ts'
import { SESSION } from '../../../lab/simulation/seed.ts'
import type { SimulationName } from '../../../lab/simulation/simulations.ts'
import { simulationFolder } from '../../../lab/simulation/storage.ts'
import { EMPTY, explain, sum, type Tally } from '../../../lab/simulation/tally.ts'

/** The first ones, and those in which what is rare happens. `.ci/run` plays many more of both. */
const SESSION_SEEDS = [...Array(20).keys(), 22, 27, 51, 74, 169]
const RUNNER_SEEDS = [...Array(12).keys(), 19, 43]
const MOST_SEEDS = 400

/** Plays these seeds, and if the simulation has changed, others until everything has happened that can. */
function play(simulation: SimulationName, seeds: readonly number[]): Tally {
  const one = (from: number): Tally => runHere({ simulation, from, seeds: 1, step: 1, untilFailure: false })
  let total = seeds.map(one).reduce(sum, EMPTY)
  const others = Array.from({ length: MOST_SEEDS }, (_, seed) => seed).filter((seed) => !seeds.includes(seed))
  for (const seed of others) {
    if (Object.values(total.figures).every((value) => value > 0)) break
    total = sum(total, one(seed))
  }
  return total
}

let folder = ''
beforeAll(() => {
  folder = simulationFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('whatever goes wrong, every message is shown, in order, and marked when it may have been seen', () => {
  const { figures, failures } = play('session', SESSION_SEEDS)
  expect(failures.map((failure) => explain(SESSION, failure))).toEqual([])
  // A world in which one of them never happened would prove less than it says.
  for (const [name, value] of Object.entries(figures)) expect(value, name).toBeGreaterThan(0)
}, 300_000)

test('whatever goes wrong, every message of a peer is answered, once, in order, or set aside and its sender told', () => {
  const { figures, failures } = play('runner', RUNNER_SEEDS)
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
