/** An idle runner: its memory, its processor time, and how both grow with the number of its workspaces. */
import { pause } from '../../driver/pause.ts'
import { cpuMilliseconds, proportionalBytes, residentBytes } from '../../driver/process-figures.ts'
import type { Member, Scene } from '../../driver/scene.ts'
import { until } from '../../driver/until.ts'
import { mebibytes, milliseconds } from '../../statistics.ts'
import { elapsedMs } from '../../stopwatch.ts'
import { type Line, notKnown } from '../line.ts'
import { startRunner } from './runner.ts'

const MANY = 50
const MAX_BYTES = 64 * 1024 * 1024
const MAX_RATIO = 2
const MAX_CPU_SHARE = 0.005
const MAX_CPU_SHARE_OF_MANY = 0.05
const SETTLE_MS = 10_000
const IDLE_MS = 30_000
const START_WITHIN_MS = 60_000

export async function measureMany(scene: Scene): Promise<readonly Line[]> {
  const one = await rest(scene, [scene.member()])
  const many = await rest(
    scene,
    Array.from({ length: MANY }, () => scene.member()),
  )
  return [
    memory('memory at rest (RSS), one workspace', one.resident, MAX_BYTES),
    memory('memory at rest, shared pages divided (PSS), one workspace', one.proportional, MAX_BYTES),
    cpu('processor time at rest, one workspace', one.cpuShare, MAX_CPU_SHARE),
    ratio(one.resident, many.resident),
    cpu(`processor time at rest, ${MANY} workspaces`, many.cpuShare, MAX_CPU_SHARE_OF_MANY),
    {
      what: `${MANY} workspaces in one process, from its start until each answered`,
      measured: milliseconds(many.answeredMs),
      budget: '',
    },
  ]
}

interface Rest {
  readonly resident: number | undefined
  readonly proportional: number | undefined
  readonly cpuShare: number | undefined
  readonly answeredMs: number
}

/** Starts a runner for these workspaces, lets each answer once, and takes its figures while nothing happens. */
async function rest(scene: Scene, members: readonly Member[]): Promise<Rest> {
  const answersBefore = answersIn(scene)
  for (const { id } of members) await scene.person.write(id, 'one message, so that every part has run once')
  const from = elapsedMs()
  // Its polling interval and all else as by default.
  await using runner = await startRunner(scene, members, ['--backend', 'mock'], {
    MOLECULE_POLL_INTERVAL_MS: '',
  })
  await until('all answers', () => answersIn(scene) - answersBefore === members.length, START_WITHIN_MS)
  const answeredMs = elapsedMs() - from
  await pause(SETTLE_MS)
  const before = cpuMilliseconds(runner.pid)
  await pause(IDLE_MS)
  const after = cpuMilliseconds(runner.pid)
  return {
    resident: residentBytes(runner.pid),
    proportional: proportionalBytes(runner.pid),
    cpuShare: before === undefined || after === undefined ? undefined : (after - before) / IDLE_MS,
    answeredMs,
  }
}

function answersIn({ requests }: Scene): number {
  return requests.filter((request) => request.endsWith('/notify')).length
}

function memory(what: string, bytes: number | undefined, max: number): Line {
  if (bytes === undefined) return notKnown(what)
  return { what, measured: mebibytes(bytes), budget: `<= ${mebibytes(max)}`, met: bytes <= max }
}

function cpu(what: string, share: number | undefined, max: number): Line {
  if (share === undefined) return notKnown(what)
  const measured = `${(share * 100).toFixed(2)} % of a core`
  return { what, measured, budget: `<= ${max * 100} %`, met: share <= max }
}

function ratio(small: number | undefined, large: number | undefined): Line {
  const what = `memory with ${MANY} workspaces beside one (RSS)`
  if (small === undefined || large === undefined) return notKnown(what)
  return {
    what,
    measured: `${mebibytes(large)} beside ${mebibytes(small)} (${(large / small).toFixed(2)} x)`,
    budget: `<= ${MAX_RATIO} x`,
    met: large / small <= MAX_RATIO,
  }
}
