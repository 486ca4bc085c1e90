import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { breakCopy, failingSeed, failingTest, hunt } from '../../../lab/simulation/mutation-hunt.ts'
import { MUTATIONS, type Mutation } from '../../../lab/simulation/mutations.ts'
import { copySources } from '../../../lab/simulation/source-copy.ts'

/** Each break that the simulation finds shows within this many seeds. */
const SEEDS = 600
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const bySeeds = MUTATIONS.filter(({ finder }) => finder !== 'tests')
const byTests = MUTATIONS.filter(({ finder }) => finder === 'tests')

test('the simulation finds each break that it is to find, and a named test finds its own', async () => {
  // `./molecule simulate --mutations` tries all of them, which takes as long as a quarter of the suite.
  const tried = [...bySeeds.slice(0, 2), ...byTests.slice(0, 1)]
  const finds = await hunt(tried, SEEDS, 2)
  expect(finds.filter(({ by }) => by === undefined)).toEqual([])
  expect(finds.map(({ name }) => name)).toEqual(tried.map(({ name }) => name))
}, 300_000)

test('the text of each break occurs exactly once in its file', () => {
  const count = ({ file, find }: Mutation): number =>
    readFileSync(join(ROOT, file), 'utf8').split(find).length - 1
  expect(MUTATIONS.filter((mutation) => count(mutation) !== 1).map(({ name }) => name)).toEqual([])
})

test('neither finds anything in the sources as they are', async () => {
  using copy = copySources()
  const tests = byTests.slice(0, 3).flatMap((mutation) => (mutation.finder === 'tests' ? mutation.tests : []))
  expect(await failingTest(copy.folder, [...new Set(tests)])).toBeUndefined()
  expect(await failingSeed(copy.folder, 20, 'session')).toBeUndefined()
}, 300_000)

test('each test that is to find a break is in the copy that is broken', () => {
  using copy = copySources()
  const files = byTests.flatMap((mutation) => (mutation.finder === 'tests' ? mutation.tests : []))
  expect(files.filter((file) => !existsSync(join(copy.folder, file)))).toEqual([])
})

test('a break whose text does not occur exactly once in its file is an error', () => {
  using copy = copySources()
  const [mutation] = MUTATIONS
  if (mutation === undefined) throw new Error('no mutation')
  const broken = (find: string): (() => void) => breakCopy(copy.folder, { ...mutation, find })
  expect(() => broken('a text that occurs nowhere')).toThrow('its text occurs 0 times')
  expect(() => broken('const ')).toThrow(/occurs \d+ times/)
})
