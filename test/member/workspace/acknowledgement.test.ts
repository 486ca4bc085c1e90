import { expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { Acknowledgement } from '../../../member/workspace/acknowledgement.ts'
import { entry } from '../../fixtures/entries.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
/** Until a message that arrives now was read and sent. */
const READ_MS = 8_000

/** Without the first of a session, which asks how far others have acknowledged. */
const acks = (scene: SessionScene) => scene.sent('ack').slice(1)

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  const process = scene.start()
  scene.pass(1_000)
  return { scene, process }
}

test('a burst is acknowledged once, when it is over, up to its last row', () => {
  const { scene, process } = begin()
  using _ = scene
  const last = Array.from({ length: 100 }, () => scene.first.feed.add()).at(-1)
  scene.until('the first event', () => process.shown.length > 0)
  const begun = scene.clock.now()
  scene.until('the acknowledgement', () => acks(scene).length > 0)
  const took = scene.clock.now() - begun
  expect(took).toBeGreaterThanOrEqual(300)
  expect(took).toBeLessThan(1_000)
  scene.pass(MINUTE_MS)
  const { acknowledgements } = scene.first.records
  expect(acknowledgements.map(({ seq }) => seq)).toEqual([last?.seq ?? 0])
})

test('a burst without end is acknowledged every two seconds', async () => {
  using scene = new FeedScene()
  const acked: number[] = []
  scene.acknowledge = () => jsonResponse(200, { last_acked_seq: acked.push(scene.clock.now()) })
  const workspace = scene.workspace()
  const acknowledgement = new Acknowledgement(workspace)
  for (let seq = 1; seq <= 100; seq++) {
    workspace.ledger.storePage([entry({ seq, skipped: 'an echo' })], undefined, scene.clock.now())
    acknowledgement.schedule()
    await scene.clock.advance(200)
  }
  expect(acked).toHaveLength(10)
})

test('each later message is acknowledged as well', () => {
  const { scene } = begin()
  using _ = scene
  for (let n = 0; n < 3; n++) {
    scene.first.feed.add()
    scene.pass(READ_MS + 3_000)
  }
  expect(scene.first.records.acknowledgements.map(({ seq }) => seq)).toEqual([1, 2, 3])
})

test('a platform that refuses the call three times does not know it, and is not asked again', () => {
  const { scene } = begin()
  using _ = scene
  scene.answer = ({ route }) => (route === 'ack' ? jsonResponse(404, { error: 'not found' }) : undefined)
  for (let n = 0; n < 3; n++) {
    scene.first.feed.add()
    scene.pass(READ_MS + 3_000)
  }
  expect(acks(scene)).toHaveLength(3)
})

test('a failure is made good by the next message', () => {
  const { scene } = begin()
  using _ = scene
  scene.answer = ({ route }) => (route === 'ack' ? textResponse(502, '') : undefined)
  scene.first.feed.add()
  scene.pass(MINUTE_MS)
  scene.answer = () => undefined
  scene.first.feed.add()
  scene.pass(READ_MS + 3_000)
  expect(scene.first.records.acknowledgements.map(({ seq }) => seq)).toEqual([2])
})

test('a message without a row of its own, such as the result of a task, causes no acknowledgement', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.feed.add()
  scene.pass(READ_MS + 3_000)
  expect(acks(scene)).toHaveLength(1)
  const done = { status: 'completed', response_preview: 'done', source_id: scene.first.id }
  scene.answer = ({ route }) => {
    if (route === 'delegate') return jsonResponse(202, { delegation_id: 't', status: 'delegated' })
    return route === 'delegations' ? jsonResponse(200, [{ ...done, delegation_id: 't' }]) : undefined
  }
  process.call('delegate_task_async', { workspace_id: PEER, task: 'work' })
  scene.pass(MINUTE_MS)
  expect(process.shown).toHaveLength(2)
  expect(acks(scene)).toHaveLength(1)
})

test('a session acknowledges nothing after its end', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  scene.pass(100)
  process.stop()
  scene.pass(MINUTE_MS)
  expect(acks(scene)).toEqual([])
})

test('the next session acknowledges what an earlier one sent and did not acknowledge', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id, seq } = scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  process.session.submitted({ workspaceId: scene.first.id, activityId: id })
  scene.pass(100)
  process.kill()
  const later = scene.start()
  scene.pass(MINUTE_MS)
  expect(scene.first.records.acknowledgements).toEqual([expect.objectContaining({ process: 2, seq })])
  expect(later.shown).toEqual([])
})

const receipts = (scene: SessionScene) => Object.fromEntries(scene.first.records.receipts)

test('what the model has seen is told with the acknowledgement, and that it answered soon after', () => {
  const { scene, process } = begin()
  using _ = scene
  const [one, two] = [scene.first.feed.add(), scene.first.feed.add()]
  scene.until('both events', () => process.shown.length === 2)
  process.session.submitted({ workspaceId: scene.first.id, activityId: one.id })
  scene.pass(3_000)
  expect(receipts(scene)).toEqual({ [one.id]: 'seen' })
  process.call('inbox', { mark_done: [one.id, two.id] })
  scene.pass(3_000)
  expect(receipts(scene)).toEqual({ [one.id]: 'answered', [two.id]: 'answered' })
  const before = acks(scene).length
  scene.pass(MINUTE_MS)
  expect(acks(scene)).toHaveLength(before)
})

test('what another session recorded is told within some seconds', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id } = scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  const other = scene.start(HOSTS.withoutChannel)
  scene.pass(3_000)
  other.call('inbox', { mark_done: [id] })
  scene.pass(6_000)
  expect(receipts(scene)).toEqual({ [id]: 'answered' })
})

test('a receipt that was not taken is told by the next session, and one that was taken is not', () => {
  const { scene, process } = begin()
  using _ = scene
  const [one, two] = [scene.first.feed.add(), scene.first.feed.add()]
  scene.until('both events', () => process.shown.length === 2)
  process.session.submitted({ workspaceId: scene.first.id, activityId: one.id })
  scene.pass(3_000)
  scene.answer = ({ route }) => (route === 'ack' ? textResponse(502, '') : undefined)
  process.session.submitted({ workspaceId: scene.first.id, activityId: two.id })
  scene.pass(3_000)
  process.kill()
  scene.first.records.receipts.clear()
  scene.answer = () => undefined
  scene.start()
  scene.pass(MINUTE_MS)
  expect(receipts(scene)).toEqual({ [two.id]: 'seen' })
})

test('a platform that ignores receipts is given them once in a session', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.answer = ({ route }) => (route === 'ack' ? jsonResponse(200, { last_acked_seq: 1 }) : undefined)
  const rows = Array.from({ length: 3 }, () => scene.first.feed.add())
  scene.until('the events', () => process.shown.length === 3)
  scene.pass(3_000)
  const before = acks(scene).length
  for (const { id } of rows) {
    process.session.submitted({ workspaceId: scene.first.id, activityId: id })
    scene.pass(MINUTE_MS)
  }
  expect(acks(scene)).toHaveLength(before + 1)
})

test('a number that a restored platform refuses keeps no receipt back', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id } = scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  scene.first.feed.restoreBackup(0)
  process.session.submitted({ workspaceId: scene.first.id, activityId: id })
  scene.pass(20_000)
  expect(receipts(scene)).toEqual({ [id]: 'seen' })
})
