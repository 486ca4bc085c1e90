import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { Validity } from '../../../member/workspace/validity.ts'
import { type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'
import { makeWorkspace, WORKSPACE } from '../../fixtures/workspace.ts'

const MINUTE_MS = 60_000
const REMEDY =
  'Create a new one on the platform and put it into the settings (in Claude Code: /molecule:configure)'
const REFUSAL = { error: 'invalid workspace auth token' }

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  const process = scene.start()
  scene.pass(10_000)
  return { scene, process }
}

describe('a token that is refused', () => {
  test('is given up after 30 s and five refusals, with the remedy, and stops beating', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.first.revoke()
    const revokedAt = scene.clock.now()
    scene.until('the end', () => process.said('is given up: the platform refuses its token').length > 0)
    const took = scene.clock.now() - revokedAt
    expect(took).toBeGreaterThanOrEqual(30_000)
    expect(took).toBeLessThan(45_000)
    const beats = scene.sent('heartbeat').length
    scene.pass(10 * MINUTE_MS)
    expect(scene.sent('heartbeat')).toHaveLength(beats)
    expect(process.said('is given up')).toHaveLength(1)
    expect(process.status).toContain('GIVEN UP')
    expect(process.status).toContain(`given up: the platform refuses its token. ${REMEDY}`)
    expect(process.status).toContain('receiving: no, the workspace is given up')
  })

  test('is given up only after the fifth confirmed refusal, however long that takes', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.first.revoke()
    let confirmed = 0
    let next = 0
    scene.answer = ({ route }) => {
      if (route !== 'lookup') return undefined
      if (scene.clock.now() < next) return textResponse(503, '')
      next = scene.clock.now() + 15_000
      confirmed++
      return undefined
    }
    scene.until('the end', () => process.said('is given up').length > 0, 3 * MINUTE_MS)
    expect(confirmed).toBe(5)
  })

  test('is tried every five minutes, give or take a tenth', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.first.revoke()
    scene.until('the end', () => process.said('is given up').length > 0)
    const givenUpAt = scene.clock.now()
    scene.pass(40 * MINUTE_MS)
    const times = [givenUpAt, ...scene.sent('activity').flatMap(({ at }) => (at > givenUpAt ? [at] : []))]
    const pauses = times.slice(1).map((at, index) => at - (times[index] ?? 0))
    expect(pauses.length).toBeGreaterThan(6)
    expect(Math.min(...pauses)).toBeGreaterThan(4.4 * MINUTE_MS)
    expect(Math.max(...pauses)).toBeLessThan(5.6 * MINUTE_MS)
  })

  test('brings the workspace back when it is valid again: registered, beating once an interval, read', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.first.revoke()
    scene.pass(2 * MINUTE_MS)
    scene.first.restore()
    const { id } = scene.first.feed.add()
    scene.pass(10 * MINUTE_MS)
    expect(process.said('is valid again')).toHaveLength(1)
    const { registrations, heartbeats } = scene.first.records
    expect(registrations).toHaveLength(2)
    expect(process.shown).toEqual([id])
    expect(process.status).not.toContain('given up')
    expect(process.status).toContain('receiving: yes')
    const before = heartbeats.length
    scene.pass(10 * MINUTE_MS)
    expect(heartbeats.length - before).toBe(20)
  })

  test('is given up a second time only after as many refusals', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.first.revoke()
    scene.pass(2 * MINUTE_MS)
    scene.first.restore()
    scene.until('its return', () => process.said('is valid again').length > 0, 10 * MINUTE_MS)
    scene.pass(MINUTE_MS)
    scene.first.revoke()
    scene.pass(25_000)
    expect(process.said('is given up')).toHaveLength(1)
    scene.pass(MINUTE_MS)
    expect(process.said('is given up')).toHaveLength(2)
  })
})

test('a workspace that is given up is tried no more often while its platform is down', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.revoke()
  scene.until('the end', () => process.said('is given up').length > 0)
  scene.answer = () => textResponse(503, '')
  const before = scene.sent('activity').length
  scene.pass(30 * MINUTE_MS)
  // Each look may ask twice.
  expect(scene.sent('activity').length - before).toBeLessThanOrEqual(14)
})

describe('nothing is given up', () => {
  test('for one refusal', () => {
    const { scene, process } = begin()
    using _ = scene
    let refusals = 0
    scene.answer = ({ route }) =>
      route === 'activity' && refusals++ === 0 ? jsonResponse(401, REFUSAL) : undefined
    scene.pass(5 * MINUTE_MS)
    expect(process.said('is given up')).toEqual([])
    expect(process.status).toContain('receiving: yes')
  })

  test('for refusals with successes between them', () => {
    const { scene, process } = begin()
    using _ = scene
    let asked = 0
    scene.answer = ({ route }) =>
      route === 'activity' && asked++ % 4 !== 0 ? jsonResponse(401, REFUSAL) : undefined
    scene.pass(10 * MINUTE_MS)
    expect(process.said('is given up')).toEqual([])
  })

  test('while the lookup fails as well: then the platform is unwell', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.first.revoke()
    scene.answer = ({ route }) => (route === 'lookup' ? textResponse(503, '') : undefined)
    const beats = scene.sent('heartbeat').length
    scene.pass(10 * MINUTE_MS)
    expect(process.said('is given up')).toEqual([])
    expect(scene.sent('heartbeat').length - beats).toBe(20)
  })

  test('for failures that are no refusals', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.answer = ({ route }) => (route === 'activity' ? textResponse(403, '') : undefined)
    scene.pass(10 * MINUTE_MS)
    expect(process.said('is given up')).toEqual([])
  })
})

test('a lookup that refuses as well proves nothing at once, but five refusals over 30 s do', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.revoke()
  scene.answer = ({ route }) => (route === 'lookup' ? jsonResponse(401, REFUSAL) : undefined)
  scene.pass(20_000)
  expect(process.said('is given up')).toEqual([])
  scene.pass(MINUTE_MS)
  expect(process.said('is given up')).toHaveLength(1)
})

test('a workspace that was removed is given up at the first refusal, once', () => {
  const { scene, process } = begin()
  using _ = scene
  scene.first.remove()
  scene.pass(6_000)
  expect(process.said('is given up: ')).toHaveLength(1)
  expect(process.status).toContain('was deleted')
})

test('a refused heartbeat counts as a refusal, also while the feed can be read', () => {
  const { scene } = begin()
  using _ = scene
  const lookups = scene.sent('lookup').length
  scene.answer = ({ route }) => (route === 'heartbeat' ? jsonResponse(401, REFUSAL) : undefined)
  scene.pass(30_000)
  expect(scene.sent('lookup')).toHaveLength(lookups + 1)
})

test('a heartbeat that fails for another reason is no refusal', () => {
  const { scene } = begin()
  using _ = scene
  const lookups = scene.sent('lookup').length
  scene.answer = ({ route }) => (route === 'heartbeat' ? textResponse(500, '') : undefined)
  scene.pass(MINUTE_MS)
  expect(scene.sent('lookup')).toHaveLength(lookups)
})

test('a token that registering refuses is given up as well, and comes back with the feed', () => {
  using scene = new SessionScene()
  scene.first.revoke()
  const process = scene.start()
  scene.pass(2 * MINUTE_MS)
  expect(process.said('is given up')).toHaveLength(1)
  const registers = scene.sent('register').length
  scene.pass(4 * MINUTE_MS)
  expect(scene.sent('register')).toHaveLength(registers)
  scene.first.restore()
  scene.pass(6 * MINUTE_MS)
  expect(scene.first.records.registrations).toHaveLength(1)
})

test('a workspace that comes back while an earlier registration still waits beats once an interval', () => {
  const HOUR_MS = 60 * MINUTE_MS
  using scene = new SessionScene()
  let isBusy = true
  const busy = { 'retry-after': '3600' }
  scene.answer = ({ route }) => (route === 'register' && isBusy ? textResponse(503, '', busy) : undefined)
  const process = scene.start()
  scene.pass(MINUTE_MS)
  isBusy = false
  scene.first.revoke()
  scene.pass(2 * MINUTE_MS)
  scene.first.restore()
  scene.pass(2 * HOUR_MS)
  expect(process.said('is valid again')).toHaveLength(1)
  const { heartbeats } = scene.first.records
  const before = heartbeats.length
  scene.pass(10 * MINUTE_MS)
  expect(heartbeats.length - before).toBe(20)
})

describe('a workspace that is paused or hibernated on the platform', () => {
  /** A workspace of which the platform says `status`. */
  function watched(status: string) {
    const clock = new SimClock()
    const lines: string[] = []
    const state = { status, lookups: 0 }
    const network = async (): Promise<Response> => {
      state.lookups++
      return jsonResponse(200, { id: WORKSPACE, status: state.status })
    }
    const workspace = makeWorkspace({ clock, network, log: (line) => lines.push(line) })
    const validity = new Validity(workspace, () => {})
    const event = (type: string): void => {
      validity.noteEvent({ type })
      clock.runUntil(clock.now())
    }
    return { clock, lines, state, validity, event }
  }

  test('is known by the event that says so, and so is its return', () => {
    const { clock, lines, state, validity, event } = watched('paused')
    event('WORKSPACE_PAUSED')
    expect(validity.parked).toBe('paused')
    expect(lines).toEqual(['is paused on the platform, so messages may not arrive: resume it there'])
    // At once, while no second request is allowed yet.
    state.status = 'awaiting_agent'
    event('WORKSPACE_AWAITING_AGENT')
    clock.runUntil(clock.now() + 1_000)
    expect(validity.parked).toBeUndefined()
  })

  test('costs one request a second at most, however many events say so, and none for others', () => {
    const { clock, state, event } = watched('online')
    for (let n = 0; n < 100; n++) event('WORKSPACE_HIBERNATED')
    expect(state.lookups).toBe(1)
    clock.runUntil(clock.now() + 10_000)
    expect(state.lookups).toBe(2)
    for (const type of ['WORKSPACE_HEARTBEAT', 'WORKSPACE_ONLINE', 'ACTIVITY_LOGGED', '']) event(type)
    clock.runUntil(clock.now() + 10_000)
    expect(state.lookups).toBe(2)
  })
})
