import { describe, expect, test } from 'bun:test'
import { HOSTS } from '../../../lab/simulation/sim-process.ts'
import { startRung } from '../../fixtures/rung-session.ts'
import { FIRST, type SceneProcess, SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000

describe('who is rung', () => {
  test('nobody by default: such a session only says how its person can let it receive', () => {
    using scene = new SessionScene()
    const process = startRung(scene)
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect([process.inbox.bells.length, process.holds(FIRST)]).toEqual([0, false])
    expect(process.status).toContain('type /molecule:receive')
    expect(process.session.isRung()).toBeFalse()
  })

  test('a session whose person says so, from the claim on', () => {
    using scene = new SessionScene()
    const process = startRung(scene)
    const { id } = scene.first.feed.add()
    scene.pass(5_000)
    expect(process.call('claim_channel')).toContain('This session receives')
    scene.until('a bell', () => process.inbox.bells.length > 0)
    expect(process.call('read_messages')).toContain(`activity_id="${id}"`)
  })

  test.each([
    ['a tool has shown what others wrote', 'inbox', {}],
    ['another session wrote', 'channel_receipt', { prompt: '<cross-session-message from="x">\nhello' }],
  ])('not one that claims after %s: its person must type first', (_, tool, args) => {
    using scene = new SessionScene()
    const process = startRung(scene)
    scene.first.feed.add()
    scene.pass(5_000)
    process.call('channel_receipt', { prompt: 'look what has arrived' })
    process.call(tool, args)
    expect(process.call('claim_channel', { user_accepts_bypass: true })).toContain('Nothing was changed')
    scene.pass(MINUTE_MS)
    expect([process.inbox.bells.length, process.holds(FIRST)]).toEqual([0, false])
    process.call('channel_receipt', { prompt: '/molecule:receive' })
    expect(process.call('claim_channel')).toContain('This session receives')
  })

  test('not one whose person says so no more: it gives its workspaces back, until the person says so again', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_CHANNEL: 'doorbell' })
    const process = startRung(scene)
    scene.until('the workspace to be held', () => process.holds(FIRST))
    expect(process.call('claim_channel', { stop: true })).toContain('receives no more messages')
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect([process.inbox.bells.length, process.holds(FIRST)]).toEqual([0, false])
    expect(process.status).toContain('receiving: no, its user has said so; type /molecule:receive')
    expect(process.call('claim_channel')).toContain('This session receives')
    scene.until('a bell', () => process.inbox.bells.length > 0)
  })

  test('not one with the channel on its command line: the channel alone is used', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_CHANNEL: 'doorbell' })
    const process = scene.launch(HOSTS.withChannel)
    process.inbox.refusal = undefined
    process.activate()
    scene.first.feed.add()
    scene.until('the event', () => process.shown.length > 0)
    scene.pass(MINUTE_MS)
    expect(process.inbox.bells).toEqual([])
    expect(process.call('read_messages')).toContain('messages arrive by themselves, as <channel> tags')
  })

  test.each([
    ['its inbox cannot be used', HOSTS.withoutChannel, 'its inbox is open to other users'],
    ['it is a program of the Agent SDK', HOSTS.sdkAndDeaf, undefined],
    ['it is another client', HOSTS.another, undefined],
  ])('not one of which %s: it says so in a sentence, and consumes nothing', (_, kind, refusal) => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_CHANNEL: 'doorbell' })
    const process = scene.launch(kind)
    process.inbox.refusal = refusal
    process.activate()
    scene.first.feed.add()
    scene.pass(MINUTE_MS)
    expect([process.inbox.bells.length, process.holds(FIRST)]).toEqual([0, false])
    expect(process.status).toMatch(/receiving: no, .*Claude Code cannot be told of messages: /)
    expect(process.session.claim(undefined, new AbortController().signal)).rejects.toThrow(/cannot receive/)
  })

  test('not one with MOLECULE_CHANNEL off, even at the word of its person', () => {
    using scene = new SessionScene()
    scene.configure({ MOLECULE_CHANNEL: 'off' })
    const process = startRung(scene)
    expect(process.session.claim(undefined, new AbortController().signal)).rejects.toThrow(
      'MOLECULE_CHANNEL is off',
    )
  })
})

describe('a session that asks for no permissions', () => {
  function bypass(settings = {}): { scene: SessionScene; process: SceneProcess } {
    const scene = new SessionScene()
    scene.configure(settings)
    const process = scene.launch(HOSTS.withoutChannel)
    process.inbox.refusal = undefined
    process.inbox.asksNothing = true
    process.activate()
    scene.first.feed.add()
    scene.pass(5_000)
    return { scene, process }
  }

  test('receives by a claim only once its person was told what that means', () => {
    const { scene, process } = bypass()
    using _ = scene
    expect(process.call('claim_channel')).toContain('tell the user that this session asks for no permissions')
    expect([process.holds(FIRST), process.inbox.bells.length]).toEqual([false, 0])
    expect(process.call('claim_channel', { user_accepts_bypass: true })).toContain('This session receives')
    scene.until('a bell', () => process.inbox.bells.length > 0)
  })

  test('receives by the setting only once its person was told, with a prompt of theirs', () => {
    const { scene, process } = bypass({ MOLECULE_CHANNEL: 'doorbell' })
    using _ = scene
    expect([process.holds(FIRST), process.inbox.bells.length]).toEqual([false, 0])
    expect(process.session.submitted(undefined)).toContain('It asks for no permissions')
    process.session.turnEnded()
    scene.until('a bell', () => process.inbox.bells.length > 0)
    expect(process.session.submitted(undefined)).toBeUndefined()
  })

  test('is not rung for a prompt that the person did not type: they may not be there to be told', () => {
    const { scene, process } = bypass({ MOLECULE_CHANNEL: 'doorbell' })
    using _ = scene
    const fromAnother = '<cross-session-message from="another">\nhello\n</cross-session-message>'
    expect(process.call('channel_receipt', { prompt: fromAnother })).not.toContain('It asks for')
    process.session.turnEnded()
    scene.pass(MINUTE_MS)
    expect([process.holds(FIRST), process.inbox.bells.length]).toEqual([false, 0])
    expect(process.call('channel_receipt', { prompt: 'hello' })).toContain('It asks for no permissions')
  })

  test('is known by what the prompt hook says, which weighs more than the command line', () => {
    const { scene, process } = bypass({ MOLECULE_CHANNEL: 'doorbell' })
    using _ = scene
    process.session.submitted(undefined, 'default')
    scene.pass(100)
    process.session.turnEnded()
    scene.until('a bell', () => process.inbox.bells.length > 0)
  })
})
