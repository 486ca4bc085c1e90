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
  // The two from the person's own chat are answered there, the others are not.
  expect(scene.told).toEqual([])
  expect(scene.posted.slice(1)).toEqual([
    expect.stringContaining('the platform has not verified who wrote it'),
    expect.stringContaining('send `yes abcde` or `no abcde`'),
  ])
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
    const [, settled, late] = await scene.posts(3)
    expect(settled).toContain('settled: the session has moved on')
    expect(late).toContain('Nothing was passed on.')
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

describe('what a person types while a request is open', () => {
  const SECOND = { ...REQUEST, request_id: 'fghij', tool_name: 'Write' }

  test('decides nothing without an id, even if one request is open: it may have been written before', async () => {
    for (const text of ['`Yes`.', 'no, thanks']) {
      using scene = new Scene()
      scene.desk.ask(REQUEST)
      await scene.clock.advance(3_000)
      expect(await scene.receives({ text })).toBeUndefined()
      expect((await scene.posts(2))[1]).toContain('send `yes abcde` or `no abcde`')
      await scene.clock.advance(5_000)
      expect(scene.told).toEqual([])
    }
  })

  test('counts for neither of two requests if it names none, and the reply says what to type', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    scene.desk.ask(SECOND)
    await scene.posts(2)
    expect(await scene.receives({ text: 'yes' })).toBe(VERDICT)
    expect((await scene.posts(3))[2]).toMatch(/2 are open, abcde \(Bash\), fghij \(Write\)/)
    await scene.clock.advance(5_000)
    expect(scene.told).toEqual([])
    // That one of them is settled says nothing about which of them was meant.
    await scene.receives({ text: '"no fghij"' })
    await scene.receives({ text: 'yes please' })
    await scene.clock.advance(1_000)
    expect(scene.told.map((line) => JSON.parse(line).params)).toEqual([
      { request_id: 'fghij', behavior: 'deny' },
    ])
  })

  test.each([
    'yesabcde',
    'abcde, go ahead',
    'yes abcde, but hurry',
    'No abcde, use the trash instead',
    'yes abcde or no abcde',
    'yes abc de',
    'yes?',
    'ok',
    'yes abced',
    'allow it please',
    '1',
    '👍',
    'oui',
    'yes abcde\n\n-- \nSent from my phone',
  ])('but that is no verdict is shown to the model, and the reply says what to type: %s', async (text) => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    await scene.posts(1)
    expect(await scene.receives({ text })).toBeUndefined()
    expect((await scene.posts(2))[1]).toContain('send `yes abcde` or `no abcde` and nothing else')
    await scene.clock.advance(5_000)
    expect([scene.told, scene.posted.length]).toEqual([[], 2])
  })

  test('and is about something else gets no line', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    await scene.posts(1)
    for (const text of ['how far are you?', 'the build is green again', 'x'.repeat(5_000)]) {
      expect(await scene.receives({ text })).toBeUndefined()
    }
    await scene.clock.advance(5_000)
    expect(scene.posted).toHaveLength(1)
  })

  test('with a file does not count, and is told so', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    const file = { uri: 'platform-pending:w/f', name: 'a.txt', mimeType: 'text/plain', size: 1 }
    expect(await scene.receives({ text: 'yes abcde', attachments: [file] })).toBeUndefined()
    expect((await scene.posts(2))[1]).toContain('without files')
    expect(scene.told).toEqual([])
  })
})

test('a bare yes while no request is open goes to the model, without a line in the chat', async () => {
  using scene = new Scene()
  scene.desk.ask(REQUEST)
  await scene.posts(1)
  scene.desk.prompted()
  await scene.posts(2)
  for (const text of ['yes', 'no', 'ok']) expect(await scene.receives({ text })).toBeUndefined()
  await scene.clock.advance(5_000)
  expect(scene.posted).toHaveLength(2)
})

test('each line says in a field, too, which request it is about and what became of that, for a chat with buttons', async () => {
  using scene = new Scene()
  scene.desk.ask(REQUEST)
  scene.desk.ask({ ...REQUEST, request_id: 'fghij' })
  await scene.receives({ text: 'yes abcde' })
  await scene.posts(3)
  scene.desk.prompted()
  await scene.posts(4)
  await scene.receives({ text: 'no abcde' })
  await scene.posts(5)
  await scene.receives({ text: 'maybe' })
  const shown = { tool: REQUEST.tool_name, description: REQUEST.description, preview: REQUEST.input_preview }
  expect(scene.notes).toEqual([
    { request_id: 'abcde', state: 'open', ...shown },
    { request_id: 'fghij', state: 'open', ...shown },
    { request_id: 'abcde', state: 'allowed' },
    { request_id: 'fghij', state: 'elsewhere' },
    { request_id: 'abcde', state: 'allowed' },
  ])
})
