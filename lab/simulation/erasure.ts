/** What a power cut takes of what the ledger knew. */
import type { ShowRecord } from './disk.ts'

/** What a power cut took of the record of one message. */
export interface Erasure {
  /** So many writes had been begun before. */
  readonly order: number
  readonly activityId: string
  readonly workspaceId: string
  readonly before: ShowRecord
  /** Undefined when nothing is left of it. */
  readonly after: ShowRecord | undefined
}

/** Pure. The records are named `workspace activity`; `order` counts the writes that were begun before the cut. */
export function erasuresBetween(
  before: ReadonlyMap<string, ShowRecord>,
  after: ReadonlyMap<string, ShowRecord>,
  order: number,
): Erasure[] {
  return [...before].flatMap(([id, record]) => {
    const left = after.get(id)
    if (left?.state === record.state && left.attempts === record.attempts) return []
    const [workspaceId = '', activityId = ''] = id.split(' ')
    return [{ order, workspaceId, activityId, before: record, after: left }]
  })
}
