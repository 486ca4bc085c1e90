import { describe, expect, test } from 'bun:test'
import { readBell } from '../../../plugin/host/doorbell/bell.ts'
import { rung, rungForOne, startRung } from '../../fixtures/rung-session.ts'
import { FIRST, PEER, type SessionScene } from '../../fixtures/session-scene.ts'

const MINUTE_MS = 60_000
const NO_NEW = 'No new message waits. inbox lists earlier ones.'

const states = (scene: SessionScene): readonly string[] =>
  [...scene.storage.records().values()].map(({ state }) => state)

describe('a session that may be rung', () => {
  test('is rung once for a backlog, whose messages wait until a call reads them, in order, each once', () => {
    const { scene, process } = rung()
    using _ = scene
    const ids = Array.from({ length: 5 }, () => scene.first.feed.add().id)
    scene.until('a bell', () => process.inbox.bells.length > 0)
    scene.pass(3_000)
    expect(process.inbox.bells).toHaveLength(1)
    expect(states(scene)).toEqual(Array(5).fill('received'))
    process.hear()
    expect(states(scene)).toEqual(Array(5).fill('received'))
    const read = process.call('read_messages')
    expect([...read.matchAll(/ activity_id="([^"]*)"/g)].map(([, id]) => id)).toEqual(ids)
    expect(read).toStartWith('Message 1 of 5: kind="')
    scene.pass(100)
    expect(states(scene)).toEqual(Array(5).fill('sent'))
    expect(process.call('read_messages')).toBe(NO_NEW)
  })

  test('confirms what was read when the turn ends, and not before', () => {
    const { scene, process } = rungForOne()
    using _ = scene
    process.hear()
    process.call('read_messages')
    process.call('list_peers')
    scene.pass(5_000)
    expect(states(scene)).toEqual(['sent'])
    process.session.turnEnded()
    scene.pass(100)
    expect(states(scene)).toEqual(['confirmed'])
  })

  test('takes back what a call was to give that was given up: it is read later, unmarked', () => {
    const { scene, process, id } = rungForOne()
    using _ = scene
    const begun = process.begin('read_messages')
    begun.giveUp()
    scene.pass(1_000)
    expect([begun.text, ...states(scene)]).toEqual([undefined, 'received'])
    const read = process.call('read_messages')
    expect(read).toContain(`activity_id="${id}"`)
    expect(read).not.toContain('redelivered')
  })

  test('gives two calls at once two pages, and no message twice', () => {
    const { scene, process } = rung()
    using _ = scene
    for (let n = 0; n < 40; n++) scene.first.feed.add()
    scene.until('all of them', () => states(scene).length === 40)
    const calls = [process.begin('read_messages'), process.begin('read_messages')]
    scene.pass(5_000)
    const ids = calls.flatMap(({ text = '' }) =>
      [...text.matchAll(/ activity_id="([^"]*)"/g)].map(([, id]) => id),
    )
    expect(ids).toHaveLength(40)
    expect(new Set(ids).size).toBe(40)
    expect(calls[0]?.text).toContain('8 more messages wait: call read_messages again.')
  })

  test('says under every other result that messages wait to be read', () => {
    const { scene, process } = rungForOne()
    using _ = scene
    expect(process.session.remark()).toBe('Note: 1 message waits to be read: call read_messages.')
  })

  test('says in status how it receives, and how far its bells got', () => {
    const { scene, process } = rungForOne()
    using _ = scene
    process.hear()
    expect(process.status).toContain('receiving: yes (Claude Code is told when messages wait')
    expect(process.status).toContain(
      'doorbell: 1 message waits to be read; rung 1 time, heard 1 time as far as hooks tell',
    )
  })

  test('never counts as deaf, however long what was read is not confirmed', () => {
    const { scene, process } = rungForOne()
    using _ = scene
    process.session.turnEnded()
    process.call('read_messages')
    scene.pass(5 * MINUTE_MS)
    process.session.submitted(undefined)
    scene.pass(1_000)
    process.session.submitted(undefined)
    scene.pass(1_000)
    expect(process.holds(FIRST)).toBeTrue()
  })

  test('tells the person with the next prompt what nobody read, once, and rings no more until then', () => {
    const { scene, process } = rungForOne()
    using _ = scene
    process.hear()
    process.session.turnEnded()
    scene.pass(30 * MINUTE_MS)
    expect(process.inbox.bells).toHaveLength(4)
    expect(new Set(process.inbox.bells).size).toBe(4)
    expect(process.status).toContain('it rings no more until the user types or Claude calls a tool')
    expect(process.session.submitted(undefined)).toContain('1 message of the Molecule platform waits')
    expect(process.session.submitted(undefined)).toBeUndefined()
    expect(process.holds(FIRST)).toBeTrue()
  })

  test('gives its workspaces up when its host passes prompts on and no bell: another session gets the messages', () => {
    const { scene, process } = rung()
    using _ = scene
    process.session.turnEnded()
    const { id } = scene.first.feed.add()
    scene.until('a bell', () => process.inbox.bells.length > 0)
    scene.pass(40 * MINUTE_MS)
    expect(process.inbox.bells).toHaveLength(4)
    expect([process.holds(FIRST), process.said('passes no bell on').length]).toEqual([false, 1])
    expect(process.status).toContain('receiving: no')
    expect(process.status).toContain('it has passed on none of the lines that told it of messages')
    const other = startRung(scene)
    scene.until('its bell', () => other.inbox.bells.length > 0)
    expect(other.call('read_messages')).toContain(`activity_id="${id}"`)
  })

  test('receives again when its host passes a bell on after all', () => {
    const { scene, process } = rung()
    using _ = scene
    process.session.turnEnded()
    const { id } = scene.first.feed.add()
    scene.until('a bell', () => process.inbox.bells.length > 0)
    scene.pass(40 * MINUTE_MS)
    expect(process.holds(FIRST)).toBeFalse()
    process.hear()
    scene.until('the workspace to be held', () => process.holds(FIRST))
    expect(process.call('read_messages')).toContain(`activity_id="${id}"`)
  })

  test('keeps its workspaces while a turn keeps its bells waiting, as with an open dialog, and tells the person later', () => {
    const { scene, process } = rung()
    using _ = scene
    process.session.turnEnded()
    process.session.submitted(undefined)
    scene.first.feed.add()
    scene.until('a bell', () => process.inbox.bells.length > 0)
    scene.pass(41 * MINUTE_MS)
    expect([process.inbox.bells.length, process.holds(FIRST)]).toEqual([4, true])
    expect(process.session.submitted(undefined)).toContain('1 message of the Molecule platform waits')
  })

  test('takes a bell of another process for a prompt that was typed', () => {
    const { scene, process } = rungForOne()
    using _ = scene
    const bell = readBell(process.inbox.bells[0] ?? '') ?? ''
    process.session.submitted({ bell: crypto.randomUUID() })
    expect(process.status).toContain('heard 0 times')
    process.session.submitted({ bell })
    expect(process.status).toContain('heard 1 time')
  })

  test('is rung for a digest that is all that waits', () => {
    const { scene, process } = rung()
    using _ = scene
    for (let n = 0; n < 40; n++) scene.first.feed.add({ from: PEER })
    scene.until('all of them', () => states(scene).length === 40)
    process.call('read_messages')
    process.session.turnEnded()
    const before = process.inbox.bells.length
    scene.until('a bell', () => process.inbox.bells.length > before)
    expect(process.inbox.bells.at(-1)).toContain('Molecule: 1 new message waits for you')
    expect(process.session.remark()).toBe('Note: 1 message waits to be read: call read_messages.')
    const read = process.call('read_messages')
    expect(read).toContain('digest_count="')
    expect(read).not.toContain('call read_messages again')
    scene.pass(100)
    expect(process.call('read_messages')).toBe(NO_NEW)
  })

  test('reads one sender’s flood as a digest, which confirms all that it quotes', () => {
    const { scene, process } = rung()
    using _ = scene
    for (let n = 0; n < 60; n++) scene.first.feed.add({ from: PEER })
    scene.until('all of them', () => states(scene).length === 60)
    const texts: string[] = []
    for (let call = 0; call < 20 && states(scene).some((state) => state !== 'confirmed'); call++) {
      texts.push(process.call('read_messages'))
      process.session.turnEnded()
      scene.pass(MINUTE_MS)
    }
    expect(states(scene)).toEqual(Array(60).fill('confirmed'))
    expect(texts.join('\n')).toContain('digest_count="')
  })
})

test('a session killed with a bell in its queue loses nothing: the next one is rung, and reads unmarked', () => {
  const { scene, process, id } = rungForOne()
  using _ = scene
  process.kill()
  const next = startRung(scene)
  scene.until('its bell', () => next.inbox.bells.length > 0)
  const read = next.call('read_messages')
  expect(read).toContain(`activity_id="${id}"`)
  expect(read).not.toContain('redelivered')
})

test('what was read in a turn that never ended comes again to the next session, marked', () => {
  const { scene, process, id } = rungForOne()
  using _ = scene
  process.hear()
  process.call('read_messages')
  scene.pass(1_000)
  process.kill()
  const next = startRung(scene)
  scene.until('its bell', () => next.inbox.bells.length > 0)
  const read = next.call('read_messages')
  expect(read).toContain(`activity_id="${id}"`)
  expect(read).toContain('redelivered="true"')
})
