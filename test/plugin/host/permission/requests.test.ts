import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../../lab/driver/temporary-folder.ts'
import { until } from '../../../../lab/driver/until.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import type { Ledger } from '../../../../member/ledger/ledger.ts'
import { OPEN_FOR_MS, VERDICT } from '../../../../member/ledger/permission-requests.ts'
import { REQUEST, Scene } from './desk-scene.ts'

describe('two sessions', () => {
  test('share the work: one asks, the other reads the answer, and the one that asked tells its host', async () => {
    using folder = temporaryFolder()
    const clock = new SimClock()
    using asks = new Scene(openLedger(folder.file('ledger.db')), clock)
    using reads = new Scene(openLedger(folder.file('ledger.db')), clock)
    asks.desk.ask(REQUEST)
    // A prompt in the other session says nothing about this one's dialog.
    reads.desk.prompted()
    expect(await reads.receives({ text: 'yes abcde' })).toBe(VERDICT)
    await clock.advance(500)
    expect((await asks.posts(2))[1]).toContain('Passed on: yes')
    await clock.advance(10_000)
    expect([asks.told.length, reads.told, reads.posted]).toEqual([1, [], []])
  })

  test('tell the person that nothing was passed on when the one that asked is gone', async () => {
    using folder = temporaryFolder()
    const clock = new SimClock()
    const asks = new Scene(openLedger(folder.file('ledger.db')), clock)
    using reads = new Scene(openLedger(folder.file('ledger.db')), clock)
    asks.desk.ask(REQUEST)
    asks.desk.stop()
    await reads.receives({ text: 'yes abcde' })
    await clock.advance(3_000)
    expect(await reads.posts(1)).toEqual([expect.stringContaining('was not passed on')])
    expect([asks.told, reads.told]).toEqual([[], []])
  })

  test('both take answers: a session without the relay takes the answer to a question of another', async () => {
    using folder = temporaryFolder()
    const clock = new SimClock()
    using asks = new Scene(openLedger(folder.file('ledger.db')), clock)
    using reads = new Scene(openLedger(folder.file('ledger.db')), clock)
    reads.on = false
    asks.desk.ask(REQUEST)
    expect(await reads.receives({ text: 'no abcde' })).toBe(VERDICT)
    await clock.advance(500)
    expect(asks.told).toHaveLength(1)
  })
})

describe('a request', () => {
  test('is ignored in a session without the relay', async () => {
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

  test('for a tool of this plugin is not offered; the chat only says that the session is waiting', async () => {
    using scene = new Scene()
    scene.desk.ask({ ...REQUEST, tool_name: 'mcp__plugin_molecule_molecule__reply_to_workspace' })
    const [line] = await scene.posts(1)
    expect(line).toContain('its own tool reply_to_workspace')
    expect(line).not.toMatch(/abcde|yes/)
    expect(await scene.receives({ text: 'yes abcde' })).toBeUndefined()
    expect(scene.told).toEqual([])
  })

  test('is posted once, without secrets, however often the host repeats it', async () => {
    using scene = new Scene()
    scene.desk.ask({ ...REQUEST, input_preview: 'echo S3CRET' })
    scene.desk.ask(REQUEST)
    await scene.clock.advance(1_000)
    const [question] = await scene.posts(1)
    expect([question?.includes('S3CRET'), scene.posted.length]).toEqual([false, 1])
  })

  test('that cannot be read, posted or recorded is logged once and harms nothing', async () => {
    using scene = new Scene()
    for (const params of [undefined, null, 'abcde', {}, { ...REQUEST, request_id: 'l1ves' }])
      scene.desk.ask(params)
    expect(scene.lines).toEqual([expect.stringContaining('cannot read')])
    scene.status = 403
    for (const request_id of ['abcde', 'fghij', 'kmnop']) scene.desk.ask({ ...REQUEST, request_id })
    await until('the failure to be logged', () => scene.lines.length > 1)
    await scene.clock.advance(1_000)
    expect(scene.lines.slice(1)).toEqual([expect.stringContaining('cannot post to the chat')])
    scene.ledger.permissions.add = () => {
      throw new Error('database or disk is full')
    }
    scene.desk.ask({ ...REQUEST, request_id: 'qrstu' })
    expect(scene.lines.at(-1)).toContain('disk is full')
    // The person may have seen the question anyway.
    scene.status = 200
    await scene.receives({ text: 'yes abcde' })
    expect(await scene.posts(1)).toEqual([expect.stringContaining('Passed on: yes')])
  })

  test('arms a timer only while it is open', async () => {
    using scene = new Scene()
    expect(scene.clock.armed).toBe(0)
    scene.desk.ask(REQUEST)
    await scene.clock.advance(1_000)
    expect(scene.clock.armed).toBe(1)
    await scene.clock.advance(OPEN_FOR_MS)
    expect(scene.clock.armed).toBe(0)
  })

  test('never leaves more than a bounded number of posts waiting', async () => {
    using scene = new Scene()
    const own = { ...REQUEST, tool_name: 'mcp__molecule__status' }
    for (let n = 0; n < 200; n++) scene.desk.ask(own)
    await scene.posts(50)
    await scene.clock.advance(1_000)
    expect(scene.posted).toHaveLength(50)
  })
})

test('a request that comes while the ledger is being opened is posted once it is', async () => {
  const { promise: opened, resolve: open } = Promise.withResolvers<void>()
  const ledger = openLedger()
  let current: Ledger | undefined
  using scene = new Scene(ledger, new SimClock(), { ledger: () => current, opening: () => opened })
  scene.desk.ask(REQUEST)
  await scene.clock.advance(0)
  expect([scene.posted, scene.lines]).toEqual([[], []])
  current = ledger
  open()
  await scene.posts(1)
})
