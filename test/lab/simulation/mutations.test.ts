import { afterAll, beforeAll, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { breakCopy, failingSeed, failingTest, hunt } from '../../../lab/simulation/mutation-hunt.ts'
import { MUTATIONS, type Mutation } from '../../../lab/simulation/mutations.ts'
import { copySources, type SourceCopy } from '../../../lab/simulation/source-copy.ts'

/** Each break that the simulation finds shows within this many seeds. */
const SEEDS = 600
const ROOT = fileURLToPath(new URL('../../..', import.meta.url))

const bySeeds = MUTATIONS.filter(({ finder }) => finder !== 'tests')
const byTests = MUTATIONS.flatMap((mutation) => (mutation.finder === 'tests' ? [mutation] : []))

let copy: SourceCopy
beforeAll(() => {
  copy = copySources()
})
afterAll(() => copy[Symbol.dispose]())

test('the simulation finds a break that it is to find, a named test finds its own, and neither finds one in the sources as they are', async () => {
  // Nearly every life shows this one.
  const seedBreak = bySeeds.find(({ name }) => name === 'a new holder repeats what is confirmed')
  const [testBreak] = byTests
  if (seedBreak === undefined || testBreak === undefined) throw new Error('no mutation')
  // `./molecule simulate --mutations` tries all of them.
  const finds = await hunt([seedBreak, testBreak], SEEDS, 1)
  expect(finds).toEqual([
    { name: seedBreak.name, by: expect.stringContaining('seed ') },
    { name: testBreak.name, by: expect.stringContaining('the test "') },
  ])
  expect(await failingTest(copy.folder, testBreak.tests)).toBeUndefined()
  expect(await failingSeed(copy.folder, 1, 'session')).toBeUndefined()
}, 300_000)

test('the text of each break occurs exactly once in its file', () => {
  const count = ({ file, find }: Mutation): number =>
    readFileSync(join(ROOT, file), 'utf8').split(find).length - 1
  expect(MUTATIONS.filter((mutation) => count(mutation) !== 1).map(({ name }) => name)).toEqual([])
})

test('each test that is to find a break is in the copy that is broken', () => {
  const files = byTests.flatMap(({ tests }) => tests)
  expect(files.filter((file) => !existsSync(join(copy.folder, file)))).toEqual([])
})

test('a break whose text does not occur exactly once in its file is an error', () => {
  const [mutation] = MUTATIONS
  if (mutation === undefined) throw new Error('no mutation')
  const broken = (find: string): (() => void) => breakCopy(copy.folder, { ...mutation, find })
  expect(() => broken('a text that occurs nowhere')).toThrow('its text occurs 0 times')
  expect(() => broken('const ')).toThrow(/occurs \d+ times/)
})
