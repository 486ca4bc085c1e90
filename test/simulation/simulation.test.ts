import { afterAll, beforeAll, expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runSeed } from './check.ts'

const SEEDS = 200
const one = process.env.SIMULATION_SEED
const seeds = one === undefined ? Array.from({ length: SEEDS }, (_, index) => index + 1) : [Number(one)]

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'molecule-simulation-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('whatever goes wrong, every message is shown, in order, and marked when it may have been seen', async () => {
  const failures: string[] = []
  let shown = 0
  let repeated = 0
  for (const seed of seeds) {
    const outcome = await runSeed(seed, folder)
    shown += outcome.shown
    repeated += outcome.repeated
    if (outcome.violations.length > 0) {
      failures.push(
        `replay with: SIMULATION_SEED=${seed} bun test test/simulation\n  ${outcome.violations.slice(0, 5).join('\n  ')}`,
      )
    }
  }
  expect(failures).toEqual([])
  expect(shown).toBeGreaterThan(0)
  // Without any repetition the crashes would have hit nothing.
  if (one === undefined) expect(repeated).toBeGreaterThan(0)
}, 60_000)

test('one seed gives the same run each time', async () => {
  const first = await runSeed(7, folder)
  const second = await runSeed(7, folder)
  expect(second).toEqual(first)
})
