import { describe, expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { HOSTS, type HostKind } from '../../../lab/simulation/sim-process.ts'
import { textResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, PEER, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

/** Stops a session, and looks for an hour whether anything of it is left. */
function expectNothingLeft(scene: SessionScene, process: SceneProcess): void {
  process.stop()
  const [asked, shown, logged] = [scene.requests.length, process.shown.length, process.log.length]
  expect([FIRST, SECOND].map((id) => process.holds(id))).toEqual([false, false])
  expect(existsSync(scene.paths.pidFile)).toBe(false)
  expect(scene.files.filter((name) => name.endsWith('.holder'))).toEqual([])
  // What the host and the platform still do takes less than a second.
  scene.pass(1_000)
  const log = readFileSync(scene.paths.logFile, 'utf8')
  expect(scene.clock.armed).toBe(0)
  scene.first.feed.add()
  scene.pass(60 * MINUTE_MS)
  expect([scene.requests.length, process.shown.length, process.log.length]).toEqual([asked, shown, logged])
  expect(readFileSync(scene.paths.logFile, 'utf8')).toBe(log)
}

function begin(kind: HostKind = HOSTS.withChannel): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene({ hasEvents: true })
  scene.found(SECOND)
  scene.configure()
  const process = scene.start(kind)
  return { scene, process }
}

describe('after its end a session sends nothing, writes nothing, holds nothing and waits for nothing', () => {
  test('while it is idle', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(5 * MINUTE_MS)
    expectNothingLeft(scene, process)
  })

  // Requests are on their way at every moment of the first second.
  test.each([0, 20, 40, 60, 80, 100, 150, 200, 300])('%s ms after it began', (ms) => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(ms)
    expectNothingLeft(scene, process)
  })

  test('while messages are on their way to the host', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    for (let n = 0; n < 200; n++) scene.first.feed.add()
    scene.first.hint()
    scene.until('the first event', () => process.shown.length > 0)
    expectNothingLeft(scene, process)
  })

  test('while the platform fails at everything', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    scene.answer = () => textResponse(500, '')
    scene.pass(45_000)
    expectNothingLeft(scene, process)
  })

  test('while it cannot register', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.answer = ({ route }) => (route === 'register' ? textResponse(500, '') : undefined)
    scene.pass(45_000)
    expectNothingLeft(scene, process)
  })

  test('while its workspaces are given up', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    for (const workspace of scene.platform.workspaces) workspace.revoke()
    scene.pass(2 * MINUTE_MS)
    expectNothingLeft(scene, process)
  })

  test('while it cannot use its ledger', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    scene.isFull = true
    scene.first.feed.add()
    scene.pass(45_000)
    expectNothingLeft(scene, process)
  })

  test('while it stands by, or claims', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    const standby = scene.start()
    scene.pass(1_000)
    const claim = standby.session.claim(undefined, new AbortController().signal)
    scene.pass(10)
    standby.stop()
    expect(scene.result(claim).some(({ held }) => held)).toBeFalse()
    scene.pass(1_000)
    expect(standby.log).toEqual([])
    expectNothingLeft(scene, process)
  })

  test('while a task is open', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    const { id } = scene.found(PEER)
    process.call('delegate_task_async', { workspace_id: id, task: 'work', _as_workspace: FIRST })
    scene.pass(3 * MINUTE_MS)
    expectNothingLeft(scene, process)
  })

  test('while it observes a platform that does not answer', () => {
    const { scene, process } = begin(HOSTS.withoutChannel)
    using _ = scene
    scene.answer = () => new Promise(() => {})
    scene.pass(20_000)
    process.session.submitted(undefined)
    scene.pass(1_000)
    expectNothingLeft(scene, process)
  })

  test('while a permission request is open', () => {
    const { scene } = begin()
    using _ = scene
    scene.configure({ MOLECULE_PERMISSION_RELAY: 'canvas' })
    const process = scene.start()
    scene.processes[0]?.stop()
    scene.pass(5_000)
    process.session.permissions.ask({
      request_id: 'abcde',
      tool_name: 'Bash',
      description: '',
      input_preview: '',
    })
    scene.pass(5_000)
    expect(scene.first.records.notices).toHaveLength(1)
    expectNothingLeft(scene, process)
  })

  test('while its configuration is not valid', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.pass(1_000)
    scene.configure({ MOLECULE_WORKSPACE_IDS: 'nobody' })
    scene.pass(10_000)
    expectNothingLeft(scene, process)
  })
})

test('a session that ends before it is active leaves no trace', () => {
  using scene = new SessionScene()
  const process = scene.launch()
  process.stop()
  scene.pass(MINUTE_MS)
  expect([scene.requests, scene.files]).toEqual([[], ['.env']])
})
