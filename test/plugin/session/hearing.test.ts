import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, renameSync } from 'node:fs'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { lockPaths } from '../../../member/folder/lock.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
const GIVES_BACK = 'releases its workspaces, since the host does not listen'

/** A session on a host that shows nothing, after one message was sent to it. */
function deaf(): { scene: SessionScene; process: SceneProcess; id: string } {
  const scene = new SessionScene()
  const process = scene.start(HOSTS.unknownAndDeaf)
  scene.pass(1_000)
  const { id } = scene.first.feed.add()
  scene.until('the event', () => process.shown.length > 0)
  return { scene, process, id }
}

/** The user types a prompt, and the turn soon ends. Returns what the hook tells besides. */
function type(scene: SessionScene, { session }: SceneProcess): string | undefined {
  const notice = session.submitted(undefined)
  scene.pass(1_000)
  session.turnEnded()
  return notice
}

describe('a host that shows none of the messages sent to it', () => {
  test('loses its workspaces at the first prompt after 30 s, and is told what waits at the next', () => {
    const { scene, process } = deaf()
    using _ = scene
    scene.pass(29_000)
    type(scene, process)
    expect(process.holds(FIRST)).toBe(true)
    scene.pass(3_000)
    expect(type(scene, process)).toBeUndefined()
    expect(process.said(GIVES_BACK)).toHaveLength(1)
    expect([process.holds(FIRST), existsSync(scene.paths.pidFile)]).toEqual([false, false])
    expect(process.status).toContain('receiving: no, the host has not shown 1 message sent over 30 s ago')
    expect(process.session.remark()).toContain('the host has not shown 1 message')
    const notice = type(scene, process)
    expect(notice).toContain(`1 for workspace ${FIRST}`)
    expect(notice).toContain('the host has not shown 1 message sent over 30 s ago')
    expect(notice).toContain('or set MOLECULE_CHANNEL=on if this host does listen')
  })

  test('loses them only once the hook has its answer', () => {
    const { scene, process } = deaf()
    using _ = scene
    scene.pass(MINUTE_MS)
    process.session.submitted(undefined)
    expect([process.said(GIVES_BACK), process.holds(FIRST)]).toEqual([[], true])
    scene.pass(0)
    expect([process.said(GIVES_BACK).length, process.holds(FIRST)]).toEqual([1, false])
  })

  test('gets them back only once the hook has its answer', () => {
    const { scene, process, id } = deaf()
    using _ = scene
    scene.pass(MINUTE_MS)
    type(scene, process)
    process.session.submitted({ workspaceId: FIRST, activityId: id })
    expect(process.holds(FIRST)).toBe(false)
    scene.pass(1_000)
    expect(process.holds(FIRST)).toBe(true)
  })

  test('beats, registers and reads no more', () => {
    const { scene, process } = deaf()
    using _ = scene
    scene.pass(MINUTE_MS)
    type(scene, process)
    scene.pass(20_000)
    const asked = scene.requests.length
    scene.pass(10 * MINUTE_MS)
    expect(scene.requests).toHaveLength(asked)
  })

  test('makes way for a session that listens', () => {
    const { scene, process, id } = deaf()
    using _ = scene
    const other = scene.start()
    scene.pass(MINUTE_MS)
    type(scene, process)
    scene.pass(10_000)
    expect([other.holds(FIRST), other.shown]).toEqual([true, [id]])
    expect(process.status).toContain(`  held by the session with pid ${other.pid}`)
    expect(type(scene, process)).toBeUndefined()
  })

  test('receives again as soon as it passes one on after all', () => {
    const { scene, process, id } = deaf()
    using _ = scene
    scene.pass(MINUTE_MS)
    type(scene, process)
    // Both before the session has looked at either.
    for (let n = 0; n < 2; n++) {
      expect(process.session.submitted({ workspaceId: FIRST, activityId: id })).toBeUndefined()
    }
    scene.pass(5_000)
    expect(process.said('receives again, since the host passes messages on')).toHaveLength(1)
    expect(process.holds(FIRST)).toBe(true)
    const later = scene.first.feed.add()
    scene.pass(10_000)
    expect(process.shown).toEqual([id, later.id])
    expect(process.status).toContain('receiving: yes (the host has shown messages)')
    process.session.submitted({ workspaceId: FIRST, activityId: later.id })
    scene.pass(MINUTE_MS)
    type(scene, process)
    expect(process.holds(FIRST)).toBe(true)
    expect(type(scene, process)).toBeUndefined()
  })

  test('is probed at each prompt, and is given everything once it shows a probe', () => {
    const { scene, process, id } = deaf()
    using _ = scene
    scene.pass(MINUTE_MS)
    type(scene, process)
    scene.pass(10 * MINUTE_MS)
    const probes = () => process.events.filter(({ kind }) => kind === 'probe')
    expect(probes()).toHaveLength(1)
    type(scene, process)
    scene.pass(5_000)
    expect(probes()).toHaveLength(2)
    process.session.submitted({ workspaceId: FIRST, activityId: probes()[1]?.activity_id ?? '' })
    scene.pass(10_000)
    expect(process.events.at(-1)).toMatchObject({ activity_id: id, redelivered: 'true' })
  })

  test('is found out though it was started with the channel: it may have refused it', () => {
    using scene = new SessionScene()
    const process = scene.start({ ...HOSTS.withChannel, listens: false })
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    type(scene, process)
    expect([process.said(GIVES_BACK).length, process.holds(FIRST)]).toEqual([1, false])
    expect(type(scene, process)).toContain('To receive them, start Claude Code with --debug as well')
  })

  test('loses nothing while a turn runs, however much the user types: messages wait for its end', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    type(scene, process)
    process.session.submitted(undefined)
    const { id } = scene.first.feed.add()
    const told: (string | undefined)[] = []
    for (let n = 0; n < 5; n++) {
      scene.pass(MINUTE_MS)
      told.push(process.session.submitted(undefined))
    }
    expect([process.said(GIVES_BACK), process.holds(FIRST)]).toEqual([[], true])
    expect(process.status).toContain('the host has not shown 1 message sent over 30 s ago')
    // Told once, at the prompt after the one that found it.
    expect(told.filter((notice) => notice !== undefined)).toHaveLength(1)
    expect(told[1]).toContain('Unless it has been busy since, it does not listen to the channel')
    process.session.turnEnded()
    process.session.submitted({ workspaceId: FIRST, activityId: id })
    scene.pass(1_000)
    expect(process.status).not.toContain('has not shown')
    expect(process.session.submitted(undefined)).toBeUndefined()
  })

  test('keeps its workspaces if the user has set MOLECULE_CHANNEL=on, and is told that nothing is shown', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_CHANNEL: 'on' })
    const process = scene.start(HOSTS.unknownAndDeaf)
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    type(scene, process)
    expect(process.holds(FIRST)).toBe(true)
    expect(type(scene, process)).toContain('1 message of the Molecule platform was sent to this session')
  })

  test('is not found out by prompts while nothing was sent', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.unknownAndDeaf)
    for (let n = 0; n < 5; n++) {
      scene.pass(MINUTE_MS)
      type(scene, process)
    }
    expect(process.holds(FIRST)).toBe(true)
  })

  test('keeps its workspaces while the ledger cannot tell, and loses them at the next prompt', () => {
    const { scene, process } = deaf()
    using _ = scene
    scene.pass(MINUTE_MS)
    const { evidence } = process.session.ledger() ?? {}
    if (evidence === undefined) throw new Error('no ledger')
    const { unconfirmed } = evidence
    Object.defineProperty(evidence, 'unconfirmed', {
      configurable: true,
      value: () => {
        throw new Error('disk I/O error')
      },
    })
    type(scene, process)
    expect(process.said(GIVES_BACK)).toEqual([])
    Object.defineProperty(evidence, 'unconfirmed', { value: unconfirmed })
    type(scene, process)
    expect(process.holds(FIRST)).toBe(false)
  })
})

describe('what is learned about the session', () => {
  const factsIn = (path: string): unknown => {
    using db = new Database(path, { readonly: true })
    return db.query('SELECT hooked, heard_at IS NOT NULL AS heard FROM session').all()
  }

  test('is written into the ledger, once it is known', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    expect(factsIn(scene.paths.ledger)).toEqual([])
    type(scene, process)
    expect(factsIn(scene.paths.ledger)).toEqual([{ hooked: 1, heard: 0 }])
    process.session.submitted({ workspaceId: FIRST, activityId: 'x' })
    scene.pass(0)
    expect(factsIn(scene.paths.ledger)).toEqual([{ hooked: 1, heard: 1 }])
  })

  test('is written into each new ledger', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    type(scene, process)
    const { folder } = scene.paths
    renameSync(folder, `${folder}-old`)
    mkdirSync(folder, { mode: 0o700 })
    scene.configure()
    scene.pass(5_000)
    expect(factsIn(scene.paths.ledger)).toEqual([{ hooked: 1, heard: 0 }])
  })

  test('is written before the session ends, even at the last moment', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    process.session.submitted({ workspaceId: FIRST, activityId: id })
    process.stop()
    expect(factsIn(scene.paths.ledger)).toEqual([{ hooked: 1, heard: 1 }])
    expect(scene.storage.recordOf(FIRST, id)?.state).toBe('confirmed')
  })

  test('makes a receipt confirm its message', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    expect(scene.storage.recordOf(FIRST, id)?.state).toBe('sent')
    process.session.submitted({ workspaceId: FIRST, activityId: id })
    scene.pass(0)
    expect(scene.storage.recordOf(FIRST, id)?.state).toBe('confirmed')
  })
})

test('MOLECULE_CHANNEL decides, whatever the host says', () => {
  using scene = new SessionScene()
  scene.configure({ MOLECULE_CHANNEL: 'on' })
  const process = scene.start(HOSTS.withoutChannel)
  scene.pass(1_000)
  expect(process.holds(FIRST)).toBe(true)
  scene.configure({ MOLECULE_CHANNEL: 'off' })
  scene.pass(5_000)
  expect(process.holds(FIRST)).toBe(false)
  expect(process.status).toContain('receiving: no, MOLECULE_CHANNEL is off')
  expect(existsSync(lockPaths(scene.paths.locks, FIRST).holder)).toBe(false)
})
