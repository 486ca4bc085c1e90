/** How a long activity log is pruned: in parts, between which requests are answered. */
import { expect, test } from 'bun:test'
import { random } from '../../lab/driver/marked-secrets.ts'
import { Events } from '../../platform/base/events.ts'
import { Timestamps } from '../../platform/base/timestamp.ts'
import { Faults } from '../../platform/contract/faults.ts'
import { ActivityLog } from '../../platform/store/activity.ts'
import { MEMORY, openDatabase } from '../../platform/store/database.ts'
import { Workspaces } from '../../platform/store/workspaces.ts'
import { ManualClock } from './manual-clock.ts'

const DAY_SECS = 24 * 60 * 60

function log() {
  const clock = new ManualClock()
  const database = openDatabase(MEMORY)
  const context = {
    database,
    clock,
    timestamps: new Timestamps(clock, undefined),
    random,
    faults: new Faults('v2'),
    events: new Events(clock, () => 1),
  }
  const { id } = new Workspaces(context).create({
    name: 'A',
    runtime: 'external',
    status: 'online',
    deliveryMode: 'poll',
  })
  const activity = new ActivityLog(context)
  const add = (count: number, requestBody?: string): void => {
    for (let n = 0; n < count; n++)
      activity.append({ workspaceId: id, activityType: 'a2a_receive', requestBody })
  }
  /** @returns how many rows are left after each part. */
  const prune = (): readonly number[] => {
    const left: number[] = []
    let last: number | undefined = 0
    while (last !== undefined) {
      last = activity.prune(last)
      left.push(database.query<{ n: number }, []>('SELECT count(*) AS n FROM activity').get()?.n ?? -1)
    }
    return left
  }
  return { clock, activity, id, add, prune, [Symbol.dispose]: () => database.close() }
}

test('each part deletes at most 500 rows, and the last one ends at the first row that is young enough', () => {
  using scene = log()
  scene.add(1_200)
  scene.clock.advance(31 * DAY_SECS)
  scene.add(10)
  expect(scene.prune()).toEqual([710, 210, 10])
})

test('rows that are kept because nobody has confirmed them do not hide those behind them', () => {
  using scene = log()
  scene.add(600)
  scene.clock.advance(31 * DAY_SECS)
  scene.add(600)
  scene.clock.advance(8 * DAY_SECS)
  scene.add(1)
  expect(scene.prune()).toEqual([701, 601, 601])
  scene.activity.acknowledge(scene.id, 900)
  expect(scene.prune()).toEqual([301, 301])
})

test('each part is bounded in bytes, too, and deletes one row in any case', () => {
  using scene = log()
  scene.add(1, 'x'.repeat(20_000_000))
  scene.add(10, 'x'.repeat(5_000_000))
  scene.clock.advance(31 * DAY_SECS)
  expect(scene.prune()).toEqual([10, 7, 4, 1, 0])
})
