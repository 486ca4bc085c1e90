import { describe, expect, test } from 'bun:test'
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { systemDisk } from '../../../base/sqlite.ts'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { lockPaths } from '../../../member/folder/lock.ts'
import { FIRST, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

/** A process that holds everything, and a second one that stands by. */
function begin(): { scene: SessionScene; holder: SceneProcess; standby: SceneProcess } {
  const scene = new SessionScene()
  const holder = scene.start()
  scene.pass(5_000)
  const standby = scene.start()
  scene.pass(5_000)
  return { scene, holder, standby }
}

const pathsOf = (scene: SessionScene, id: string = FIRST) => lockPaths(scene.paths.locks, id)

describe('a standby', () => {
  test('reads nothing, and names the holder in status and in a note', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    expect(scene.requests.filter(({ process }) => process === 2)).toEqual([])
    expect(standby.status).toContain(`receiving: no; the session with pid ${holder.pid} (/project) receives`)
    expect(standby.status).toContain(`  held by the session with pid ${holder.pid} (/project) since 2026-`)
    expect(standby.session.remark()).toContain(`the session with pid ${holder.pid} (/project) receives`)
    expect(holder.session.remark()).toBeUndefined()
  })

  test('takes over within 500 ms of the end of the holder', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    holder.kill()
    expect(scene.until('the takeover', () => standby.holds(FIRST))).toBeLessThanOrEqual(500)
    const { id } = scene.first.feed.add()
    scene.pass(10_000)
    expect([standby.shown, standby.session.remark()]).toEqual([[id], undefined])
  })

  test('sends again what a killed holder may have shown, marked, and says so in the log', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    const { id } = scene.first.feed.add()
    scene.until('the event', () => holder.shown.length > 0)
    holder.kill()
    scene.pass(10_000)
    expect(standby.shown).toEqual([id])
    expect(standby.said('delivers 1 message again that may have been delivered before')).toHaveLength(1)
    expect(scene.sightings.begun.map(({ redelivered }) => redelivered)).toEqual([false, true])
  })
})

describe('a claim', () => {
  test('moves the workspace at once, and the other session stands by', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    const begun = scene.clock.now()
    expect(standby.call('claim_channel')).toBe(`This session receives for workspace ${FIRST}.`)
    expect(scene.clock.now() - begun).toBeLessThanOrEqual(1_100)
    expect(holder.said(`is released to the session with pid ${standby.pid}, which claimed it`)).toHaveLength(
      1,
    )
    scene.pass(1_000)
    const before = scene.requests.filter(({ process }) => process === 1).length
    const { id } = scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect([holder.shown, standby.shown]).toEqual([[], [id]])
    expect(scene.requests.filter(({ process }) => process === 1)).toHaveLength(before)
    expect(holder.session.remark()).toContain(`the session with pid ${standby.pid} (/project) receives`)
    expect(existsSync(pathsOf(scene).claim)).toBe(false)
    expect(scene.faults).toEqual([])
  })

  test('can move it back and forth', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    for (const process of [standby, holder, standby, holder]) {
      expect(process.call('claim_channel')).toContain('This session receives')
      scene.pass(2_000)
      const { id } = scene.first.feed.add()
      scene.pass(10_000)
      expect(process.shown.at(-1)).toBe(id)
    }
    expect(scene.sightings.begun.filter(({ redelivered }) => !redelivered)).toHaveLength(4)
  })

  test('takes the lock within 50 ms after the holder released it', () => {
    using scene = new SessionScene()
    const holder = scene.start()
    scene.pass(5_270)
    const standby = scene.start()
    scene.pass(5_000)
    void standby.session.claim(undefined, new AbortController().signal)
    scene.until('the holder to yield', () => !holder.holds(FIRST))
    expect(scene.until('the takeover', () => standby.holds(FIRST))).toBeLessThanOrEqual(50)
  })

  test('leaves nothing of what the earlier holder knew in its status', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    scene.first.revoke()
    scene.pass(2 * MINUTE_MS)
    expect(holder.status).toContain('given up: ')
    standby.call('claim_channel')
    scene.pass(1_000)
    expect(holder.status).toContain(`  held by the session with pid ${standby.pid}`)
    expect(holder.status).not.toContain('given up: ')
  })

  test('leaves alone what this session holds already', () => {
    const { scene, holder } = begin()
    using _ = scene
    expect(holder.call('claim_channel')).toContain('This session receives')
    expect(existsSync(pathsOf(scene).claim)).toBe(false)
  })

  test('can be for one workspace of several', () => {
    using scene = new SessionScene()
    scene.found(SECOND)
    scene.configure()
    const holder = scene.start()
    scene.pass(5_000)
    const standby = scene.start()
    scene.pass(5_000)
    standby.call('claim_channel', { workspace_id: SECOND })
    scene.pass(5_000)
    expect([FIRST, SECOND].map((id) => [holder.holds(id), standby.holds(id)])).toEqual([
      [true, false],
      [false, true],
    ])
    expect(holder.session.remark()).toContain(`receives for ${SECOND}`)
    expect(standby.status).toContain('receiving: 1 of 2 workspaces')
    expect(standby.call('claim_channel', { workspace_id: 'x' })).toContain(`They are: ${FIRST}, ${SECOND}.`)
    expect(standby.call('claim_channel')).toContain('This session receives for 2 workspaces')
  })

  test('of two sessions at the same time moves it to one of them, and tells the other why', () => {
    const { scene, standby } = begin()
    using _ = scene
    const third = scene.start()
    const { signal } = new AbortController()
    const claims = [standby, third].map(({ session }) => session.claim(undefined, signal))
    const ends = scene.result(Promise.all(claims)).flat()
    expect(ends.filter(({ held }) => held)).toHaveLength(1)
    const because = expect.stringMatching(/pid 100[23] claims it at the same time/)
    expect(ends).toContainEqual(expect.objectContaining({ because }))
  })

  test('that the holder ignores fails after 10 s, and leaves no file behind', () => {
    using scene = new SessionScene()
    const standby = scene.launch()
    mkdirSync(scene.paths.locks)
    const stranger = systemDisk.open(pathsOf(scene).lock)
    stranger.run('BEGIN EXCLUSIVE')
    standby.activate()
    scene.pass(1_000)
    const begun = scene.clock.now()
    const answer = standby.call('claim_channel')
    expect(scene.clock.now() - begun).toBeGreaterThanOrEqual(10_000)
    expect(scene.clock.now() - begun).toBeLessThan(10_200)
    expect(answer).toContain('another session has not given it back within 10 s')
    expect(existsSync(pathsOf(scene).claim)).toBe(false)
    stranger.close()
    scene.pass(500)
    expect(standby.holds(FIRST)).toBe(true)
  })

  test('is called off when its call is cancelled, or its session ends', () => {
    const { scene, standby } = begin()
    using _ = scene
    const cancelled = new AbortController()
    const call = standby.session.claim(undefined, cancelled.signal)
    cancelled.abort()
    const because = 'it was called off'
    expect(scene.result(call, 100)).toEqual([{ workspaceId: FIRST, held: false, because }])
    expect(existsSync(pathsOf(scene).claim)).toBe(false)
    const other = standby.session.claim(undefined, new AbortController().signal)
    standby.stop()
    expect(scene.result(other, 100)).toEqual([{ workspaceId: FIRST, held: false, because }])
  })

  test('that cannot be written says why', () => {
    const { scene, standby } = begin()
    using _ = scene
    mkdirSync(pathsOf(scene).claim)
    expect(standby.call('claim_channel')).toContain('the claim cannot be written: ')
  })

  test('of a session that is gone is heeded for 10 s and no longer', () => {
    using scene = new SessionScene()
    mkdirSync(scene.paths.locks)
    const claim = { session: 'gone', pid: 7, project: '/gone', at: scene.clock.now() }
    writeFileSync(pathsOf(scene).claim, JSON.stringify(claim))
    const process = scene.start()
    scene.pass(9_000)
    expect([process.holds(FIRST), process.status.includes('held by another session')]).toEqual([false, true])
    scene.pass(1_500)
    expect(process.holds(FIRST)).toBe(true)
    expect(existsSync(pathsOf(scene).claim)).toBe(false)
  })

  test('that is abandoned leaves the workspace without a holder only until it expires', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    standby.kill()
    const claim = { session: 'gone', pid: 7, project: '/gone', at: scene.clock.now() }
    writeFileSync(pathsOf(scene).claim, JSON.stringify(claim))
    scene.pass(5_000)
    expect([holder.holds(FIRST), holder.status.includes('receiving: no')]).toEqual([false, true])
    scene.pass(6_000)
    expect([holder.holds(FIRST), existsSync(pathsOf(scene).claim)]).toEqual([true, false])
    const { id } = scene.first.feed.add()
    scene.until('the message', () => holder.shown.includes(id))
  })

  test('is not for a session whose host does not listen', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.withoutChannel)
    expect(process.call('claim_channel')).toContain(
      'This session cannot receive messages: this session was started without the channel',
    )
  })
})

test('a lock that cannot be taken is logged once, shown in status, named by a claim, and tried again', () => {
  using scene = new SessionScene()
  mkdirSync(pathsOf(scene).lock, { recursive: true })
  const process = scene.start()
  scene.pass(MINUTE_MS)
  const problem = `the lock ${pathsOf(scene).lock} cannot be taken`
  expect(process.said(problem)).toHaveLength(1)
  expect(process.status).toContain(`last error: ${problem}`)
  expect(process.call('claim_channel')).toContain(problem)
  rmdirSync(pathsOf(scene).lock)
  scene.pass(1_000)
  expect(process.holds(FIRST)).toBe(true)
  expect(process.status).not.toContain('last error')
})
