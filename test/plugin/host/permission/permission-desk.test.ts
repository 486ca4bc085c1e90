import { describe, expect, test } from 'bun:test'
import { temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { until } from '../../../../lab/driver/until.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../../member/client/client.ts'
import { type Inbound, inboundSchema } from '../../../../member/client/inbound.ts'
import { Ledger, type StoredMessage } from '../../../../member/ledger/ledger.ts'
import { OPEN_FOR_MS, VERDICT } from '../../../../member/ledger/permission-requests.ts'
import {
  PermissionDesk,
  type PermissionDeskOptions,
} from '../../../../plugin/host/permission/permission-desk.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'

const OURS = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const OTHER = '11111111-1111-4111-8111-111111111111'
const REQUEST = { request_id: 'abcde', tool_name: 'Bash', description: 'Run', input_preview: 'ls' }

/** A desk with a ledger, a chat that keeps what is posted, and a host that keeps what it is told. */
class Scene implements Disposable {
  readonly posted: string[] = []
  readonly told: string[] = []
  readonly lines: string[] = []
  readonly clock: SimClock
  readonly ledger: Ledger
  readonly desk: PermissionDesk
  on = true
  /** What the platform answers a post with. */
  status = 200
  writes: (line: string) => Promise<void> = async (line) => void this.told.push(line)

  constructor(
    ledger = Ledger.open(':memory:'),
    clock = new SimClock(),
    more: Partial<PermissionDeskOptions> = {},
  ) {
    this.clock = clock
    this.ledger = ledger
    this.desk = new PermissionDesk({
      chat: () => (this.on ? OURS : undefined),
      client: (workspaceId) =>
        new PlatformClient(
          { platformUrl: 'http://127.0.0.1:1', workspaceId, token: 'token-of-the-test' },
          { fetchImpl: Object.assign(this.#fetch, { preconnect: () => {} }) },
        ),
      ledger: () => this.ledger,
      write: (line) => this.writes(line),
      redact: (text) => text.replaceAll('S3CRET', '[secret]'),
      log: (line) => this.lines.push(line),
      now: clock.now,
      timers: clock.timers(),
      ...more,
    })
  }

  /** A message as it comes out of the ledger, put before the desk. */
  async receives(fields: Partial<Inbound>, workspaceId = OURS): Promise<string | undefined> {
    const { stored, message } = this.store(fields, workspaceId)
    const taken = this.desk.intercept(stored, message)
    await this.clock.advance(0)
    return taken
  }

  store(fields: Partial<Inbound>, workspaceId = OURS): { stored: StoredMessage; message: Inbound } {
    const message = inboundSchema.parse({ ...MESSAGE, ...fields })
    const row = entry({ content: JSON.stringify(message), peerId: message.peerId })
    this.ledger.storePage(workspaceId, [row], undefined, this.clock.now())
    const stored = this.ledger.find(row.activityId, [workspaceId])
    if (stored === undefined) throw new Error('the message was not stored')
    return { stored, message }
  }

  posts(count: number): Promise<readonly string[]> {
    return until(`${count} lines in the chat`, () => this.posted.length >= count && this.posted)
  }

  readonly #fetch = async (_url: unknown, init?: { body?: unknown }): Promise<Response> => {
    const { message } = JSON.parse(String(init?.body))
    if (this.status === 200) this.posted.push(message)
    return Response.json({ status: 'sent' }, { status: this.status })
  };

  [Symbol.dispose](): void {
    this.desk.stop()
  }
}

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
    // Undefined: it goes to the model, as what it is.
    expect(await scene.receives(fields, workspaceId)).toBeUndefined()
  }
  await scene.clock.advance(5_000)
  expect([scene.told, scene.posted.length]).toEqual([[], 1])
  expect(scene.ledger.inbox.counts(OURS)).toEqual({ received: tries.length - 1 })
  // And that it is the sender that was missing:
  expect(await scene.receives({ text })).toBe(VERDICT)
  await until('the host to be told', () => scene.told.length > 0)
})

describe('a verdict', () => {
  for (const [word, behavior] of [
    ['yes', 'allow'],
    ['No', 'deny'],
  ] as const) {
    test(`${word} is told to the host as ${behavior}, once, and then confirmed`, async () => {
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

  test('that the delivery shows again is neither told nor confirmed again', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    const { stored, message } = scene.store({ text: 'yes abcde' })
    scene.desk.intercept(stored, message)
    await scene.posts(2)
    expect(scene.ledger.nextBatch([OURS], 10, 1_000)).toEqual([])
    expect(scene.told).toHaveLength(1)
  })

  test('that comes after ten minutes gets a friendly line, and the host hears nothing', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    await scene.clock.advance(OPEN_FOR_MS)
    expect(await scene.receives({ text: 'yes abcde' })).toBe(VERDICT)
    expect((await scene.posts(2))[1]).toContain('not open here any more')
    expect(scene.told).toEqual([])
  })

  test('that comes after the host has gone on gets a friendly line, and the host hears nothing', async () => {
    using scene = new Scene()
    scene.desk.ask(REQUEST)
    scene.desk.prompted()
    expect(await scene.receives({ text: 'yes abcde' })).toBe(VERDICT)
    expect((await scene.posts(2))[1]).toContain('settled: the session has gone on')
    expect(scene.told).toEqual([])
    // What is asked after the prompt is open.
    scene.desk.ask({ ...REQUEST, request_id: 'fghij' })
    await scene.receives({ text: 'no fghij' })
    await until('the host to be told', () => scene.told.length > 0)
  })

  test('that cannot be recorded is left for a later try', async () => {
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

  test('is not passed on once the relay was switched off', async () => {
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

describe('two sessions', () => {
  test('one asks, the other one reads the answer, and the one that asked tells its host', async () => {
    using folder = temporaryFolder()
    const clock = new SimClock()
    using asks = new Scene(Ledger.open(folder.file('ledger.db')), clock)
    using reads = new Scene(Ledger.open(folder.file('ledger.db')), clock)
    asks.desk.ask(REQUEST)
    // A prompt of the other session says nothing of this one's dialog.
    reads.desk.prompted()
    expect(await reads.receives({ text: 'yes abcde' })).toBe(VERDICT)
    await clock.advance(500)
    expect((await asks.posts(2))[1]).toContain('Passed on: yes')
    await clock.advance(10_000)
    expect([asks.told.length, reads.told, reads.posted]).toEqual([1, [], []])
  })

  test('when the one that asked is gone, the person is told that nothing was passed on', async () => {
    using folder = temporaryFolder()
    const clock = new SimClock()
    const asks = new Scene(Ledger.open(folder.file('ledger.db')), clock)
    using reads = new Scene(Ledger.open(folder.file('ledger.db')), clock)
    asks.desk.ask(REQUEST)
    asks.desk.stop()
    await reads.receives({ text: 'yes abcde' })
    await clock.advance(3_000)
    expect(await reads.posts(1)).toEqual([expect.stringContaining('was not passed on')])
    expect([asks.told, reads.told]).toEqual([[], []])
  })

  test('a session without the relay still takes the answer to what another one asked', async () => {
    using folder = temporaryFolder()
    const clock = new SimClock()
    using asks = new Scene(Ledger.open(folder.file('ledger.db')), clock)
    using reads = new Scene(Ledger.open(folder.file('ledger.db')), clock)
    reads.on = false
    asks.desk.ask(REQUEST)
    expect(await reads.receives({ text: 'no abcde' })).toBe(VERDICT)
    await clock.advance(500)
    expect(asks.told).toHaveLength(1)
  })
})

describe('a request', () => {
  test('of a session without the relay is ignored', async () => {
    using scene = new Scene()
    scene.on = false
    expect(scene.desk.on).toBe(false)
    scene.desk.ask(REQUEST)
    await scene.clock.advance(1_000)
    expect([scene.posted, scene.clock.armed, scene.ledger.permissions.waiting(scene.clock.now())]).toEqual([
      [],
      0,
      false,
    ])
  })

  test('for a tool of this plugin is not offered: the chat only says that the session waits', async () => {
    using scene = new Scene()
    scene.desk.ask({ ...REQUEST, tool_name: 'mcp__plugin_molecule_molecule__reply_to_workspace' })
    const [line] = await scene.posts(1)
    expect(line).toContain('its own tool reply_to_workspace')
    expect(line).not.toMatch(/abcde|yes/)
    expect(await scene.receives({ text: 'yes abcde' })).toBeUndefined()
    expect(scene.told).toEqual([])
  })

  test('is posted once, however often the host repeats it, and without secrets', async () => {
    using scene = new Scene()
    scene.desk.ask({ ...REQUEST, input_preview: 'echo S3CRET' })
    scene.desk.ask(REQUEST)
    await scene.clock.advance(1_000)
    const [question] = await scene.posts(1)
    expect([question?.includes('S3CRET'), scene.posted.length]).toEqual([false, 1])
  })

  test('that cannot be read, or posted, or noted, is said in the log once, and harms nothing', async () => {
    using scene = new Scene()
    for (const params of [undefined, null, 'abcde', {}, { ...REQUEST, request_id: 'l1ves' }])
      scene.desk.ask(params)
    expect(scene.lines).toEqual([expect.stringContaining('cannot be read')])
    scene.status = 403
    for (const request_id of ['abcde', 'fghij', 'kmnop']) scene.desk.ask({ ...REQUEST, request_id })
    await until('the trouble to be said', () => scene.lines.length > 1)
    await scene.clock.advance(1_000)
    expect(scene.lines.slice(1)).toEqual([expect.stringContaining('the chat cannot be told')])
    scene.ledger.permissions.add = () => {
      throw new Error('database or disk is full')
    }
    scene.desk.ask({ ...REQUEST, request_id: 'qrstu' })
    expect(scene.lines.at(-1)).toContain('disk is full')
    // The person may have seen the question all the same.
    scene.status = 200
    await scene.receives({ text: 'yes abcde' })
    expect(await scene.posts(1)).toEqual([expect.stringContaining('Passed on: yes')])
  })

  test('costs a look now and then only as long as it is open', async () => {
    using scene = new Scene()
    expect(scene.clock.armed).toBe(0)
    scene.desk.ask(REQUEST)
    await scene.clock.advance(1_000)
    expect(scene.clock.armed).toBe(1)
    await scene.clock.advance(OPEN_FOR_MS)
    expect(scene.clock.armed).toBe(0)
  })

  test('in any number leaves a bounded number of posts waiting', async () => {
    using scene = new Scene()
    const own = { ...REQUEST, tool_name: 'mcp__molecule__status' }
    for (let n = 0; n < 200; n++) scene.desk.ask(own)
    await scene.posts(50)
    await scene.clock.advance(1_000)
    expect(scene.posted).toHaveLength(50)
  })
})
