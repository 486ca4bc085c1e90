/** Compares what was shown with what had to be. */
import { type Ledger, MAX_ATTEMPTS, MAX_UNSURE_ATTEMPTS } from '../../member/ledger/ledger.ts'
import type { ModelRow } from './model-feed.ts'
import type { Showing } from './sim-host.ts'
import type { World } from './world.ts'

export const FAULT_KINDS = ['lost', 'doubled unmarked', 'out of order', 'unexpected'] as const

export interface Fault {
  readonly kind: (typeof FAULT_KINDS)[number]
  readonly text: string
}

/** The platform counts its windows in whole seconds, from when it is asked: so far may the beginning be early. */
const EARLY_MS = 2_500
/** So far may it be late, as a request for a window may be long under way. */
const LATE_MS = 10_500

/** @param ledger as it is at the end. */
export function judge(world: World, ledger: Ledger): Fault[] {
  const faults: Fault[] = world.faults.map((text) => ({ kind: 'unexpected', text }))
  for (const [workspaceId, { everything }] of world.feeds) {
    const here = ({ workspaceId: of }: Showing): boolean => of === workspaceId
    const begun = world.sightings.begun.filter(here)
    const byId = new Map(everything.map((row) => [row.id, row]))
    faults.push(
      ...lost(world, ledger, workspaceId, everything, world.sightings.seen.filter(here)),
      ...unexpected(world, workspaceId, byId, begun),
      ...doubled(world, workspaceId, begun),
      ...disorder(begun, byId, world.timestampCursor),
    )
  }
  return faults
}

function lost(
  world: World,
  ledger: Ledger,
  workspaceId: string,
  all: readonly ModelRow[],
  seen: readonly Showing[],
): Fault[] {
  const shown = new Set(seen.map(({ activityId }) => activityId))
  const begin = world.lastBegunAt.get(workspaceId) ?? 0
  const missing = all.filter((row) => {
    if ('raw' in row || shown.has(row.id)) return false
    // Without `before_ts` nothing older than the newest rows can be read again, and so a late one not be found.
    if (isLate(row) && world.ignoresBeforeTs) return false
    const since = isLate(row) ? begin + 20_000 : begin - world.windowSecs * 1000
    if (row.at / 1000 < since + LATE_MS) return false
    // Written three times and never read: it is kept, and not tried for ever.
    const kept = ledger.find(row.id, [workspaceId])
    return kept?.state !== 'sent' || kept.attempts < MAX_ATTEMPTS
  })
  const waiting = ledger.waiting(workspaceId)
  return [
    ...missing.map(({ id, text }): Fault => ({ kind: 'lost', text: `${text} (${id})` })),
    ...(waiting === 0 ? [] : [{ kind: 'lost' as const, text: `${waiting} messages still wait at the end` }]),
  ]
}

function unexpected(
  world: World,
  workspaceId: string,
  byId: ReadonlyMap<string, ModelRow>,
  seen: readonly Showing[],
): Fault[] {
  const earliest = (world.firstBegunAt.get(workspaceId) ?? 0) - world.windowSecs * 1000 - EARLY_MS
  return [...new Set(seen.map(({ activityId }) => activityId))].flatMap((id): Fault[] => {
    const row = byId.get(id)
    if (row === undefined || 'raw' in row) return [{ kind: 'unexpected', text: id }]
    const isOld = !isLate(row) && row.at / 1000 < earliest
    return isOld ? [{ kind: 'unexpected', text: `from before the start: ${row.text}` }] : []
  })
}

/**
 * A message may come again only with the mark, not within one session, not after its receipt, and not without end. The
 * one exception: a power cut took every record that it was shown. Then it is as new, once.
 */
function doubled(world: World, workspaceId: string, seen: readonly Showing[]): Fault[] {
  const here = <T extends { readonly workspaceId: string }>(all: readonly T[]): readonly T[] =>
    all.filter((item) => item.workspaceId === workspaceId)
  const erasures = Map.groupBy(here(world.erasures), ({ activityId }) => activityId)
  const receipts = Map.groupBy(here(world.receipts), ({ activityId }) => activityId)
  const fault = (text: string, { activityId, order }: Showing): Fault => ({
    kind: 'doubled unmarked',
    text: `${text}: ${activityId} (write ${order})`,
  })
  return [...Map.groupBy(seen, ({ activityId }) => activityId)].flatMap(([id, showings]) => {
    const taken = erasures.get(id) ?? []
    const found = showings.flatMap((showing, index): Fault[] => {
      const earlier = showings.slice(0, index)
      /** Whether all that is known of `order` was taken by a power cut after it and before this showing. */
      const isForgotten = (order: number, isGone: (taking: (typeof taken)[number]) => boolean): boolean =>
        taken.some((taking) => taking.order > order && taking.order <= showing.order && isGone(taking))
      const last = earlier.at(-1)
      const isNew = last === undefined || isForgotten(last.order, ({ after }) => (after?.attempts ?? 0) === 0)
      const receipt = receipts
        .get(id)
        ?.find(
          ({ order }) =>
            order <= showing.order && !isForgotten(order - 1, ({ after }) => after?.state !== 'confirmed'),
        )
      return [
        ...(isNew || showing.redelivered ? [] : [fault('repeated without the mark', showing)]),
        ...(earlier.some(({ session }) => session === showing.session)
          ? [fault('twice within one session', showing)]
          : []),
        ...(receipt === undefined ? [] : [fault('shown again after its receipt', showing)]),
      ]
    })
    const forgotten = taken.reduce(
      (sum, { before, after }) => sum + before.attempts - (after?.attempts ?? 0),
      0,
    )
    const [first] = showings
    if (first !== undefined && showings.length > MAX_UNSURE_ATTEMPTS + forgotten) {
      found.push(fault(`shown ${showings.length} times`, first))
    }
    return found
  })
}

/** First deliveries follow the platform's order, save rows that it showed out of order itself. */
function disorder(
  seen: readonly Showing[],
  byId: ReadonlyMap<string, ModelRow>,
  timestampCursor: boolean,
): Fault[] {
  const moments = new Map<number, number>()
  for (const { at } of byId.values()) moments.set(at, (moments.get(at) ?? 0) + 1)
  const firsts = [...new Set(seen.map(({ activityId }) => activityId))].flatMap((id) => {
    const row = byId.get(id)
    if (row === undefined || isLate(row)) return []
    return timestampCursor && (moments.get(row.at) ?? 0) > 1 ? [] : [row]
  })
  return firsts.flatMap((row, index): Fault[] => {
    const previous = firsts[index - 1]
    const inOrder =
      previous === undefined || previous.at < row.at || (previous.at === row.at && previous.seq < row.seq)
    return inOrder ? [] : [{ kind: 'out of order', text: `${row.text} after ${previous.text}` }]
  })
}

function isLate(row: ModelRow): boolean {
  return row.visibleAt > row.at
}
