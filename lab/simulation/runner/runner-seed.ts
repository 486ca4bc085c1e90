/** The real runner in the world of one seed. */
import { describeError } from '../../../base/errors.ts'
import type { Fault, Outcome, Simulation } from '../outcome.ts'
import { Storage } from '../storage.ts'
import { judgeRunner, RUNNER_FAULT_KINDS } from './runner-check.ts'
import { RunnerWorld, WORKSPACE } from './runner-world.ts'

const FIGURES = {
  messages: 'messages',
  answers: 'answers to peers',
  notices: 'answers to the person',
  copies: 'answers sent again',
  setAside: 'set aside',
  tasks: 'tasks given by a session',
  tries: 'given to the backend',
  repeats: 'marked repeats',
  runners: 'runners started',
  crashes: 'crashes',
  terminations: 'ended by a signal',
  suspensions: 'suspensions',
  powerCuts: 'power cuts',
  tornWrites: 'torn writes',
  diskFailures: 'disk failures',
  busyWrites: 'writes that met another',
  outages: 'outages of the platform',
  claims: 'claims of a session',
} as const

export const RUNNER: Simulation = {
  options: ['--runner'],
  figures: FIGURES,
  faultKinds: RUNNER_FAULT_KINDS,
  runSeed,
}

function runSeed(seed: number, folder: string): Outcome {
  using storage = new Storage(folder, `runner-${seed}`, seed % 16 !== 0)
  const world = new RunnerWorld(seed, storage)
  const faults: Fault[] = []
  try {
    world.run()
    faults.push(...judgeRunner(world))
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : describeError(error)
    faults.push({ kind: 'unexpected', text: `it ended with an error: ${text}` })
  } finally {
    world.end()
  }
  const { feed, records } = world.workspace
  const { processes: _, ...counts } = world.figures
  const figures: Record<keyof typeof FIGURES, number> = {
    messages: feed.everything.length,
    answers: records.messages.length,
    notices: records.notices.length,
    copies: records.messages.reduce((sum, { copies }) => sum + copies - 1, 0),
    setAside: feed.everything.filter(({ id }) => storage.recordOf(WORKSPACE, id)?.state === 'skipped').length,
    tasks: world.left.size,
    repeats: world.sightings.read.filter(({ redelivered }) => redelivered).length,
    ...counts,
  }
  return { seed, faults, figures, writes: world.sightings.begun.length }
}
