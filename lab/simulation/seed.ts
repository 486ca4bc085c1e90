/** Runs the world of one seed to its end and tells what came of it. Nothing but the seed decides what happens. */
import { describeError } from '../../base/errors.ts'
import { type Fault, judge } from './check.ts'
import { Disk } from './disk.ts'
import { World } from './world.ts'

export const FIGURES = [
  'messages',
  'shown',
  'repeats',
  'crashes',
  'powerCuts',
  'tornWrites',
  'diskFailures',
  'sessions',
] as const

export interface Outcome {
  readonly seed: number
  readonly faults: readonly Fault[]
  readonly figures: Readonly<Record<(typeof FIGURES)[number], number>>
}

/** @param folder where its files lie meanwhile. */
export function runSeed(seed: number, folder: string): Outcome {
  using disk = new Disk(folder, String(seed), seed % 8 !== 0)
  const world = new World(seed, disk)
  const faults: Fault[] = []
  try {
    world.run()
    const ledger = disk.open()
    try {
      faults.push(...judge(world, ledger))
    } finally {
      ledger.close()
    }
  } catch (error) {
    faults.push({ kind: 'unexpected', text: `it ended with an error: ${describeError(error)}` })
  }
  const { seen } = world.sightings
  const messages = [...world.feeds.values()].flatMap(({ everything }) =>
    everything.filter((row) => !('raw' in row)),
  )
  return {
    seed,
    faults,
    figures: {
      messages: messages.length,
      shown: new Set(seen.map(({ activityId }) => activityId)).size,
      repeats: seen.filter(({ redelivered }) => redelivered).length,
      ...world.figures,
    },
  }
}
