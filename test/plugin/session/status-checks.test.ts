/** The tool `status` asks the platform at once: what a session remembers can be a minute old. */
import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

/** What the tool answers, later than what it found the last time is good for. */
function ask(scene: SessionScene, { session }: SceneProcess): string {
  scene.pass(500)
  const report = async (): Promise<string> =>
    session.statusReport(await session.check(new AbortController().signal))
  return scene.result(report(), 3_000)
}

/** A session that has received for a while, with an open event stream: its next look is a minute away. */
function receiving(scene: SessionScene): SceneProcess {
  const process = scene.start()
  scene.until('a live stream', () => process.status.includes('event stream open'))
  scene.pass(5_000)
  expect(ask(scene, process)).toMatch(/^receiving: yes \(/m)
  return process
}

describe('status names the one reason, and what to do, as soon as it is asked', () => {
  test('for a token that was revoked, and the session acts on it at once', () => {
    using scene = new SessionScene({ hasEvents: true })
    const process = receiving(scene)
    scene.first.revoke()
    expect(ask(scene, process)).toContain(
      `receiving: no, the platform refuses the token of workspace ${FIRST}\n  → Create a new one on the platform, `,
    )
    scene.pass(2_000)
    expect(ask(scene, process)).toContain(
      `receiving: no, the workspace cannot be read: the platform refuses the token of workspace ${FIRST}\n  → `,
    )
    expect(process.status).toContain('last error: the platform refuses its token. Create a new one')
    expect(process.said('may not receive messages: the platform refuses its token')).toHaveLength(1)
    scene.first.restore()
    expect(ask(scene, process)).toMatch(/^receiving: (yes|no, the workspace cannot be read)/m)
    scene.pass(2_000)
    expect(process.status).toMatch(/^receiving: yes \(/m)
  })

  test('for a workspace that was removed', () => {
    using scene = new SessionScene({ hasEvents: true })
    const process = receiving(scene)
    scene.first.remove()
    expect(ask(scene, process)).toContain(`receiving: no, Workspace ${FIRST} was deleted on the platform`)
    scene.pass(2_000)
    expect(process.status).toMatch(/^receiving: no, the workspace is given up/m)
  })

  test('for a workspace that is paused', () => {
    using scene = new SessionScene({ hasEvents: true })
    const process = receiving(scene)
    scene.answer = ({ route }) =>
      route === 'lookup' ? jsonResponse(200, { id: FIRST, name: 'ada', status: 'paused' }) : undefined
    expect(ask(scene, process)).toContain(
      `receiving: no, "ada" (${FIRST}) is paused on the platform, so messages may not arrive\n  → Resume it on the platform.`,
    )
  })

  test('for another web server at the address', () => {
    using scene = new SessionScene()
    scene.answer = () => new Response('<html>It works!</html>', { status: 404 })
    const process = scene.start()
    scene.pass(2_000)
    expect(ask(scene, process)).toContain('is another web server, and no Molecule platform')
    expect(process.status).toContain(
      'last error: the platform answered 404 with a web page; is http://127.0.0.1:1 its address?',
    )
  })

  test('for a wrong token from the start', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_WORKSPACE_TOKENS: 'an-old-token' })
    const process = scene.start()
    scene.pass(2_000)
    expect(process.status).toContain('last error: the platform refuses its token. Create a new one')
    expect(ask(scene, process)).toMatch(
      /^receiving: no, the workspace cannot be read: the platform refuses the token of /m,
    )
  })
})

test('status goes on with what it remembers when the platform does not answer within two seconds', () => {
  using scene = new SessionScene()
  const process = scene.start()
  scene.pass(5_000)
  scene.answer = ({ route }) => (route === 'health' ? new Promise(() => {}) : undefined)
  expect(ask(scene, process)).toMatch(/^receiving: yes \(/m)
})

test('status says which of several workspaces is in trouble, below that the others are received', () => {
  using scene = new SessionScene({ hasEvents: true })
  scene.found(SECOND)
  scene.configure()
  const process = scene.start()
  scene.pass(20_000)
  scene.first.revoke()
  expect(ask(scene, process)).toMatch(
    new RegExp(
      `^receiving: yes.*\\n {2}token ${FIRST}: the platform refuses the token of workspace ${FIRST}\\n {2}→ Create`,
      'm',
    ),
  )
})

test('status sends no request before the host has finished connecting', () => {
  using scene = new SessionScene()
  const process = scene.launch()
  expect(ask(scene, process)).toContain('receiving: not yet')
  expect(scene.requests).toEqual([])
})

test('status asks the platform at most twice a second, however often it is called', () => {
  using scene = new SessionScene()
  const process = scene.start()
  scene.pass(5_000)
  ask(scene, process)
  const { session } = process
  const before = scene.sent('health').length
  const signal = new AbortController().signal
  for (let n = 0; n < 10; n++) scene.result(session.check(signal), 100)
  expect(scene.sent('health').length).toBeLessThanOrEqual(before + 1)
})
