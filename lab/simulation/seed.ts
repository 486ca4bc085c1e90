/** Runs the world of one seed to its end and returns the outcome. Only the seed decides what happens. */
import { describeError } from '../../base/errors.ts'
import { type Fault, judge } from './check.ts'
import { Storage } from './storage.ts'
import { World } from './world.ts'

export const FIGURES = [
  'messages',
  'shown',
  'repeats',
  'receipts',
  'digests',
  'tasks',
  'verdicts',
  'heartbeats',
  'crashes',
  'powerCuts',
  'tornWrites',
  'diskFailures',
  'busyWrites',
  'sessions',
  'claims',
  'suspensions',
  'hours',
  'revocations',
  'clocksSet',
  'restores',
  'foldersRestored',
  'skews',
  'histories',
  'deafStarts',
] as const

export interface Outcome {
  readonly seed: number
  readonly faults: readonly Fault[]
  readonly figures: Readonly<Record<(typeof FIGURES)[number], number>>
  /** Events whose writing began. */
  readonly writes: number
}

/** @param folder where its files are kept during the run. */
export function runSeed(seed: number, folder: string): Outcome {
  using storage = new Storage(folder, String(seed), seed % 16 !== 0)
  const world = new World(seed, storage)
  const faults: Fault[] = []
  try {
    world.run()
    faults.push(...judge(world))
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : describeError(error)
    faults.push({ kind: 'unexpected', text: `it ended with an error: ${text}` })
  } finally {
    world.end()
  }
  const { begun, read, verdicts } = world.sightings
  const rows = world.platform.workspaces.flatMap(({ feed }) => feed.everything)
  const counts: Record<(typeof FIGURES)[number], number> = {
    messages: rows.filter((row) => !('raw' in row)).length,
    shown: new Set(read.map(({ activityId }) => activityId)).size,
    repeats: read.filter(({ redelivered }) => redelivered).length,
    receipts: world.receipts.length,
    digests: world.sightings.digests,
    tasks: world.platform.workspaces.reduce((sum, { tasks }) => sum + tasks.all.length, 0),
    verdicts: verdicts.length,
    heartbeats: world.platform.workspaces.reduce((sum, { records }) => sum + records.heartbeats.length, 0),
    ...world.figures,
  }
  return { seed, faults, figures: counts, writes: begun.length }
}
