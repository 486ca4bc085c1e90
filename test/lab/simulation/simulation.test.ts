import { afterAll, beforeAll, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { runHere } from '../../../lab/simulation/run.ts'
import { runSeed } from '../../../lab/simulation/seed.ts'
import { simulationFolder } from '../../../lab/simulation/storage.ts'
import { explain } from '../../../lab/simulation/tally.ts'

const SEEDS = 200

let folder = ''
beforeAll(() => {
  folder = simulationFolder()
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('whatever goes wrong, every message is shown, in order, and marked when it may have been seen', () => {
  const { figures, failures } = runHere({ from: 1, seeds: SEEDS, step: 1, untilFailure: false })
  expect(failures.map(explain)).toEqual([])
  // A world in which one of them never happened would prove less than it says.
  for (const [name, value] of Object.entries(figures)) expect(value, name).toBeGreaterThan(0)
}, 300_000)

test('a seed gives the same run each time, whatever ran before it', () => {
  const first = runSeed(7, folder)
  for (const other of [8, 9]) runSeed(other, folder)
  expect(runSeed(7, folder)).toEqual(first)
})
