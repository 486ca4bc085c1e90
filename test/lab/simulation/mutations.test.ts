import { expect, test } from 'bun:test'
import { firstFailure, hunt } from '../../../lab/simulation/mutation-hunt.ts'
import { MUTATIONS } from '../../../lab/simulation/mutations.ts'

/** Each of the breaks shows within so many seeds; the whole sources pass them. */
const SEEDS = 400

test('a rule that is broken in the sources is found by the simulation, and whole sources pass', async () => {
  const [whole, finds] = await Promise.all([firstFailure(SEEDS), hunt(MUTATIONS, SEEDS, 2)])
  expect(whole).toBeUndefined()
  expect(finds.filter(({ failure }) => failure === undefined)).toEqual([])
  expect(finds.map(({ name }) => name)).toEqual(MUTATIONS.map(({ name }) => name))
}, 120_000)

test('a break whose text is not found in its file is an error, and no break that was not found', async () => {
  const [mutation] = MUTATIONS
  if (mutation === undefined) throw new Error('no mutation')
  const gone = { ...mutation, find: 'a text that stands nowhere' }
  await expect(firstFailure(1, gone)).rejects.toThrow('its text stands 0 times')
  await expect(firstFailure(1, { ...mutation, find: 'workspaceId' })).rejects.toThrow(/stands \d+ times/)
})
