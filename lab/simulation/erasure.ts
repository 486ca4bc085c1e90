/** Which records of the ledger a power cut erased. */
import type { DeliveryRecord, Erasure } from '../judge/evidence.ts'

/** Pure. The records are named `workspace activity`; `order` counts the writes that began before the cut. */
export function erasuresBetween(
  before: ReadonlyMap<string, DeliveryRecord>,
  after: ReadonlyMap<string, DeliveryRecord>,
  order: number,
): Erasure[] {
  return [...before].flatMap(([id, record]) => {
    const left = after.get(id)
    if (left?.state === record.state && left.attempts === record.attempts) return []
    const [workspaceId = '', activityId = ''] = id.split(' ')
    return [{ order, workspaceId, activityId, before: record, after: left }]
  })
}
