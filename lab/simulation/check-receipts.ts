/** What the platform is told about messages is true, and at the end it is all that the ledger knows. */
import { hasGoneBack } from './check-deeds.ts'
import type { World } from './world.ts'

const SAYS = new Map([
  ['confirmed', 'seen'],
  ['answered', 'answered'],
])

export function judgeReceipts(world: World): string[] {
  const { platform, sightings, storage, figures, timestampCursor } = world
  const read = new Set(sightings.read.map(({ activityId }) => activityId))
  return platform.workspaces.flatMap(({ id: workspaceId, feed, records }) => {
    const early = [...records.receipts.keys()]
      .filter((id) => !read.has(id))
      .map((id) => `the platform was told that the model has seen ${id}, which no host has read`)
    // An older platform takes no acknowledgement.
    if (timestampCursor) return early
    const missing = feed.everything.flatMap(({ id }) => {
      const says = SAYS.get(storage.recordOf(workspaceId, id)?.state ?? '')
      const said = records.receipts.get(id)
      // A ledger that went back can have forgotten an answer which the platform knows of.
      const isAhead = said === 'answered' && hasGoneBack(figures)
      return says === undefined || said === says || isAhead
        ? []
        : [`the platform was not told that ${id} is ${says}, but ${said ?? 'nothing'}`]
    })
    return [...early, ...missing]
  })
}
