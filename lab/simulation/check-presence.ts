/** Checks that each workspace was present as promised, and acknowledged what it has read. */
import type { SimWorkspace } from './platform/sim-workspace.ts'
import type { World } from './world.ts'

const INTERVAL_MS = 30_000
/** One interval, the stagger, a slow platform. */
const DUE_MS = INTERVAL_MS + 6_000
/** A refused token is accepted as invalid after thirty seconds, and requests in flight then may still arrive. */
const GIVEN_UP_MS = 120_000

export function judgePresence(world: World): string[] {
  return world.platform.workspaces.flatMap((workspace) => [
    ...judgePace(workspace),
    ...judgeEnd(world, workspace),
    ...judgeRefused(world, workspace),
  ])
}

/** A process beats about once per interval, however long the machine slept. */
function judgePace({ id, records }: SimWorkspace): string[] {
  return [...Map.groupBy(records.heartbeats, ({ process }) => process)].flatMap(([process, beats]) => {
    const early = beats.filter(({ sentAt }, index) => {
      const before = beats[index - 1]
      const registered = records.registrations.some(
        (one) => one.process === process && before !== undefined && one.at > before.sentAt && one.at < sentAt,
      )
      return before !== undefined && !registered && sentAt - before.sentAt < INTERVAL_MS - 1_000
    })
    return early.map(() => `process ${process} sent a heartbeat of ${id} too early`)
  })
}

/** At the end, the process that holds the workspace, and no other, is registered and beats. */
function judgeEnd({ clock, calmAt, deeds, holderOf }: World, { id, records }: SimWorkspace): string[] {
  const holder = holderOf(id)
  if (holder === undefined) return [`no process holds ${id} at the end`]
  const since = Math.max(calmAt, deeds.restored.get(id) ?? 0)
  // Late enough for a workspace that was given up to be back.
  if (deeds.revoked.has(id) && clock.now() - since < 7 * 60_000) return []
  const last = records.heartbeats.findLast(({ accepted }) => accepted)
  if (last === undefined || clock.now() - last.at > DUE_MS) return [`the badge of ${id} is off at the end`]
  const faults = records.registrations.some(({ process }) => process === holder)
    ? []
    : [`process ${holder} holds ${id} at the end and never registered it`]
  if (last.process !== holder) faults.push(`process ${last.process} beats for ${id}, which ${holder} holds`)
  return faults
}

/** A workspace whose token is refused is given up: it stops beating until the token is valid again. */
function judgeRefused({ deeds, calmAt }: World, { id, records }: SimWorkspace): string[] {
  const [from, until] = [deeds.revoked.get(id), deeds.restored.get(id)]
  if (from === undefined || until === undefined) return []
  const late = records.heartbeats.filter(
    ({ sentAt }) => sentAt > Math.max(from, calmAt) + GIVEN_UP_MS && sentAt < until,
  )
  return late.length === 0 ? [] : [`${late.length} heartbeats of ${id} were sent after it was given up`]
}

/**
 * A process that has sent numbered rows tries to acknowledge them. That one request may fail; the next rows make up for
 * it.
 */
export function judgeAcknowledgements(world: World): string[] {
  if (world.timestampCursor) return []
  const { platform, sightings, holderOf } = world
  return platform.workspaces.flatMap(({ id, feed, records, tasks }) => {
    const holder = holderOf(id)
    const rows = new Map(feed.everything.map((row) => [row.id, row]))
    const sent = sightings.begun.flatMap(({ session, workspaceId, activityId }) =>
      session === holder && workspaceId === id ? [rows.get(activityId)] : [],
    )
    const last = sent.findLast((row) => row !== undefined)
    // A row that waits for a digest or a call holds back the acknowledgement of the rows after it.
    if (tasks.all.length > 0 || sightings.digests > 0) return []
    if (holder === undefined || last === undefined || records.acknowledging.has(holder)) return []
    if (records.ackedSeq >= last.seq) return []
    return [`row ${last.seq} of ${id} was sent by process ${holder}, which acknowledged nothing`]
  })
}
