import { describe, expect, test } from 'bun:test'
import { until } from '../../../../lab/driver/until.ts'
import type { Inbound } from '../../../../member/client/inbound.ts'
import { OPEN_FOR_MS, VERDICT } from '../../../../member/ledger/permission-requests.ts'
import { OTHER, OURS, REQUEST, Scene } from './desk-scene.ts'

test('only an authenticated person in the chat gives a verdict', async () => {
  using scene = new Scene()
  scene.desk.ask(REQUEST)
  await scene.posts(1)
  const text = 'yes abcde'
  const tries: readonly [Partial<Inbound>, string?][] = [
    [{ kind: 'peer_agent', peerId: OTHER, text }],
    [{ kind: 'peer_agent', peerId: OTHER, authenticated: false, text }],
    [{ kind: 'external', peerName: 'telegram', text }],
    [{ kind: 'scheduled', text }],
    [{ kind: 'delegation_result', text }],
    [{ kind: 'canvas_user', authenticated: false, userName: 'operator', text }],
    [{ kind: 'canvas_user', text: 'yes zzzzz' }],
    [{ kind: 'canvas_user', text }, OTHER],
  ]
  for (const [fields, workspaceId] of tries) {
    // Undefined: the model gets it as an ordinary message.
    expect(await scene.receives(fields, workspaceId)).toBeUndefined()
  }
  await scene.clock.advance(5_000)
  expect([scene.told, scene.posted.length]).toEqual([[], 1])
  expect(scene.ledger.inbox.counts(OURS)).toEqual({ received: tries.length - 1 })
  // Only the sender was missing:
  expect(await scene.receives({ text })).toBe(VERDICT)
  await until('the host to be told', () => scene.told.length > 0)
})

describe('a verdict', () => {
  for (const [word, behavior] of [
    ['yes', 'allow'],
    ['No', 'deny'],
  ] as const) {
    test(`${word} reaches the host as ${behavior}, once, and is then confirmed`, async () => {
      using scene = new Scene()
      scene.desk.ask(REQUEST)
      expect(await scene.receives({ text: `${word} ABCDE.` })).toBe(VERDICT)
      expect((await scene.posts(2))[1]).toContain(`Passed on: ${word.toLowerCase()} to abcde (Bash)`)
      expect(await scene.receives({ text: 'yes abcde' })).toBe(VERDICT)
      expect((await scene.posts(3))[2]).toContain(`already answered here, with ${word.toLowerCase()}`)
      await scene.clock.advance(OPEN_FOR_MS)
      expect(scene.told.map((line) => JSON.parse(line).params)).toEqual([{ request_id: 'abcde', behavior }])
      expect(scene.posted).toHaveLength(3)
    })
  }

  test('is passed on and confirmed only once, even if delivery shows it again', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    const { stored, message } = scene.store({ text: 'yes abcde' })
    scene.desk.intercept(stored, message)
    await scene.posts(2)
    expect(scene.ledger.nextBatch([OURS], 10, 1_000, scene.clock.now())).toEqual([])
    expect(scene.told).toHaveLength(1)
  })

  test('after ten minutes gets a friendly line, and the host hears nothing', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    await scene.clock.advance(OPEN_FOR_MS)
    expect(await scene.receives({ text: 'yes abcde' })).toBe(VERDICT)
    expect((await scene.posts(2))[1]).toContain('no longer open here')
    expect(scene.told).toEqual([])
  })

  test('after the session has moved on gets a friendly line, and the host hears nothing', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    scene.desk.prompted()
    expect(await scene.receives({ text: 'yes abcde' })).toBe(VERDICT)
    expect((await scene.posts(2))[1]).toContain('settled: the session has moved on')
    expect(scene.told).toEqual([])
    // A question asked after the prompt is open.
    scene.desk.ask({ ...REQUEST, request_id: 'fghij' })
    await scene.receives({ text: 'no fghij' })
    await until('the host to be told', () => scene.told.length > 0)
  })

  test('that cannot be recorded can be tried again', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    const { stored, message } = scene.store({ text: 'yes abcde' })
    const decide = scene.ledger.permissions.decide
    scene.ledger.permissions.decide = () => {
      throw new Error('database or disk is full')
    }
    expect(() => scene.desk.intercept(stored, message)).toThrow('full')
    scene.ledger.permissions.decide = decide
    expect(scene.desk.intercept(stored, message)).toBe(VERDICT)
  })

  test('is passed on once the disk can be read again', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    await scene.clock.advance(0)
    const { permissions } = scene.ledger
    const take = permissions.takeVerdicts
    permissions.takeVerdicts = () => {
      throw new Error('database is locked')
    }
    await scene.receives({ text: 'yes abcde' })
    await scene.clock.advance(2_000)
    expect([scene.told, scene.lines]).toEqual([[], [expect.stringContaining('cannot check for answers')]])
    permissions.takeVerdicts = take
    await scene.clock.advance(500)
    expect(scene.told).toHaveLength(1)
  })

  test('is not passed on once the relay is switched off', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    scene.on = false
    await scene.clock.advance(500)
    expect(await scene.receives({ text: 'yes abcde' })).toBe(VERDICT)
    await scene.clock.advance(10_000)
    expect((await scene.posts(2))[1]).toContain('Nothing was passed on')
    expect(scene.told).toEqual([])
  })

  test('is confirmed only after the host has it', async () => {
    using scene = new Scene()
    const gate = Promise.withResolvers<void>()
    scene.writes = () => gate.promise
    scene.desk.ask(REQUEST)
    await scene.receives({ text: 'yes abcde' })
    await scene.clock.advance(10_000)
    expect(scene.posted).toHaveLength(1)
    gate.reject(new Error('EPIPE'))
    expect((await scene.posts(2))[1]).toContain('was not passed on')
  })
})
