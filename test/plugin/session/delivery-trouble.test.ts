import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

/** A scene whose log has only what is at `warn` or above. */
function begin(options: ConstructorParameters<typeof SessionScene>[0] = {}): {
  scene: SessionScene
  process: SceneProcess
} {
  const scene = new SessionScene(options)
  scene.configure({ MOLECULE_LOG_LEVEL: 'warn' })
  const process = scene.start()
  scene.pass(5_000)
  expect(process.status).toMatch(/^receiving: yes \(/m)
  return { scene, process }
}

describe('while nothing can be delivered, status says so, and the log says why at warn or above', () => {
  test('because the disk is full and messages wait', () => {
    const { scene, process } = begin()
    using _ = scene
    process.hostStopped = true
    scene.pass(2_000)
    for (let n = 0; n < 31; n++) scene.first.feed.add()
    scene.pass(10_000)
    scene.isFull = true
    process.hostStopped = false
    scene.pass(5_000)
    expect(process.status).toMatch(/^receiving: no, messages cannot be shown: database or disk is full/m)
    expect(process.status).toContain('messages: 31 waiting')
    expect(process.said('delivery pauses: database or disk is full')).toHaveLength(1)
    scene.isFull = false
    scene.pass(10_000)
    expect(process.status).toMatch(/^receiving: yes \(/m)
    expect(process.shown).toHaveLength(31)
  })

  test('because the disk is full and what arrives cannot be stored', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.isFull = true
    scene.first.feed.add()
    scene.pass(10_000)
    expect(process.status).toMatch(/^receiving: no, the workspace cannot be read: see below/m)
    expect(process.said('cannot read its inbox (attempt 1): database or disk is full')).toHaveLength(1)
  })

  test('because the token was revoked, at the next heartbeat, though a stream is open', () => {
    const { scene, process } = begin({ hasEvents: true })
    using _ = scene
    scene.until('a live stream', () => process.status.includes('event stream open'))
    scene.first.revoke()
    const beats = scene.sent('heartbeat').length
    scene.until('a heartbeat', () => scene.sent('heartbeat').length > beats)
    expect(scene.until('the word', () => /^receiving: no, /m.test(process.status))).toBeLessThan(1_000)
    scene.pass(5 * MINUTE_MS)
    expect(process.said('is given up: the platform refuses its token')).toHaveLength(1)
  })

  test('or can be expected, because the first heartbeat is refused', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.answer = ({ route }) => (route === 'heartbeat' ? jsonResponse(403, { error: 'no' }) : undefined)
    scene.until('a heartbeat', () => scene.sent('heartbeat').length > 0)
    scene.pass(1_000)
    expect(scene.sent('heartbeat')).toHaveLength(1)
    expect(process.status).toContain('receiving: yes, but the workspace seems offline to others: see below')
  })

  test.each([403, 404, 413, 500])(
    'or can be expected, because heartbeats are answered %i for good',
    (status) => {
      const { scene, process } = begin()
      using _ = scene
      scene.answer = ({ route }) =>
        route === 'heartbeat' ? jsonResponse(status, { error: 'no' }) : undefined
      scene.pass(2 * MINUTE_MS)
      expect(process.status).toContain('receiving: yes, but the workspace seems offline to others: see below')
      expect(process.status).toContain(`  heartbeats fail, so others see it as offline: HTTP ${status} `)
      expect(process.said(`heartbeat: HTTP ${status}`).length).toBeGreaterThan(0)
      scene.answer = () => undefined
      scene.pass(MINUTE_MS)
      expect(process.status).toMatch(/^receiving: yes \(/m)
    },
  )

  test.each(['paused', 'hibernated'])('or can be expected, because the workspace is %s', (status) => {
    const { scene, process } = begin()
    using _ = scene
    scene.answer = ({ route }) => (route === 'lookup' ? jsonResponse(200, { id: FIRST, status }) : undefined)
    // With an open stream, its event makes it a matter of moments: test/member/workspace/validity.test.ts.
    scene.pass(3 * MINUTE_MS)
    expect(process.status).toContain('receiving: yes, but the workspace is paused or hibernated: see below')
    expect(process.status).toContain(`  ${status} on the platform: resume it there`)
    scene.pass(10 * MINUTE_MS)
    expect(process.said(`is ${status} on the platform, so messages may not arrive`)).toHaveLength(1)
    scene.answer = () => undefined
    scene.pass(3 * MINUTE_MS)
    expect(process.status).toMatch(/^receiving: yes \(/m)
  })

  test('or can be expected, because it was paused while its stream, which is open, did not say so', () => {
    const { scene, process } = begin({ hasEvents: true })
    using _ = scene
    scene.answer = ({ route }) =>
      route === 'lookup' ? jsonResponse(200, { id: FIRST, status: 'paused' }) : undefined
    scene.pass(14 * MINUTE_MS)
    expect(process.status).toContain('  paused on the platform: resume it there')
  })

  test('or can be expected, because the platform has it in another delivery mode', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_LOG_LEVEL: 'warn' })
    const answer = { status: 'registered', delivery_mode: 'push' }
    scene.answer = ({ route }) => (route === 'register' ? jsonResponse(200, answer) : undefined)
    const process = scene.start()
    scene.pass(5_000)
    expect(process.status).toContain(
      'receiving: yes, but the workspace has the wrong delivery mode: see below',
    )
    expect(process.status).toContain('  delivery mode push instead of poll')
    expect(process.said('delivery mode push')).toHaveLength(1)
  })
})

test('one heartbeat that fails is no trouble', () => {
  const { scene, process } = begin()
  using _ = scene
  let failures = 0
  scene.answer = ({ route }) =>
    route === 'heartbeat' && failures++ === 0 ? jsonResponse(500, { error: 'no' }) : undefined
  scene.pass(40_000)
  expect(process.status).toMatch(/^receiving: yes \(/m)
})
