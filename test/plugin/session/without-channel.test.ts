import { describe, expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { FIRST, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

/** The user types a prompt. Returns what the hook tells besides. */
function type(scene: SessionScene, { session }: SceneProcess): string | undefined {
  const notice = session.submitted(undefined)
  scene.pass(1_000)
  return notice
}

describe('a host that was started without the channel', () => {
  test('gets no messages, holds nothing, and is told what waits', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(15_000)
    expect(type(scene, process)).toBeUndefined()
    expect(
      process.said('does not receive messages: this session was started without the channel'),
    ).toHaveLength(1)
    expect(process.status).toContain('receiving: no, this session was started without the channel')
    expect(process.status).toContain('held by no session')
    expect(type(scene, process)).toContain(`1 for workspace ${FIRST}. The inbox tool shows them.`)
    expect(process.call('inbox')).toContain('message 1')
    expect([process.holds(FIRST), scene.sent('register'), process.shown]).toEqual([false, [], []])
  })

  test('is told who receives instead', () => {
    using scene = new SessionScene()
    const holder = scene.start()
    scene.pass(1_000)
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(1_000)
    const receives = `ession with pid ${holder.pid} (/project) receives`
    expect(process.status).toContain(receives)
    expect(process.session.remark()).toContain(receives)
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect([type(scene, process), type(scene, process)]).toEqual([undefined, undefined])
    expect(scene.requests.some((request) => request.process === 2)).toBe(false)
  })

  test('receives nothing for a receipt, which can only be of another session', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(1_000)
    process.session.submitted({ workspaceId: FIRST, activityId: 'x' })
    scene.pass(5_000)
    expect([process.holds(FIRST), process.said('receives again')]).toEqual([false, []])
  })

  test('asks the platform only at prompts, and no more once it ended', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(10 * MINUTE_MS)
    expect(scene.requests).toHaveLength(1)
    type(scene, process)
    expect(scene.requests).toHaveLength(2)
    process.stop()
    scene.pass(MINUTE_MS)
    type(scene, process)
    expect(scene.requests).toHaveLength(2)
  })

  test('of several workspaces names those that are held in status', () => {
    using scene = new SessionScene()
    scene.found(SECOND)
    scene.configure()
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(1_000)
    for (const id of [FIRST, SECOND])
      expect(process.status).toContain(`workspace ${id} at http://127.0.0.1:1`)
  })

  test('has one look under way at a time, however often a tool asks', () => {
    using scene = new SessionScene()
    const process = scene.launch(HOSTS.withoutChannel)
    scene.answer = () => new Promise(() => {})
    process.activate()
    scene.pass(2_000)
    const begun = scene.clock.now()
    for (let n = 0; n < 2; n++) process.call('inbox')
    expect(scene.requests).toHaveLength(1)
    // Each call waits three seconds for it.
    expect(scene.clock.now() - begun).toBeWithin(6_000, 6_100)
  })

  test.each([
    [3, ''],
    [5, ' and more for 2 others'],
  ])('is told of messages for %i workspaces, three of them by name', (count, more) => {
    using scene = new SessionScene()
    for (let n = 1; n < count; n++)
      scene.found(`${n}${n}${n}${n}${n}${n}${n}${n}-1111-4111-8111-111111111111`)
    scene.configure()
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(1_000)
    for (const { feed } of scene.platform.workspaces) feed.add()
    scene.pass(15_000)
    type(scene, process)
    const notice = type(scene, process) ?? ''
    expect(notice.match(/1 for workspace/g)).toHaveLength(3)
    expect(/( and more .* others)?\. The inbox tool/.exec(notice)?.[1] ?? '').toBe(more)
  })

  test('is asked about again for a tool, at most once a second', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.withoutChannel)
    scene.pass(5_000)
    process.call('inbox')
    scene.pass(800)
    process.call('inbox')
    expect(scene.requests).toHaveLength(2)
    scene.pass(400)
    process.call('inbox')
    expect(scene.requests).toHaveLength(3)
  })

  test('asks for twenty workspaces at most', () => {
    using scene = new SessionScene()
    for (let n = 10; n < 32; n++) scene.found(`000000${n}-1111-4111-8111-111111111111`)
    scene.configure()
    scene.start(HOSTS.withoutChannel)
    scene.pass(1_000)
    expect(new Set(scene.requests.map(({ workspaceId }) => workspaceId)).size).toBe(20)
  })
})

describe('what a session that does not receive tells of', () => {
  test.each([
    ['withoutChannel', 'at a prompt', (scene: SessionScene, process: SceneProcess) => type(scene, process)],
    ['another', 'in inbox', (_: SessionScene, process: SceneProcess) => process.call('inbox')],
    ['another', 'under a result', (_: SessionScene, { session }: SceneProcess) => session.remark()],
    ['sdkAndDeaf', 'in status', (_: SessionScene, process: SceneProcess) => process.status],
  ] as const)('is shown to the first session that receives, days later (%s, %s)', (host, _where, ask) => {
    using scene = new SessionScene()
    scene.first.feed.add({ at: (scene.clock.now() - 10 * MINUTE_MS) * 1000 })
    const process = scene.start(HOSTS[host])
    scene.pass(1_000)
    const told = scene.first.feed.add()
    scene.pass(MINUTE_MS)
    process.call('status')
    scene.pass(1_000)
    expect(ask(scene, process)).toMatch(/1 for workspace|1 message\b|1 waiting/)
    process.stop()
    scene.pass(2 * 24 * 60 * MINUTE_MS)
    // A second one tells of it, too, though it came before that one began.
    const second = scene.start(HOSTS.another)
    scene.pass(1_000)
    expect(second.call('inbox')).toContain('1 message:')
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect(real.shown).toEqual([told.id])
    expect(real.call('inbox', { show: 'skipped' })).toContain('arrived before the first start')
  })

  test('is shown if it came within the window before that session began', () => {
    using scene = new SessionScene()
    const { id } = scene.first.feed.add({ at: (scene.clock.now() - 20_000) * 1000 })
    const process = scene.start(HOSTS.another)
    scene.pass(1_000)
    expect(process.call('inbox')).toContain('1 message:')
    scene.pass(60 * MINUTE_MS)
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect(real.shown).toEqual([id])
  })
})
