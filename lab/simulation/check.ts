/** Passes the records of a simulated world to the judge, and checks the other guarantees itself. */
import type { Evidence, Message } from '../judge/evidence.ts'
import { judge as judgePromise } from '../judge/judge.ts'
import type { Fault } from '../judge/verdict.ts'
import { judgeReplies, judgeTasks, judgeVerdicts } from './check-deeds.ts'
import { answersOf, judgeNotices } from './check-inquiries.ts'
import { judgeAcknowledgements, judgePresence } from './check-presence.ts'
import { judgeReceipts } from './check-receipts.ts'
import type { ModelRow } from './model-feed.ts'
import { CHATTERBOX } from './people.ts'
import type { World } from './world.ts'

export { FAULT_KINDS, type Fault } from '../judge/verdict.ts'

/** The platform counts its windows in whole seconds from the request, so a window may begin this early. */
const EARLY_MS = 2_500
/** A request for a window may be in flight for a long time, so it may begin this late. */
const LATE_MS = 10_500
/** An answer to a permission request. */
const VERDICT = /^(?:yes|no) [a-z]{5}$/

/** Called at the end of the world. */
export function judge(world: World): Fault[] {
  const others = [
    ...world.faults,
    ...judgePresence(world),
    ...judgeAcknowledgements(world),
    ...judgeTasks(world),
    ...judgeReplies(world),
    ...judgeVerdicts(world),
    ...judgeNotices(world),
    ...judgeReceipts(world),
  ]
  return [
    ...others.map((text): Fault => ({ kind: 'unexpected', text })),
    ...judgePromise(evidenceOf(world)).faults,
  ]
}

function evidenceOf(world: World): Evidence {
  const { platform, sightings, storage, receipts, erasures } = world
  return {
    messages: platform.workspaces.flatMap(({ id, feed, tasks, records, requests }) => [
      ...messagesOf(world, id, feed.everything),
      ...answersOf(world, id, requests.all),
      // The result of a task that the platform carried out, as the plugin shows it after asking for it.
      ...tasks.all.map(
        (task): Message => ({
          workspaceId: id,
          activityId: `delegation-${task.id}`,
          name: `the result of ${task.id}, asked for`,
          duty: 'allowed',
          ordered: false,
        }),
      ),
      // What a peer answers in the response to a message, or that it never arrived, if the call that sent it ended before.
      ...[...records.attempted].map(
        (messageId): Message => ({
          workspaceId: id,
          activityId: `answer-${messageId}`,
          name: `the answer to message ${messageId}`,
          duty: 'allowed',
          ordered: false,
        }),
      ),
    ]),
    written: sightings.begun.filter((showing) => !sightings.dropped.has(showing)),
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
      name: `${workspaceId} ${row.text}`,
      duty: dutyOf(world, workspaceId, row),
      ordered:
        !isLate(row) &&
        !(row.writtenAt / 1000 >= (world.upheavals.setAt ?? Number.POSITIVE_INFINITY)) &&
        // An older platform's cursor cannot tell rows with the same timestamp apart.
        !(world.timestampCursor && (moments.get(row.at) ?? 0) > 1) &&
        // Messages held by the loop guard, and those a call waits for, are shown later.
        row.from !== CHATTERBOX.id &&
        // A verdict that was passed on and then forgotten in a power cut comes back as a message.
        !VERDICT.test(row.text) &&
        row.delegationId === undefined,
    }))
}

function dutyOf(world: World, workspaceId: string, row: ModelRow): Message['duty'] {
  if ('raw' in row) return 'forbidden'
  // The platform's own report on a task may have been shown before; an answer to a permission request is for the host.
  if (row.result !== undefined || isTold(world, workspaceId, row)) return 'allowed'
  if (VERDICT.test(row.text) || world.upheavals.exempt.has(row.id)) return 'allowed'
  // Of a request whose answer is read from the request itself, as far as the ledger knows it.
  if (row.noticeOf !== undefined) return 'allowed'
  const atMs = row.writtenAt / 1000
  const windowMs = world.windowSecs * 1000
  const lastBegunAt = world.lastBegunAt.get(workspaceId) ?? 0
  const { setAt } = world.upheavals
  // A window counts by the platform's clock, which jumped: what it holds of the time before is chance.
  if (setAt !== undefined && (isLate(row) || (atMs < lastBegunAt && lastBegunAt > setAt))) return 'allowed'
  // Without numbers, nothing tells a new row that is dated before the first start from an old one.
  if (world.timestampCursor && row.at < row.writtenAt) return 'allowed'
  if (isLate(row)) {
    // A row dated before the first page counts as older than the membership. Without `before_ts` nothing older than the
    // newest rows can be read again, so a late row is not found.
    const isFound =
      !world.ignoresBeforeTs && atMs > (world.storedAt.get(workspaceId) ?? Number.POSITIVE_INFINITY)
    return isFound ? 'required' : 'allowed'
  }
  if (atMs < (world.firstBegunAt.get(workspaceId) ?? 0) - windowMs - EARLY_MS) {
    // While nothing is stored, a clock of our own that is set back makes the window a little longer.
    const { setAt: ownSetAt } = world.misfortunes
    const storedAt = world.storedAt.get(workspaceId) ?? Number.POSITIVE_INFINITY
    return ownSetAt !== undefined && ownSetAt < storedAt ? 'allowed' : 'forbidden'
  }
  return atMs >= lastBegunAt - windowMs + LATE_MS ? 'required' : 'allowed'
}

/** The result of a call that contains an answer has left the process; its host may have ended before reading it. */
function isTold({ storage }: World, workspaceId: string, { id, delegationId }: ModelRow): boolean {
  return delegationId !== undefined && storage.recordOf(workspaceId, id)?.state === 'answered'
}

function isLate(row: ModelRow): boolean {
  return row.visibleAt > row.writtenAt
}
