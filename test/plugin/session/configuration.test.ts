import { describe, expect, test } from 'bun:test'
import { chmodSync, mkdirSync, rmSync, statSync } from 'node:fs'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FIRST, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
/** The file is checked this often. */
const CHECK_MS = 2_000

function begin(): { scene: SessionScene; process: SceneProcess } {
  const scene = new SessionScene()
  const process = scene.start()
  scene.pass(10_000)
  return { scene, process }
}

describe('a change of the .env file', () => {
  test('that changes no setting restarts nothing', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.configure({}, 'another comment')
    scene.pass(10_000)
    scene.configure({}, 'a third comment')
    scene.pass(MINUTE_MS)
    expect(scene.first.records.registrations).toHaveLength(1)
    expect(process.said('is received here')).toHaveLength(1)
    expect(process.said('the configuration changed')).toEqual([])
  })

  test('that changes a setting starts over within two seconds, and shows nothing twice', () => {
    const { scene, process } = begin()
    using _ = scene
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    const names: unknown[] = []
    scene.answer = (request) => void (request.route === 'register' && names.push(request.json()))
    scene.configure({ MOLECULE_AGENT_NAME: 'Grace' })
    scene.pass(CHECK_MS)
    expect(process.said('the configuration changed; reading it again')).toHaveLength(1)
    scene.pass(MINUTE_MS)
    expect(names).toEqual([
      expect.objectContaining({ agent_card: expect.objectContaining({ name: 'Grace' }) }),
    ])
    expect(process.shown).toEqual([id])
    expect(scene.faults).toEqual([])
    const { heartbeats } = scene.first.records
    const before = heartbeats.length
    scene.pass(MINUTE_MS)
    expect(heartbeats.length - before).toBe(2)
  })

  test('is logged once', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.configure({ MOLECULE_AGENT_NAME: 'Grace', MOLECULE_NO_SUCH: '1' })
    scene.pass(MINUTE_MS)
    expect(process.said('the configuration changed')).toHaveLength(1)
    expect(process.said('MOLECULE_NO_SUCH')).toHaveLength(1)
    expect(process.status).toContain('MOLECULE_NO_SUCH')
  })

  test('that adds a workspace has the session receive for it as well', () => {
    const { scene, process } = begin()
    using _ = scene
    const second = scene.found(SECOND)
    scene.configure()
    scene.pass(10_000)
    const { id } = second.feed.add()
    scene.pass(10_000)
    expect([process.holds(FIRST), process.holds(SECOND), process.shown]).toEqual([true, true, [id]])
    expect(process.status).toContain('configuration: 2 workspaces on ')
  })
})

describe('a file that is not valid', () => {
  test('stops everything and says why, and a repaired one starts again', () => {
    const { scene, process } = begin()
    using _ = scene
    scene.configure({ MOLECULE_WORKSPACE_IDS: 'nobody' })
    scene.pass(CHECK_MS)
    expect([process.holds(FIRST), process.session.remark()]).toEqual([false, undefined])
    const asked = scene.requests.length
    scene.pass(5 * MINUTE_MS)
    expect(scene.requests).toHaveLength(asked)
    expect(process.said('MOLECULE_WORKSPACE_IDS')).toHaveLength(1)
    expect(process.status).toContain(`configuration: NOT VALID (${scene.paths.envFile})`)
    expect(process.status).toContain('MOLECULE_WORKSPACE_IDS')
    expect(process.call('list_peers')).toContain('MOLECULE_WORKSPACE_IDS')
    scene.configure()
    scene.pass(10_000)
    expect(process.status).toContain('receiving: yes')
    expect(scene.first.records.registrations).toHaveLength(2)
  })

  test('is reported from the beginning, and the session receives once it is repaired', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_WORKSPACE_IDS: 'nobody' })
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(process.status).toContain('receiving: no')
    expect(scene.requests).toEqual([])
    scene.configure()
    scene.pass(10_000)
    expect(process.holds(FIRST)).toBe(true)
  })

  test('that does not exist yet is read as soon as it does', () => {
    using scene = new SessionScene()
    rmSync(scene.paths.envFile)
    const process = scene.start()
    scene.pass(10_000)
    expect(process.status).toContain(`NOT VALID (environment; there is no ${scene.paths.envFile})`)
    scene.configure()
    scene.pass(10_000)
    expect(process.status).toContain(`on http://127.0.0.1:1 (${scene.paths.envFile})`)
    expect(process.holds(FIRST)).toBe(true)
  })

  test('that cannot be read is named with the reason', () => {
    using scene = new SessionScene()
    rmSync(scene.paths.envFile)
    mkdirSync(scene.paths.envFile)
    const process = scene.start()
    expect(process.status).toContain(`${scene.paths.envFile} is not a regular file`)
    expect(process.said(`${scene.paths.envFile} is not a regular file`)).toHaveLength(1)
  })
})

describe('the .env file', () => {
  const modeOf = ({ paths }: SessionScene): number => statSync(paths.envFile).mode & 0o777

  test('is closed to others when the session begins and after each change, with a warning', () => {
    using scene = new SessionScene()
    chmodSync(scene.paths.envFile, 0o644)
    const process = scene.start()
    expect([modeOf(scene), process.said('was readable by others').length]).toEqual([0o600, 1])
    scene.configure({ MOLECULE_AGENT_NAME: 'Grace' })
    chmodSync(scene.paths.envFile, 0o640)
    scene.pass(CHECK_MS)
    expect([modeOf(scene), process.said('was readable by others').length]).toEqual([0o600, 2])
  })

  test('keeps its tokens out of the log, including those added later', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    const second = scene.found(SECOND)
    scene.configure()
    scene.pass(5_000)
    const tokens = [scene.first.token, second.token]
    scene.answer = ({ route }) =>
      route === 'activity' ? jsonResponse(500, { error: `it was ${tokens.join(' ')}` }) : undefined
    scene.pass(MINUTE_MS)
    expect(process.said('it was ').length).toBeGreaterThan(0)
    for (const token of tokens)
      expect([process.said(token), process.status.includes(token)]).toEqual([[], false])
  })

  test('decides how much is logged', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_LOG_LEVEL: 'error' })
    const process = scene.start()
    scene.pass(MINUTE_MS)
    expect(process.log).toEqual([])
    scene.configure({ MOLECULE_LOG_LEVEL: 'info' })
    scene.pass(MINUTE_MS)
    expect(process.said('is a member of ')).toHaveLength(1)
  })

  test('decides how much is logged even when it is not valid', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_LOG_LEVEL: 'error', MOLECULE_WORKSPACE_IDS: 'nobody', MOLECULE_NO_SUCH: '1' })
    const process = scene.start()
    expect(process.log).toEqual([expect.stringContaining('MOLECULE_WORKSPACE_IDS')])
  })
})
