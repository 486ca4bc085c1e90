/** Lays what a simulated world remembers before the judge of the promise, and checks the other promises itself. */
import type { Evidence, Message } from '../judge/evidence.ts'
import { judge as judgePromise } from '../judge/judge.ts'
import type { Fault } from '../judge/verdict.ts'
import { judgeTasks, judgeVerdicts } from './check-deeds.ts'
import { judgeAcknowledgements, judgePresence } from './check-presence.ts'
import type { ModelRow } from './model-feed.ts'
import { CHATTERBOX } from './people.ts'
import type { World } from './world.ts'

export { FAULT_KINDS, type Fault } from '../judge/verdict.ts'

/** The platform counts its windows in whole seconds from the request, so the beginning may be this early. */
const EARLY_MS = 2_500
/** A request for a window may be in flight for long, so the beginning may be this late. */
const LATE_MS = 10_500

/** Called when the world has come to its end. */
export function judge(world: World): Fault[] {
  const others = [
    ...world.faults,
    ...judgePresence(world),
    ...judgeAcknowledgements(world),
    ...judgeTasks(world),
    ...judgeVerdicts(world),
  ]
  return [
    ...others.map((text): Fault => ({ kind: 'unexpected', text })),
    ...judgePromise(evidenceOf(world)).faults,
  ]
}

function evidenceOf(world: World): Evidence {
  const { platform, sightings, storage, receipts, erasures } = world
  return {
    messages: platform.workspaces.flatMap(({ id, feed, tasks }) => [
      ...messagesOf(world, id, feed.everything),
      // The result of a task that the platform carried out, as the plugin tells it when it asked for it itself.
      ...tasks.all.map(
        (task): Message => ({
          workspaceId: id,
          activityId: `delegation-${task.id}`,
          name: `the result of ${task.id}, asked for`,
          duty: 'allowed',
          ordered: false,
        }),
      ),
    ]),
    written: sightings.begun,
    read: sightings.read,
    receipts,
    erasures,
    recordOf: ({ workspaceId, activityId }) => storage.recordOf(workspaceId, activityId),
    waiting: new Map(platform.workspaces.map(({ id }) => [id, storage.waiting(id)])),
  }
}

function messagesOf(world: World, workspaceId: string, rows: readonly ModelRow[]): readonly Message[] {
  const moments = new Map<number, number>()
  for (const { at } of rows) moments.set(at, (moments.get(at) ?? 0) + 1)
  return rows
    .toSorted((a, b) => a.at - b.at || a.seq - b.seq)
    .map((row) => ({
      workspaceId,
      activityId: row.id,
      name: `${workspaceId} ${row.text} (${row.id})`,
      duty: dutyOf(world, workspaceId, row),
      ordered:
        !isLate(row) &&
        // An older platform's cursor cannot tell rows of the same moment apart.
        !(world.timestampCursor && (moments.get(row.at) ?? 0) > 1) &&
        // What the loop guard holds, and what a call waits for, is shown later.
        row.from !== CHATTERBOX.id &&
        row.delegationId === undefined,
    }))
}

function dutyOf(world: World, workspaceId: string, row: ModelRow): Message['duty'] {
  if ('raw' in row) return 'forbidden'
  // The platform's own word on a task may have been told before; an answer to a permission request is for the host.
  if (row.result !== undefined || isTold(world, workspaceId, row)) return 'allowed'
  if (/^(?:yes|no) [a-z]{5}$/.test(row.text)) return 'allowed'
  const atMs = row.at / 1000
  const windowMs = world.windowSecs * 1000
  const lastBegunAt = world.lastBegunAt.get(workspaceId) ?? 0
  if (isLate(row)) {
    // What is dated before the first page counts as older than the membership. Without `before_ts` nothing older than
    // the newest rows can be read again, so a late row is not found.
    const isFound =
      !world.ignoresBeforeTs && atMs > (world.storedAt.get(workspaceId) ?? Number.POSITIVE_INFINITY)
    return isFound ? 'required' : 'allowed'
  }
  if (atMs < (world.firstBegunAt.get(workspaceId) ?? 0) - windowMs - EARLY_MS) return 'forbidden'
  return atMs >= lastBegunAt - windowMs + LATE_MS ? 'required' : 'allowed'
}

/** The result of a call that told an answer has left its process, whose host may have ended before it read it. */
function isTold({ storage }: World, workspaceId: string, { id, delegationId }: ModelRow): boolean {
  return delegationId !== undefined && storage.recordOf(workspaceId, id)?.state === 'answered'
}

function isLate(row: ModelRow): boolean {
  return row.visibleAt > row.at
}
