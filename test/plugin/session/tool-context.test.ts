import { expect, test } from 'bun:test'
import { FIRST, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

test('tools act as the configured workspaces, each with its own token', () => {
  using scene = new SessionScene()
  scene.found(SECOND)
  scene.configure()
  const { session } = scene.start()
  expect(session.workspaceIds()).toEqual([FIRST, SECOND])
  const tokens = [FIRST, SECOND, 'x'].map((id) => session.client(id)?.endpoint.token)
  expect(tokens).toEqual([`token-of-${FIRST}`, `token-of-${SECOND}`, undefined])
})

test('tools follow the settings as they are now', () => {
  using scene = new SessionScene()
  const { session } = scene.start()
  expect(session.allowedSenders()).toBeUndefined()
  expect(session.outgoing().roots).toBeUndefined()
  scene.configure({
    MOLECULE_ALLOWED_SENDERS: SECOND,
    MOLECULE_ATTACHMENT_MAX_MB: 3,
    MOLECULE_ATTACHMENT_ROOTS: '/outgoing',
  })
  scene.pass(2_000)
  expect(session.allowedSenders()).toEqual(expect.anything())
  expect(session.outgoing()).toMatchObject({
    maxBytes: 3 * 1024 * 1024,
    stateFolder: scene.paths.folder,
    roots: expect.anything(),
  })
})

test('without a valid configuration no file may be sent, and no workspace acts', () => {
  using scene = new SessionScene()
  scene.configure({ MOLECULE_WORKSPACE_IDS: 'nobody' })
  const { session } = scene.start()
  expect(session.outgoing()).toMatchObject({ maxBytes: 0, stateFolder: scene.paths.folder, roots: undefined })
  expect([session.workspaceIds(), session.client(FIRST), session.allowedSenders()]).toEqual([
    [],
    undefined,
    undefined,
  ])
  expect(session.problems()).toEqual([expect.stringContaining('MOLECULE_WORKSPACE_IDS')])
})
