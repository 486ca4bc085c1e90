import { expect, test } from 'bun:test'
import { rung, rungForOne, startRung } from '../../fixtures/rung-session.ts'
import { FIRST, type SessionScene } from '../../fixtures/session-scene.ts'

const states = (scene: SessionScene): readonly string[] =>
  [...scene.storage.records().values()].map(({ state }) => state)

test('what the host has dropped comes again: the call was given up as its result left', () => {
  const { scene, process, id } = rungForOne()
  using _ = scene
  const begun = process.begin('read_messages')
  scene.until('the result to leave', () => states(scene).includes('sent'))
  begun.giveUp()
  scene.pass(1_000)
  process.session.turnEnded()
  scene.pass(1_000)
  expect(states(scene)).toEqual(['received'])
  expect(process.call('read_messages')).toContain(`activity_id="${id}"`)
})

test('what a call that was given up was to give waits again, also when the settings have changed meanwhile', () => {
  const { scene, process, id } = rungForOne({ room: 0 })
  using _ = scene
  const begun = process.begin('read_messages')
  scene.until('the message to be taken', () => states(scene).includes('sending'))
  scene.configure({ MOLECULE_CHANNEL: 'doorbell', MOLECULE_AGENT_NAME: 'another name' })
  scene.until('a new configuration', () => process.said('the configuration changed').length > 0)
  begun.giveUp()
  process.session.turnEnded()
  scene.until('another bell', () => process.inbox.bells.length > 1)
  expect(process.call('read_messages')).toContain(`activity_id="${id}"`)
})

test('what was read in a turn is confirmed also when the settings change in it', () => {
  const { scene, process } = rungForOne()
  using _ = scene
  process.hear()
  process.call('read_messages')
  scene.configure({ MOLECULE_CHANNEL: 'doorbell', MOLECULE_AGENT_NAME: 'another name' })
  scene.until('a new configuration', () => process.said('the configuration changed').length > 0)
  expect(process.status).not.toContain('no sign yet that the host shows messages')
  process.session.turnEnded()
  scene.pass(100)
  expect(states(scene)).toEqual(['confirmed'])
})

test('a session whose settings change is not rung again at once, and takes a bell from before for its own', () => {
  const { scene, process } = rungForOne()
  using _ = scene
  scene.configure({ MOLECULE_CHANNEL: 'doorbell', MOLECULE_AGENT_NAME: 'another name' })
  scene.until('a new configuration', () => process.said('the configuration changed').length > 0)
  scene.until('the workspace to be held again', () => process.holds(FIRST))
  scene.pass(10_000)
  expect(process.inbox.bells).toHaveLength(1)
  process.hear()
  expect(process.status).toContain('rung 1 time, heard 1 time')
})

test('what turns that never ended have read comes three times, and then stays in the inbox', () => {
  const { scene, process: first } = rung()
  using _ = scene
  const { id } = scene.first.feed.add()
  let times = 0
  for (let process = first, lives = 0; lives < 6; lives++) {
    scene.pass(3_000)
    if (process.inbox.bells.length > 0) process.hear()
    if (process.call('read_messages').includes(`activity_id="${id}"`)) times++
    scene.pass(1_000)
    process.kill()
    process = startRung(scene)
  }
  expect(times).toBe(3)
  expect(states(scene)).toEqual(['sent'])
})
