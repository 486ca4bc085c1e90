/** Hands the record of a simulated world to the judge. */
import type { Ledger } from '../../member/ledger/ledger.ts'
import type { Evidence, Message } from '../judge/evidence.ts'
import { judge as judgeEvidence } from '../judge/judge.ts'
import type { Fault } from '../judge/verdict.ts'
import type { ModelRow } from './model-feed.ts'
import type { World } from './world.ts'

export { FAULT_KINDS, type Fault } from '../judge/verdict.ts'

/** The platform counts its windows in whole seconds from the request, so the beginning may be this early. */
const EARLY_MS = 2_500
/** A request for a window may be in flight for long, so the beginning may be this late. */
const LATE_MS = 10_500
/** A message that was committed late is owed only when it is dated this long after the session began. */
const OVERLAP_MS = 20_000

/** @param ledger as it is at the end. */
export function judge(world: World, ledger: Ledger): Fault[] {
  const faults = world.faults.map((text): Fault => ({ kind: 'unexpected', text }))
  return [...faults, ...judgeEvidence(evidenceOf(world, ledger)).faults]
}

function evidenceOf(world: World, ledger: Ledger): Evidence {
  return {
    messages: [...world.feeds].flatMap(([workspaceId, { everything }]) =>
      messagesOf(world, workspaceId, everything),
    ),
    written: world.sightings.begun,
    read: world.sightings.seen,
    receipts: world.receipts,
    erasures: world.erasures,
    recordOf: ({ workspaceId, activityId }) => ledger.find(activityId, [workspaceId]),
    waiting: new Map([...world.feeds.keys()].map((id) => [id, ledger.waiting(id)])),
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
      // An older platform's cursor cannot tell rows of the same moment apart.
      ordered: !isLate(row) && !(world.timestampCursor && (moments.get(row.at) ?? 0) > 1),
    }))
}

function dutyOf(world: World, workspaceId: string, row: ModelRow): Message['duty'] {
  if ('raw' in row) return 'forbidden'
  const atMs = row.at / 1000
  const windowMs = world.windowSecs * 1000
  const lastBegunAt = world.lastBegunAt.get(workspaceId) ?? 0
  if (isLate(row)) {
    // Without `before_ts` nothing older than the newest rows can be read again, so a late row is not found.
    const isFound = !world.ignoresBeforeTs && atMs >= lastBegunAt + OVERLAP_MS + LATE_MS
    return isFound ? 'required' : 'allowed'
  }
  if (atMs < (world.firstBegunAt.get(workspaceId) ?? 0) - windowMs - EARLY_MS) return 'forbidden'
  return atMs >= lastBegunAt - windowMs + LATE_MS ? 'required' : 'allowed'
}

function isLate(row: ModelRow): boolean {
  return row.visibleAt > row.at
}
