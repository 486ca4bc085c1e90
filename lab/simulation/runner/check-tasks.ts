/** Judges what a runner makes of the outcomes of tasks that a session of its workspace gave to others. */
import { existsSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { resultsFile } from '../../../runner/delegation-results.ts'
import { type RunnerWorld, WORKSPACE } from './runner-world.ts'

const lineSchema = z.object({
  delegation_id: z.string(),
  source_id: z.literal(WORKSPACE),
  status: z.string(),
})

/** An old task is looked up once a minute; the backend is told of what has ended once a minute, too. */
const ASKED_MS = 70_000
const WAKE_MS = 60_000
/** The same, less the time in which the first of two looks for whom to report to. */
const LEAST_APART_MS = 25_000

/** Each outcome is told once: in a line of the file and to the backend, or by a session. */
export function judgeTasks(world: RunnerWorld): readonly string[] {
  const { workspace, known, storage, clock, sightings, wakes } = world
  const { lines, faults } = readResults(resultsFile(storage.paths.folder))
  const read = new Set(sightings.read.map(({ activityId }) => activityId))
  const ended = workspace.tasks.all.filter(
    ({ id, status, answers: [first] }) =>
      known.has(id) &&
      (status === 'completed' || status === 'failed') &&
      first !== undefined &&
      clock.now() - first.at > ASKED_MS + WAKE_MS,
  )
  const untold = ended.flatMap(({ id }) => {
    const rows = workspace.feed.everything.filter(({ delegationId }) => delegationId === id)
    if ([`delegation-${id}`, ...rows.map((row) => row.id)].some((one) => read.has(one))) return []
    const own = lines.filter(({ delegation_id }) => delegation_id === id)
    if (own.length !== 1) return [`the outcome of task ${id} has ${own.length} lines`]
    const isWoken = wakes.some(({ text }) => text.includes(id))
    return isWoken ? [] : [`the backend was never told that task ${id} is over`]
  })
  const unsaid = lines
    .filter(({ delegation_id, status }) => status === 'failed' && known.has(delegation_id))
    .filter(
      ({ delegation_id }) => !workspace.records.notices.some(({ text }) => text.includes(delegation_id)),
    )
    .map(({ delegation_id }) => `the person was not told that task ${delegation_id} failed`)
  const hasty = wakes.filter(({ at }, index) => at - (wakes[index - 1]?.at ?? 0) < LEAST_APART_MS)
  const again = known.size === 0 ? [] : hasty.map(({ at }) => `the backend was told again too soon, at ${at}`)
  return [...faults, ...untold, ...unsaid, ...again]
}

function readResults(path: string) {
  const text = existsSync(path) ? readFileSync(path, 'utf8') : ''
  const lines: z.infer<typeof lineSchema>[] = []
  const faults: string[] = []
  for (const line of text.split('\n').slice(0, -1)) {
    try {
      lines.push(lineSchema.parse(JSON.parse(line)))
    } catch {
      faults.push(`a line of the outcomes is broken: ${line}`)
    }
  }
  return { lines, faults }
}
