import { expect, test } from 'bun:test'
import { failingSeed, failingTest, hunt } from '../../../lab/simulation/mutation-hunt.ts'
import { MUTATIONS } from '../../../lab/simulation/mutations.ts'

/** Each break that the simulation finds shows within this many seeds. */
const SEEDS = 400

test('the simulation, or a test of the wiring, finds each break of the sources', async () => {
  const finds = await hunt(MUTATIONS, SEEDS, 2)
  expect(finds.filter(({ by }) => by === undefined)).toEqual([])
  expect(finds.map(({ name }) => name)).toEqual(MUTATIONS.map(({ name }) => name))
}, 120_000)

test('neither finds anything in the sources as they are', async () => {
  const tests = MUTATIONS.flatMap((mutation) => (mutation.finder === 'tests' ? mutation.tests : []))
  expect(await Promise.all([failingSeed(40), failingTest([...new Set(tests)])])).toEqual([
    undefined,
    undefined,
  ])
}, 60_000)

test('a break whose text is not found in its file is an error', async () => {
  const [mutation] = MUTATIONS
  if (mutation === undefined) throw new Error('no mutation')
  const gone = { ...mutation, find: 'a text that occurs nowhere' }
  await expect(failingSeed(1, gone)).rejects.toThrow('its text occurs 0 times')
  await expect(failingTest([], { ...mutation, find: 'const ' })).rejects.toThrow(/occurs \d+ times/)
})
