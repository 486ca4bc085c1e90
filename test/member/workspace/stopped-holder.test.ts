import { describe, expect, test } from 'bun:test'
import { rmSync } from 'node:fs'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { lockPaths } from '../../../member/folder/lock.ts'
import { FIRST, type SceneProcess, SECOND, SessionScene } from '../../fixtures/session-scene.ts'

/** A process that holds everything, and a second one that stands by. */
function begin(): { scene: SessionScene; holder: SceneProcess; standby: SceneProcess } {
  const scene = new SessionScene()
  const holder = scene.start()
  scene.pass(5_000)
  const standby = scene.start()
  scene.pass(5_000)
  return { scene, holder, standby }
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)

/** Every event as it was written: by which process, and whether it was marked. */
const written = (scene: SessionScene): readonly string[] =>
  scene.sightings.begun.map(({ session, redelivered }) => `${session}${redelivered ? '*' : ''}`)

describe('while the session that holds a workspace is stopped', () => {
  test('a standby says so: in status, under results, and once at a prompt', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    expect(standby.session.submitted(undefined)).toBeUndefined()
    holder.life.stop()
    scene.pass(6_000)
    const said = `the session with pid ${holder.pid} (/project) is stopped (Ctrl-Z), so messages wait until fg in its terminal continues it`
    expect(standby.status).toContain(`receiving: no; ${said}`)
    expect(standby.session.remark()).toContain(`${said}. claim_channel moves them here.`)
    expect(standby.session.submitted(undefined)).toContain(`${said}. claim_channel moves them`)
    expect(standby.session.submitted(undefined)).toBeUndefined()
    holder.life.resume()
    scene.pass(6_000)
    expect(standby.session.remark()).toContain(`(/project) receives`)
    expect(standby.session.submitted(undefined)).toBeUndefined()
    holder.life.stop()
    scene.pass(6_000)
    expect(standby.session.submitted(undefined)).toContain(said)
  })

  test('a standby leaves the workspace alone until it is told to claim it', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    holder.life.stop()
    scene.first.feed.add()
    scene.pass(10 * 60_000)
    expect([holder.holds(FIRST), standby.holds(FIRST), standby.shown]).toEqual([true, false, []])
  })

  test('claim_channel takes the workspace over within ten seconds, and shows what waits', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    holder.life.stop()
    const { id } = scene.first.feed.add()
    const begun = scene.clock.now()
    expect(standby.call('claim_channel')).toBe(`This session receives for workspace ${FIRST}.`)
    expect(scene.clock.now() - begun).toBeLessThan(10_000)
    scene.pass(10_000)
    expect(standby.shown).toEqual([id])
    expect(standby.said('is taken over from a session that stands still')).toHaveLength(1)
  })

  test('claim_channel takes over from a session that was stopped before it had recovered the workspace', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    const third = scene.start()
    scene.pass(5_000)
    scene.isBusy = true
    holder.kill()
    scene.pass(3_000)
    const taking = [standby, third].find(({ status }) => !status.includes('receiving: no; '))
    const waiting = taking === third ? standby : third
    taking?.life.stop()
    scene.isBusy = false
    scene.pass(20_000)
    const { id } = scene.first.feed.add()
    expect(waiting.session.remark()).toContain(`the session with pid ${taking?.pid} (/project) is stopped`)
    expect(waiting.call('claim_channel')).toContain('This session receives')
    scene.pass(10_000)
    expect(waiting.shown).toEqual([id])
  })

  test('a session without the channel reports what waits', () => {
    using scene = new SessionScene()
    const holder = scene.start()
    scene.pass(5_000)
    const deaf = scene.start({ clientName: 'claude-code', command: ['claude'], listens: false, hooks: true })
    holder.life.stop()
    scene.first.feed.add()
    scene.pass(20_000)
    deaf.session.submitted(undefined)
    scene.pass(20_000)
    expect(deaf.session.submitted(undefined)).toContain(`1 for workspace ${FIRST}`)
  })
})

describe('while the session that holds a workspace hangs or is frozen, which its process does not show', () => {
  /** As {@link begin}, but nobody can tell a process that stands still by its pid. */
  function beginHidden(): ReturnType<typeof begin> {
    const begun = begin()
    begun.scene.showsStopped = false
    return begun
  }

  test('a standby and a session without the channel say so after two minutes at most, and no longer once it goes on', () => {
    const { scene, holder, standby } = beginHidden()
    using _ = scene
    const deaf = scene.start(HOSTS.withoutChannel)
    scene.pass(5_000)
    const said = `the session with pid ${holder.pid} (/project) gives no sign of life (it hangs or is frozen, or its machine sleeps), so messages wait until it goes on or is ended`
    holder.life.stop()
    for (let look = 0; look < 3; look++) {
      expect(deaf.session.remark()).not.toContain('sign of life')
      scene.pass(40_000)
    }
    expect(standby.session.submitted(undefined)).toContain(`${said}. claim_channel moves them`)
    expect(deaf.session.remark()).toContain(`${capital(said)}.`)
    holder.life.resume()
    scene.pass(30_000)
    for (const { session } of [standby, deaf]) expect(session.remark()).toContain('(/project) receives')
  })

  test('claim_channel takes over within ten seconds, and what it wrote meanwhile is not written again', () => {
    const { scene, holder, standby } = beginHidden()
    using _ = scene
    holder.life.stop()
    const { id } = scene.first.feed.add()
    const begun = scene.clock.now()
    expect(standby.call('claim_channel')).toContain('This session receives')
    expect(scene.clock.now() - begun).toBeLessThan(10_000)
    scene.pass(10_000)
    holder.life.resume()
    scene.pass(60_000)
    expect([standby.shown, holder.shown, holder.holds(FIRST)]).toEqual([[id], [], false])
    expect(scene.faults).toEqual([])
  })

  test('a machine that slept makes nobody say so, and nothing is taken over', () => {
    const { scene, holder, standby } = beginHidden()
    using _ = scene
    const deaf = scene.start(HOSTS.withoutChannel)
    const says = (): boolean =>
      [standby, deaf].some(({ session }) => session.remark()?.includes('sign of life') === true)
    for (let night = 0; night < 3; night++) {
      scene.pass(7_000)
      expect(says()).toBe(false)
      scene.clock.sleepMachine(8 * 3_600_000)
      expect(says()).toBe(false)
    }
    scene.pass(60_000)
    expect([holder.holds(FIRST), says()]).toEqual([true, false])
  })
})

describe('a session that was stopped, and lost its workspace', () => {
  test('writes nothing once it runs again, and stands by', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    holder.life.stop()
    standby.call('claim_channel')
    scene.first.feed.add()
    scene.first.feed.add()
    holder.life.resume()
    scene.pass(60_000)
    scene.first.feed.add()
    scene.pass(60_000)
    expect(written(scene)).toEqual(['2', '2', '2'])
    expect(holder.said('a lock was replaced, perhaps by a session that took a workspace over')).toHaveLength(
      1,
    )
    expect(holder.session.remark()).toContain(`the session with pid ${standby.pid} (/project) receives`)
    expect(scene.faults).toEqual([])
  })

  test('holds nothing from the first moment on, before any check is due', () => {
    using scene = new SessionScene()
    const holder = scene.start()
    scene.pass(5_000)
    expect(holder.status).toContain('receiving: yes')
    rmSync(lockPaths(scene.paths.locks, FIRST).lock)
    expect(holder.status).not.toContain('receiving: yes')
  })

  test('gets it back with a claim, and marks what it repeats of the other’s messages', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    holder.life.stop()
    standby.call('claim_channel')
    scene.first.feed.add()
    scene.pass(10_000)
    holder.life.resume()
    scene.pass(10_000)
    expect(holder.call('claim_channel')).toContain('This session receives')
    scene.first.feed.add()
    scene.pass(10_000)
    expect(written(scene)).toEqual(['2', '1*', '1'])
  })

  test('keeps the other workspaces it holds', () => {
    using scene = new SessionScene()
    scene.found(SECOND)
    scene.configure()
    const holder = scene.start()
    scene.pass(5_000)
    const standby = scene.start()
    scene.pass(5_000)
    holder.life.stop()
    standby.call('claim_channel', { workspace_id: FIRST })
    holder.life.resume()
    scene.pass(10_000)
    expect([holder.holds(FIRST), holder.holds(SECOND)]).toEqual([false, true])
    expect([standby.holds(FIRST), standby.holds(SECOND)]).toEqual([true, false])
  })
})

describe('while only the host of the holder is stopped', () => {
  test('nothing is written to it, and a claim moves the messages unmarked', () => {
    const { scene, holder, standby } = begin()
    using _ = scene
    holder.hostStopped = true
    scene.pass(2_000)
    scene.first.feed.add()
    scene.pass(60_000)
    expect(written(scene)).toEqual([])
    expect(standby.session.remark()).toContain('is stopped (Ctrl-Z)')
    expect(standby.call('claim_channel')).toContain('This session receives')
    scene.pass(5_000)
    expect(written(scene)).toEqual(['2'])
  })

  test('it is shown them once it runs again', () => {
    const { scene, holder } = begin()
    using _ = scene
    holder.hostStopped = true
    scene.pass(2_000)
    scene.first.feed.add()
    scene.pass(60_000)
    holder.hostStopped = false
    scene.pass(2_000)
    expect(written(scene)).toEqual(['1'])
  })
})
