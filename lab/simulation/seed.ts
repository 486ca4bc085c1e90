/** The real session in the world of one seed. */
import { describeError } from '../../base/errors.ts'
import { FAULT_KINDS, type Fault, judge } from './check.ts'
import type { Outcome, Simulation } from './outcome.ts'
import { Storage } from './storage.ts'
import { World } from './world.ts'

const FIGURES = {
  messages: 'messages',
  shown: 'shown',
  repeats: 'marked repeats',
  receipts: 'receipts',
  digests: 'digests',
  tasks: 'tasks',
  inquiries: 'questions to the person',
  verdicts: 'verdicts',
  heartbeats: 'heartbeats',
  sessions: 'sessions',
  crashes: 'crashes',
  powerCuts: 'power cuts',
  tornWrites: 'torn writes',
  diskFailures: 'disk failures',
  busyWrites: 'writes that met another',
  claims: 'claims',
  suspensions: 'suspensions',
  hours: 'hours of sleep',
  revocations: 'revoked tokens',
  clocksSet: 'platform clocks set',
  restores: 'platforms restored',
  foldersRestored: 'state folders restored',
  skews: 'own clocks set',
  histories: 'long histories',
  deafStarts: 'deaf first starts',
  doorbells: 'lives with a doorbell',
  bells: 'bells rung',
  bellsHeard: 'bells heard',
  pages: 'pages read after bells',
} as const

export const SESSION: Simulation = { options: [], figures: FIGURES, faultKinds: FAULT_KINDS, runSeed }

/** @param folder where its files are kept during the run. */
function runSeed(seed: number, folder: string): Outcome {
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
  const counts: Record<keyof typeof FIGURES, number> = {
    messages: rows.filter((row) => !('raw' in row)).length,
    shown: new Set(read.map(({ activityId }) => activityId)).size,
    repeats: read.filter(({ redelivered }) => redelivered).length,
    receipts: world.receipts.length,
    digests: world.sightings.digests,
    tasks: world.platform.workspaces.reduce((sum, { tasks }) => sum + tasks.all.length, 0),
    inquiries: world.platform.workspaces.reduce((sum, { requests }) => sum + requests.all.length, 0),
    verdicts: verdicts.length,
    heartbeats: world.platform.workspaces.reduce((sum, { records }) => sum + records.heartbeats.length, 0),
    doorbells: world.doorbells.happens ? 1 : 0,
    bells: world.doorbells.book.rungCount,
    bellsHeard: world.doorbells.book.heardCount,
    pages: world.doorbells.book.pages,
    ...world.figures,
  }
  return { seed, faults, figures: counts, writes: begun.length }
}
