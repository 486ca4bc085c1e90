import { expect, test } from 'bun:test'
import { FIRST, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const REQUEST = { request_id: 'abcde', tool_name: 'Bash', description: '', input_preview: '' }

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  scene.found(SECOND)
  scene.configure({ MOLECULE_PERMISSION_RELAY: 'canvas' })
  const process = scene.start()
  scene.pass(5_000)
  process.session.permissions.ask(REQUEST)
  scene.pass(1_000)
  return { scene, process }
}

test('a permission request is posted to the chat of the first workspace, and the answer goes to the host, not the model', () => {
  const { scene, process } = begin()
  using _ = scene
  expect(scene.first.records.notices).toEqual([
    expect.objectContaining({ text: expect.stringContaining('abcde') }),
  ])
  expect(scene.workspace(SECOND).records.notices).toEqual([])
  scene.first.feed.add({ text: 'yes abcde' })
  scene.pass(10_000)
  expect(scene.sightings.verdicts).toEqual([{ requestId: 'abcde', allowed: true, process: 1 }])
  expect(process.shown).toEqual([])
  expect(process.status).toContain(`permission requests: posted to the chat of workspace ${FIRST}`)
})

test('a prompt settles open permission requests, so that a later answer is refused', () => {
  const { scene, process } = begin()
  using _ = scene
  process.session.submitted(undefined)
  scene.pass(1_000)
  scene.first.feed.add({ text: 'yes abcde' })
  scene.pass(10_000)
  expect(scene.sightings.verdicts).toEqual([])
})

test.each([0, 300, 1_000, 5_000])(
  'a bare yes from before the request decides nothing, on a platform whose clock is %d ms ahead',
  (ahead) => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_PERMISSION_RELAY: 'canvas' })
    scene.first.feed.shiftClock(ahead)
    const process = scene.start()
    scene.pass(20_000)
    scene.first.feed.add({ text: 'yes' })
    scene.pass(200)
    process.session.permissions.ask(REQUEST)
    scene.pass(20_000)
    expect(scene.sightings.verdicts).toEqual([])
  },
)

test('a bare yes decides nothing when one of two requests is settled before it is read', () => {
  const { scene, process } = begin()
  using _ = scene
  const other = scene.start()
  scene.pass(20_000)
  other.session.permissions.ask({ ...REQUEST, request_id: 'bbbbb' })
  scene.pass(100)
  scene.first.feed.add({ text: 'yes' })
  process.session.submitted(undefined)
  scene.pass(20_000)
  expect(scene.sightings.verdicts).toEqual([])
  expect(scene.first.records.notices.at(-1)?.text).toContain('send `yes bbbbb` or `no bbbbb`')
})

test('what is posted to the chat holds no secret', () => {
  const { scene, process } = begin()
  using _ = scene
  process.session.permissions.ask({ ...REQUEST, request_id: 'fghij', description: scene.first.token })
  scene.pass(1_000)
  const texts = scene.first.records.notices.map(({ text }) => text)
  expect(texts).toHaveLength(2)
  expect(texts.join()).not.toContain(scene.first.token)
})

test('a change of the relay takes effect when a session starts, and status says so until then', () => {
  using scene = new SessionScene()
  const process = scene.start()
  scene.configure({ MOLECULE_PERMISSION_RELAY: 'canvas' })
  scene.pass(5_000)
  expect(process.status).toContain('permission requests: not posted')
})

test('a prompt settles a request that still waits for a busy ledger', () => {
  using scene = new SessionScene()
  scene.configure({ MOLECULE_PERMISSION_RELAY: 'canvas' })
  const process = scene.start()
  scene.pass(20_000)
  scene.isBusy = true
  process.session.permissions.ask({
    request_id: 'abcde',
    tool_name: 'Bash',
    description: '',
    input_preview: 'x',
  })
  scene.pass(1_000)
  process.session.submitted(undefined)
  scene.pass(500)
  scene.isBusy = false
  scene.pass(3_000)
  scene.first.feed.add({ text: 'yes abcde' })
  scene.pass(10_000)
  expect(scene.sightings.verdicts).toEqual([])
})
