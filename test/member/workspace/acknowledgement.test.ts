import { expect, test } from 'bun:test'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
/** Until a message that arrives now was read and sent. */
const READ_MS = 8_000

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  const process = scene.start()
  scene.pass(1_000)
  return { scene, process }
}

test('a burst is acknowledged once, 2 s after it was sent, up to its last row', () => {
  const { scene, process } = begin()
  using _ = scene
  const last = Array.from({ length: 100 }, () => scene.first.feed.add()).at(-1)
  scene.until('the first event', () => process.shown.length > 0)
  const begun = scene.clock.now()
  scene.until('the acknowledgement', () => scene.sent('ack').length > 0)
  const took = scene.clock.now() - begun
  expect(took).toBeGreaterThanOrEqual(2_000)
  expect(took).toBeLessThan(2_500)
  scene.pass(MINUTE_MS)
  const { acknowledgements } = scene.first.records
  expect(acknowledgements.map(({ seq }) => seq)).toEqual([last?.seq ?? 0])
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

test('a platform that does not know the call is not asked again', () => {
  const { scene } = begin()
  using _ = scene
  scene.answer = ({ route }) => (route === 'ack' ? jsonResponse(404, { error: 'not found' }) : undefined)
  for (let n = 0; n < 3; n++) {
    scene.first.feed.add()
    scene.pass(READ_MS + 3_000)
  }
  expect(scene.sent('ack')).toHaveLength(1)
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
  expect(scene.sent('ack')).toHaveLength(1)
  const done = { status: 'completed', response_preview: 'done', source_id: scene.first.id }
  scene.answer = ({ route }) => {
    if (route === 'delegate') return jsonResponse(202, { delegation_id: 't', status: 'delegated' })
    return route === 'delegations' ? jsonResponse(200, [{ ...done, delegation_id: 't' }]) : undefined
  }
  process.call('delegate_task_async', { workspace_id: PEER, task: 'work' })
  scene.pass(MINUTE_MS)
  expect(process.shown).toHaveLength(2)
  expect(scene.sent('ack')).toHaveLength(1)
})

test('a session acknowledges nothing after its end', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  scene.pass(1_000)
  process.stop()
  scene.pass(MINUTE_MS)
  expect(scene.sent('ack')).toEqual([])
})

test('the next session acknowledges what an earlier one sent and did not acknowledge', () => {
  const { scene, process } = begin()
  using _ = scene
  const { id, seq } = scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  process.session.submitted({ workspaceId: scene.first.id, activityId: id })
  scene.pass(1_000)
  process.kill()
  const later = scene.start()
  scene.pass(MINUTE_MS)
  expect(scene.first.records.acknowledgements).toEqual([expect.objectContaining({ process: 2, seq })])
  expect(later.shown).toEqual([])
})
