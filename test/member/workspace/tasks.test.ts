import { expect, test } from 'bun:test'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, PEER, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
const TASK = 'a5c00000-0000-4000-8000-000000000001'

/** A platform that has one task, which is under way until `finish`. */
function begin(): { scene: SessionScene; process: SceneProcess; finish: () => void } {
  const scene = new SessionScene({ hasEvents: true })
  let status = 'in_progress'
  scene.answer = ({ route }) => {
    if (route === 'delegate') return jsonResponse(202, { delegation_id: TASK, status: 'delegated' })
    if (route !== 'delegations') return undefined
    const row = { delegation_id: TASK, source_id: FIRST, target_id: PEER, status, response_preview: 'done' }
    return jsonResponse(200, [row])
  }
  const process = scene.start()
  scene.pass(1_000)
  expect(process.call('delegate_task_async', { workspace_id: PEER, task: 'work' })).toContain(TASK)
  return {
    scene,
    process,
    finish: () => {
      status = 'completed'
    },
  }
}

test('the platform is asked about a task soon after each look at the feed, however old the task is', () => {
  const { scene, process, finish } = begin()
  using _ = scene
  scene.pass(12 * MINUTE_MS)
  const asked = scene.sent('delegations').length
  scene.until('a quiet moment', () => scene.sent('delegations').length > asked)
  scene.pass(10_000)
  finish()
  scene.first.hint()
  expect(scene.until('the result', () => process.shown.length > 0)).toBeLessThan(1_000)
  expect(process.shown).toEqual([`delegation-${TASK}`])
})

test('while the feed is quiet, the platform is asked about an old task no more than once a minute', () => {
  const { scene } = begin()
  using _ = scene
  scene.pass(12 * MINUTE_MS)
  const asked = scene.sent('delegations').length
  scene.pass(10 * MINUTE_MS)
  expect(scene.sent('delegations').length - asked).toBeLessThan(25)
})

test('a session without open tasks asks about none', () => {
  using scene = new SessionScene()
  scene.start()
  scene.pass(10 * MINUTE_MS)
  expect(scene.sent('delegations')).toEqual([])
})

test('a result arrives soon, even when nothing arrives in the feed', () => {
  const { scene, process, finish } = begin()
  using _ = scene
  scene.pass(20_000)
  finish()
  expect(scene.until('the result', () => process.shown.length > 0)).toBeLessThan(6_500)
  expect(process.said('possibly an injection')).toEqual([])
})

test('the platform is asked once a second at most, however often the feed is read', () => {
  const { scene } = begin()
  using _ = scene
  const asked = scene.sent('delegations').length
  for (let n = 0; n < 50; n++) {
    scene.first.feed.add()
    scene.first.hint()
    scene.pass(200)
  }
  expect(scene.sent('delegations').length - asked).toBeLessThanOrEqual(11)
})

test('each outage is logged once', () => {
  const { scene, process } = begin()
  using _ = scene
  const { answer } = scene
  for (let outage = 1; outage <= 2; outage++) {
    scene.answer = ({ route }) => (route === 'delegations' ? textResponse(500, '') : undefined)
    scene.pass(2 * MINUTE_MS)
    scene.answer = answer
    scene.pass(2 * MINUTE_MS)
    expect(process.said('cannot look up the state of its tasks')).toHaveLength(outage)
  }
})

test('a session that ends while it asks logs nothing of it', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.answer = ({ route }) => (route === 'delegations' ? new Promise<Response>(() => {}) : undefined)
  scene.pass(10_000)
  process.stop()
  scene.pass(1_000)
  expect(process.said('cannot look up')).toEqual([])
})
