import { describe, expect, test } from 'bun:test'
import { type HeartbeatMetrics, startHeartbeatLoop } from '../../../heartbeat.ts'
import { acknowledge, fetchPage } from '../../../member/client/activity.ts'
import { followEvents } from '../../../member/client/events.ts'
import { interpretRow } from '../../../member/client/inbound.ts'
import { listPeers, register } from '../../../member/client/registry.ts'
import { lookUpWorkspace } from '../../../member/client/workspace.ts'
import { PEER, PlatformScene, TestProcess, WORKSPACE } from '../../fixtures/platform-scene.ts'

const CARD = { name: 'An agent', description: 'An agent under test', version: '1' }
const METRICS: HeartbeatMetrics = {
  error_rate: 0.5,
  sample_error: 'oops',
  active_tasks: 2,
  current_task: 'to test',
  uptime_seconds: 7,
  runtime_metadata: {},
}

describe('the lookup', () => {
  test('tells an existing workspace from a removed one and from one that never existed', () => {
    const scene = new PlatformScene()
    expect(scene.result(lookUpWorkspace(scene.client())).state).toBe('present')
    scene.workspace.remove()
    expect(scene.result(lookUpWorkspace(scene.client()))).toMatchObject({
      state: 'removed',
      message: expect.stringContaining('2026-07-01T10:01:00Z'),
    })
    const absent = scene.found(PEER, { absent: true })
    expect(scene.result(lookUpWorkspace(scene.client(undefined, absent))).state).toBe('unknown')
    expect(scene.workspace.records.lookups.map(({ found }) => found)).toEqual(['present', 'removed'])
  })

  test('still finds a workspace whose token is refused', () => {
    const scene = new PlatformScene()
    scene.workspace.revoke()
    expect(scene.result(lookUpWorkspace(scene.client())).state).toBe('present')
  })
})

describe('a registration', () => {
  test('after a lookup is recorded and no fault', () => {
    const scene = new PlatformScene({ inboundSecret: 'a secret of 23 letters' })
    const client = scene.client(new TestProcess(3))
    scene.result(lookUpWorkspace(client))
    expect(scene.result(register(client, CARD)).deliveryMode).toBe('poll')
    expect(scene.workspace.records.registrations).toMatchObject([{ process: 3 }])
    expect(scene.faults).toEqual([])
  })

  test.each([
    ['without a lookup', {}, false, 'without a lookup'],
    ['of an id that does not exist', { absent: true }, true, 'though the platform said it is absent'],
  ])('%s is a fault', (_, options, asks, fault) => {
    const scene = new PlatformScene(options)
    const client = scene.client()
    if (asks) scene.result(lookUpWorkspace(client))
    scene.outcome(register(client, CARD))
    expect(scene.faults).toEqual([`the plugin registered ${WORKSPACE} ${fault}`])
  })

  test('of a removed workspace succeeds, as on the real platform, and is a fault once the process knows', () => {
    const scene = new PlatformScene()
    const client = scene.client()
    scene.result(lookUpWorkspace(client))
    scene.workspace.remove()
    scene.result(register(client, CARD))
    expect(scene.faults).toEqual([])
    scene.result(lookUpWorkspace(client))
    scene.result(register(client, CARD))
    expect(scene.faults).toHaveLength(1)
  })
})

test('heartbeats are recorded with their state, and echoed to the event stream', () => {
  const scene = new PlatformScene()
  const process = new TestProcess(1)
  const stop = new AbortController()
  let isOpen = false
  const stream = followEvents(scene.client(process), {
    signal: stop.signal,
    onOpen: () => {
      isOpen = true
    },
    onHint: () => {},
    silenceMs: 40_000,
  }).then(() => {
    isOpen = false
  })
  startHeartbeatLoop({
    target: { workspaceId: WORKSPACE, platformUrl: 'http://127.0.0.1:1' },
    intervalMs: 30_000,
    staggerMs: 500,
    metrics: () => METRICS,
    token: () => scene.workspace.token,
    onResult: () => {},
    signal: stop.signal,
    fetchImpl: scene.platform.network(process),
    clock: scene.clock,
    log: () => {},
  })
  const { now } = scene.clock
  const began = now()
  scene.pass(125_000)
  expect(isOpen).toBe(true)
  scene.workspace.revoke()
  scene.pass(30_000)
  stop.abort()
  scene.result(stream)
  const { runtime_metadata, ...state } = METRICS
  const { heartbeats } = scene.workspace.records
  expect(heartbeats.map(({ sentAt }) => sentAt - began)).toEqual([30_500, 60_500, 90_500, 120_500, 150_500])
  expect(heartbeats.map(({ accepted }) => accepted)).toEqual([true, true, true, true, false])
  expect(heartbeats[0]?.state).toMatchObject(state)
  expect(scene.workspace.streams.open).toBe(0)
})

describe('the feed', () => {
  test('shows a person, a peer and a result to the real client', () => {
    const scene = new PlatformScene()
    const { feed } = scene.workspace
    feed.add({ text: 'yes abcde' })
    feed.add({ from: PEER, text: 'done', delegationId: 'a-task' })
    feed.add({
      from: WORKSPACE,
      text: 'broken',
      delegationId: 'b-task',
      result: { peerId: PEER, failed: true },
    })
    const page = scene.result(fetchPage(scene.client(), { limit: 10 }))
    expect(page.rows.map((row) => interpretRow(row, WORKSPACE))).toMatchObject([
      { deliver: true, message: { kind: 'canvas_user', text: 'yes abcde', authenticated: true } },
      { deliver: true, message: { kind: 'peer_agent', text: 'done', peerId: PEER, delegationId: 'a-task' } },
      {
        deliver: true,
        message: {
          kind: 'delegation_result',
          text: 'broken',
          peerId: PEER,
          taskStatus: 'failed',
          delegationId: 'b-task',
        },
      },
    ])
    expect(scene.workspace.records.reads).toBe(1)
  })

  test('takes acknowledgements, except on a platform that does not number its rows', () => {
    const scene = new PlatformScene()
    for (let n = 0; n < 5; n++) scene.workspace.feed.add()
    expect(() => scene.result(acknowledge(scene.client(), 6))).toThrow('400')
    for (const seq of [3, 5]) scene.result(acknowledge(scene.client(), seq))
    expect(scene.workspace.records.acknowledgements.map(({ seq }) => seq)).toEqual([3, 5])
    expect(scene.workspace.records.ackedSeq).toBe(5)
    const old = new PlatformScene({ timestampCursor: true })
    expect(() => old.result(acknowledge(old.client(), 3))).toThrow('404')
    expect([...scene.faults, ...old.faults]).toEqual([])
  })

  test('is closed while the token is revoked, and for good once the workspace is removed', () => {
    const scene = new PlatformScene()
    const read = (): unknown => scene.result(fetchPage(scene.client(), { limit: 1 }))
    read()
    scene.workspace.revoke()
    expect(read).toThrow('401')
    scene.workspace.restore()
    read()
    scene.workspace.remove()
    expect(read).toThrow('401')
    expect(scene.faults).toEqual([])
  })

  test('serves one living holder at a time, and any number that only observe', () => {
    const holders = new Set([1, 2])
    const scene = new PlatformScene({ isHolder: (_, { number }) => holders.has(number) })
    const [one, other, observer] = [new TestProcess(1), new TestProcess(2), new TestProcess(3)]
    const read = (process: TestProcess) => fetchPage(scene.client(process), { limit: 100 })
    const both = (...work: Promise<unknown>[]): unknown => scene.result(Promise.all(work))
    both(read(one), read(observer), read(observer))
    expect(scene.faults).toEqual([])
    both(read(one), read(other))
    both(read(one), read(one))
    expect(scene.faults).toEqual([
      `processes 1 and 2 had two requests for the feed of ${WORKSPACE} under way at a time`,
      `one process had two requests for the feed of ${WORKSPACE} under way at a time`,
    ])
    const never = read(one)
    scene.pass(0)
    one.dead = true
    both(read(other))
    expect(scene.outcome(never)).toEqual({ kind: 'open' })
    expect(scene.faults).toHaveLength(2)
  })

  test('serves the next request as soon as one is cancelled', () => {
    const scene = new PlatformScene()
    const stop = new AbortController()
    const first = fetchPage(scene.client(), { limit: 100, signal: stop.signal })
    scene.pass(0)
    stop.abort(new Error('cancelled'))
    scene.result(fetchPage(scene.client(), { limit: 100 }))
    expect(scene.outcome(first)).toMatchObject({ kind: 'failed', error: { message: 'cancelled' } })
    expect(scene.faults).toEqual([])
  })
})

test('a bad request is a fault', () => {
  const scene = new PlatformScene()
  expect(() => scene.result(acknowledge(scene.client(), -1))).toThrow('400')
  expect(() => scene.result(fetchPage(scene.client(), { limit: 1, sinceSecs: 0.5 }))).toThrow('400')
  const fetchImpl = scene.platform.network(new TestProcess(1))
  expect(scene.result(fetchImpl('http://127.0.0.1:1/workspaces/x/unknown')).status).toBe(404)
  expect(scene.faults).toHaveLength(3)
})

test('a hint reaches an open stream at once', () => {
  const scene = new PlatformScene()
  let hints = 0
  const stop = new AbortController()
  const options = { signal: stop.signal, onOpen: () => {}, onHint: () => hints++, silenceMs: 60_000 }
  const stream = followEvents(scene.client(), options)
  scene.pass(1_000)
  scene.workspace.hint()
  scene.pass(0)
  expect(hints).toBe(1)
  scene.outcome(followEvents(scene.client(), options), 1_000)
  expect(scene.faults).toEqual([`the plugin opened a second event stream of ${WORKSPACE}`])
  stop.abort()
  scene.result(stream)
})

test('the peers of a workspace are listed', () => {
  const scene = new PlatformScene()
  expect(scene.result(listPeers(scene.client()))).toMatchObject([{ id: PEER, name: 'A peer' }])
})
