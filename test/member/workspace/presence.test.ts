import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { OtherReceiver } from '../../../member/workspace/other-receiver.ts'
import { Presence } from '../../../member/workspace/presence.ts'
import { Validity } from '../../../member/workspace/validity.ts'
import { Workload } from '../../../member/workspace/workload.ts'
import { FIRST, SECOND, SessionScene, THIRD } from '../../fixtures/session-scene.ts'
import { makeWorkspace } from '../../fixtures/workspace.ts'

const MINUTE_MS = 60_000
const INTERVAL_MS = 30_000

describe('a workspace that does not exist', () => {
  test.each(['absent', 'removed'] as const)(
    'is never registered when it is %s, and status says why',
    (how) => {
      using scene = new SessionScene({ absent: how === 'absent' })
      if (how === 'removed') scene.first.remove()
      const process = scene.start()
      scene.pass(10 * MINUTE_MS)
      expect([scene.sent('register'), scene.sent('heartbeat')]).toEqual([[], []])
      expect(process.said('is not registered: ')).toEqual([
        expect.stringContaining(how === 'absent' ? `has no workspace ${FIRST}` : 'was deleted'),
      ])
      expect(process.status).toContain('receiving: no, the workspace is given up')
      expect(process.status).toContain(how === 'absent' ? `has no workspace ${FIRST}` : 'was deleted')
      expect(scene.faults).toEqual([])
    },
  )

  test('is assumed to exist where the platform does not show us workspaces', () => {
    using scene = new SessionScene()
    scene.answer = ({ route }) => (route === 'lookup' ? jsonResponse(403, { error: 'no' }) : undefined)
    scene.start()
    scene.pass(MINUTE_MS)
    expect(scene.sent('lookup')).toHaveLength(1)
    expect(scene.first.records.registrations).toHaveLength(1)
  })

  test('may exist after all, so registering waits while the platform cannot say', () => {
    using scene = new SessionScene()
    let isUnwell = true
    scene.answer = ({ route }) => (route === 'lookup' && isUnwell ? textResponse(503, '') : undefined)
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(scene.sent('register')).toEqual([])
    expect(process.status).toContain('not registered yet')
    isUnwell = false
    scene.pass(MINUTE_MS)
    expect(scene.first.records.registrations).toHaveLength(1)
  })
})

describe('registering', () => {
  test('happens once, with the configured card', () => {
    using scene = new SessionScene()
    const bodies: unknown[] = []
    scene.answer = (request) => void (request.route === 'register' && bodies.push(request.json()))
    scene.configure({ MOLECULE_AGENT_NAME: 'Ada', MOLECULE_AGENT_DESC: 'reads' })
    const process = scene.start()
    scene.pass(MINUTE_MS)
    const card = { name: 'Ada', description: 'reads', version: '0.0.0' }
    expect(bodies).toEqual([{ id: FIRST, delivery_mode: 'poll', agent_card: card }])
    expect(process.said('is a member of http://127.0.0.1:1')).toHaveLength(1)
    expect(process.status).toContain(', registered, ')
  })

  test('is tried again, ever more slowly, and logged at the first and each tenth try', () => {
    using scene = new SessionScene()
    scene.answer = ({ route }) => (route === 'register' ? textResponse(500, '') : undefined)
    const process = scene.start()
    scene.pass(2 * MINUTE_MS)
    const tries = scene.sent('register').length
    expect(tries).toBeGreaterThan(10)
    expect(tries).toBeLessThan(21)
    expect(process.said('cannot register (attempt ').map((line) => /attempt \d+/.exec(line)?.[0])).toEqual([
      'attempt 1',
      'attempt 11',
    ])
    expect(scene.sent('heartbeat')).toEqual([])
    scene.answer = () => undefined
    scene.pass(MINUTE_MS)
    expect(scene.first.records.registrations).toHaveLength(1)
    expect(scene.first.records.heartbeats.length).toBeGreaterThan(0)
  })

  test('does as the platform asks with Retry-After', () => {
    using scene = new SessionScene()
    const [wait, refusal] = [20_000, { 'retry-after': '20' }]
    scene.answer = ({ route }) => (route === 'register' ? textResponse(503, '', refusal) : undefined)
    scene.start()
    scene.until('the second try', () => scene.sent('register').length === 2)
    const [first, second] = scene.sent('register')
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(wait)
  })

  test('shows its error in status until the feed was read', () => {
    using scene = new SessionScene()
    scene.answer = ({ route }) => (route === 'register' ? textResponse(500, '') : undefined)
    const process = scene.start()
    scene.until('the error', () => process.status.includes('last error: '))
  })

  test.each([
    ['push', { status: 'registered', delivery_mode: 'push' }],
    ['unknown', { status: 'registered' }],
  ])('logs the delivery mode %s, since messages may not arrive', (mode, answer) => {
    using scene = new SessionScene()
    scene.answer = ({ route }) => (route === 'register' ? jsonResponse(200, answer) : undefined)
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(process.said(`was registered with delivery mode ${mode} instead of poll`)).toHaveLength(1)
  })

  test('says nothing of the delivery mode poll', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(process.said('delivery mode')).toEqual([])
  })

  test('is left out with MOLECULE_AUTO_REGISTER_POLL=false, and the workspace beats all the same', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_AUTO_REGISTER_POLL: 'false' })
    const begun = scene.clock.now()
    scene.start()
    scene.pass(MINUTE_MS + 1_000)
    expect([scene.sent('register'), scene.sent('lookup')]).toEqual([[], []])
    expect(scene.sent('heartbeat').map(({ at }) => at - begun)).toEqual([INTERVAL_MS, 2 * INTERVAL_MS])
  })
})

describe('heartbeats', () => {
  test('of several workspaces come 500 ms apart, each first one interval after its registration', () => {
    using scene = new SessionScene()
    for (const id of [SECOND, THIRD]) scene.found(id)
    scene.configure()
    scene.start()
    scene.pass(3 * MINUTE_MS)
    for (const [index, { records }] of scene.platform.workspaces.entries()) {
      const [registration] = records.registrations
      const late = records.heartbeats.map(({ sentAt }) => sentAt - (registration?.at ?? 0) - index * 500)
      expect(late).toEqual([1, 2, 3, 4, 5].map((n) => n * INTERVAL_MS))
    }
  })

  test('are announced in status, and then reported', () => {
    using scene = new SessionScene()
    const process = scene.start()
    expect(process.status).toContain('not registered yet')
    scene.pass(1_000)
    expect(process.status).toContain('first heartbeat in 30 s')
    scene.pass(INTERVAL_MS)
    expect(process.status).toContain('last heartbeat 1 s ago')
    scene.answer = ({ route }) => (route === 'heartbeat' ? textResponse(500, '') : undefined)
    scene.pass(INTERVAL_MS)
    expect(process.status).toContain('last heartbeat 31 s ago')
    expect(process.said(`workspace ${FIRST} heartbeat: HTTP 500`)).toHaveLength(1)
  })

  test('announce the stagger, too', () => {
    using scene = new SessionScene()
    for (const id of [SECOND, THIRD]) scene.found(id)
    scene.configure({ MOLECULE_HEARTBEAT_INTERVAL_MS: 10_000 })
    const process = scene.start()
    const third = scene.workspace(THIRD)
    scene.until('the registration', () => third.records.registrations.length > 0)
    scene.pass(0)
    const [, at = ''] = /.*first heartbeat in (\d+) s/s.exec(process.status) ?? []
    expect(Number(at)).toBe(11)
  })

  test('are off with an interval of 0', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_HEARTBEAT_INTERVAL_MS: 0 })
    const process = scene.start()
    scene.pass(10 * MINUTE_MS)
    expect(scene.sent('heartbeat')).toEqual([])
    expect(process.status).toContain('registered, polling, last read')
    expect(process.status).toContain('heartbeat off')
  })

  test('tell what is in hand and how requests fare', () => {
    using scene = new SessionScene()
    scene.start()
    scene.pass(1_000)
    scene.first.feed.add({ text: 'a question' })
    scene.pass(INTERVAL_MS)
    scene.answer = ({ route }) => (route === 'activity' ? textResponse(502, '') : undefined)
    scene.pass(INTERVAL_MS)
    scene.pass(INTERVAL_MS / 2)
    scene.answer = () => undefined
    scene.pass(INTERVAL_MS / 2)
    const [first, second, third] = scene.first.records.heartbeats.map(({ state }) => state)
    expect(first).toMatchObject({ active_tasks: 1, current_task: 'a message from the chat', error_rate: 0 })
    // A look that began before the first heartbeat may end after it.
    expect(second?.error_rate).toBeWithin(0.8, 1.01)
    expect(second).toMatchObject({ sample_error: expect.stringContaining('502') })
    // It failed for half of the interval.
    expect(third?.error_rate).toBeWithin(0.01, 0.9)
  })
})

test('a presence that begins after its end does nothing', async () => {
  const clock = new SimClock()
  const lines: string[] = []
  const config = { autoRegister: false }
  const signal = AbortSignal.abort()
  const workspace = makeWorkspace({ clock, config, signal, log: (line) => lines.push(line) })
  const validity = new Validity(workspace, () => {})
  await new Presence(workspace, {
    card: { name: '', description: '', version: '' },
    index: 0,
    takeRegistered: () => undefined,
    keepIssued: () => {},
    validity,
    workload: new Workload(workspace),
    other: new OtherReceiver(workspace, validity.lookUp),
    onError: () => {},
    onRefused: () => {},
  }).begin()
  expect([lines, clock.armed]).toEqual([[], 0])
})
