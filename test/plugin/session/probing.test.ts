import { describe, expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

const probesTo = ({ events }: SceneProcess) => events.filter(({ kind }) => kind === 'probe')

/** The host gives the newest event to the model, so its prompt hook runs. */
function receipt({ session, events }: SceneProcess): void {
  const { workspace_id: workspaceId = '', activity_id: activityId = '' } = events.at(-1) ?? {}
  session.submitted({ workspaceId, activityId })
}

describe('a program of the Agent SDK that has not switched the channel on', () => {
  test('holds nothing, however many prompts it gets, and loses no message', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_POLL_WINDOW_SECS: 600 })
    const process = scene.start(HOSTS.sdkAndDeaf)
    for (let n = 0; n < 5; n++) {
      scene.first.feed.add()
      process.session.submitted(undefined)
      scene.pass(MINUTE_MS)
    }
    expect([process.holds(FIRST), scene.sent('register'), process.shown]).toEqual([false, [], []])
    expect(process.status).toContain('receiving: no, the host is a program that uses the Agent SDK')
    expect(process.status).toContain('MOLECULE_CHANNEL=on')
    const real = scene.start()
    scene.pass(MINUTE_MS)
    expect(real.shown).toHaveLength(5)
    expect(scene.sightings.begun.some(({ redelivered }) => redelivered)).toBe(false)
  })

  test('is not probed while nothing waits, or while a session receives', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.sdkAndDeaf)
    scene.pass(5 * MINUTE_MS)
    expect(probesTo(process)).toEqual([])
    scene.start()
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(5 * MINUTE_MS)
    expect(probesTo(process)).toEqual([])
  })

  test('is probed four times a minute at most', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.sdkAndDeaf)
    scene.pass(1_000)
    scene.first.feed.add()
    scene.pass(10 * MINUTE_MS)
    expect(probesTo(process).length).toBeWithin(36, 46)
    process.stop()
    scene.pass(MINUTE_MS)
    expect(probesTo(process).length).toBeWithin(36, 46)
  })
})

describe('a program of the Agent SDK that has switched the channel on', () => {
  test('receives from the moment it shows a probe, and is probed no more', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.sdk)
    scene.pass(1_000)
    const { id } = scene.first.feed.add()
    scene.until('the probe', () => probesTo(process).length > 0)
    expect([process.holds(FIRST), process.shown]).toEqual([false, []])
    receipt(process)
    scene.pass(5_000)
    expect([process.holds(FIRST), process.shown]).toEqual([true, [id]])
    expect(process.status).toContain('receiving: yes (the host has shown messages)')
    scene.first.feed.add()
    scene.pass(5 * MINUTE_MS)
    expect(probesTo(process)).toHaveLength(1)
    expect(scene.faults).toEqual([])
  })

  test('is probed soon after a prompt, with which it may have done so', () => {
    using scene = new SessionScene()
    const process = scene.start(HOSTS.sdk)
    scene.pass(1_000)
    scene.first.feed.add()
    scene.until('the first probe', () => probesTo(process).length === 1)
    process.session.submitted(undefined)
    expect(scene.until('the second', () => probesTo(process).length === 2)).toBeLessThanOrEqual(1_500)
  })
})

test('a probe is an event of its own kind, with no message in it', () => {
  using scene = new SessionScene()
  const process = scene.start(HOSTS.sdk)
  scene.pass(1_000)
  scene.first.feed.add()
  scene.pass(MINUTE_MS)
  expect(process.events[0]).toEqual({
    kind: 'probe',
    workspace_id: FIRST,
    activity_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
  })
})
