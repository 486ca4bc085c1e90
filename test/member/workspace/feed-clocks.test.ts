import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { FIRST, SessionScene } from '../../fixtures/session-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS

/** A session on a platform whose clock goes back by some time after its first messages. */
async function turnBack(ms: number, options: { readonly timestampCursor?: boolean } = {}) {
  const scene = new FeedScene(options)
  scene.backlog(30, MINUTE_MS, 10_000)
  await scene.start()
  scene.feed.add({ text: 'before' })
  await scene.clock.advance(10_000)
  scene.feed.shiftClock(-ms)
  return scene
}

describe('a platform whose clock was ahead and is set right', () => {
  for (const [name, ms] of [
    ['two seconds', 2_000],
    ['five minutes', 5 * MINUTE_MS],
    ['an hour', HOUR_MS],
    ['a day', DAY_MS],
  ] as const) {
    test(`by ${name}: announced messages arrive at once and in order, and none from before the first start`, async () => {
      using scene = await turnBack(ms)
      const texts = ['one', 'two', 'three', 'four']
      for (const text of texts) {
        scene.feed.add({ text })
        scene.hint()
        await scene.clock.advance(1_000)
      }
      expect(scene.stored()).toEqual(['before', ...texts])
    })

    test(`by ${name}: without an event stream, the first arrives within minutes and the next ones at the poll interval`, async () => {
      using scene = await turnBack(ms)
      scene.feed.add({ text: 'one' })
      await scene.clock.advance(5 * MINUTE_MS + 10_000)
      expect(scene.stored()).toEqual(['before', 'one'])
      scene.feed.add({ text: 'two' })
      await scene.clock.advance(10_000)
      expect(scene.stored()).toEqual(['before', 'one', 'two'])
    })

    test(`by ${name}: a session that starts then finds what came while nobody read`, async () => {
      using scene = await turnBack(ms)
      await scene.stop()
      for (const text of ['one', 'two']) scene.feed.add({ text })
      await scene.clock.advance(MINUTE_MS)
      await scene.start()
      expect(scene.stored()).toEqual(['before', 'one', 'two'])
      // It knows from the numbers that new rows come behind the cursor.
      scene.feed.add({ text: 'three' })
      await scene.clock.advance(10_000)
      expect(scene.stored()).toEqual(['before', 'one', 'two', 'three'])
    })
  }

  test('is read normally again once its clock has passed the cursor', async () => {
    using scene = await turnBack(5 * MINUTE_MS)
    scene.feed.add({ text: 'one' })
    scene.hint()
    await scene.clock.advance(6 * MINUTE_MS)
    scene.feed.add({ text: 'two' })
    await scene.clock.advance(6_000)
    expect(scene.stored()).toEqual(['before', 'one', 'two'])
    const before = scene.requests.length
    await scene.clock.advance(2 * MINUTE_MS)
    const since = scene.requests.slice(before)
    expect(since.filter((query) => query.includes('since_secs')).length).toBeLessThan(3)
    expect(since.length).toBeGreaterThan(20)
  })

  test('and was ahead at the first start hides nothing that comes after', async () => {
    using scene = new FeedScene()
    scene.feed.shiftClock(HOUR_MS)
    for (let n = 0; n < 30; n++) scene.feed.add({ text: `old ${n}` })
    await scene.clock.advance(1_000)
    await scene.start({ config: { pollWindowSecs: 0 } })
    scene.feed.shiftClock(-3_000)
    scene.feed.add({ text: 'one' })
    scene.hint()
    await scene.clock.advance(1_000)
    expect(scene.stored()).toEqual(['one'])
  })

  test('on an older platform without numbers, by less than the time since the first start', async () => {
    using scene = new FeedScene({ timestampCursor: true })
    scene.backlog(5, MINUTE_MS)
    await scene.start()
    await scene.clock.advance(HOUR_MS)
    scene.feed.add({ text: 'before' })
    await scene.clock.advance(10_000)
    scene.feed.shiftClock(-30 * MINUTE_MS)
    for (const text of ['one', 'two']) {
      scene.feed.add({ text })
      scene.hint()
      await scene.clock.advance(1_000)
    }
    expect(scene.stored()).toEqual(['before', 'one', 'two'])
  })
})

test.each([1, 20])(
  'a platform whose clock jumps forward by %d h hides nothing, even if it forgets the cursor',
  async (hours) => {
    using scene = new FeedScene()
    scene.backlog(3, DAY_MS + HOUR_MS)
    await scene.start()
    scene.feed.add({ text: 'one' })
    await scene.clock.advance(MINUTE_MS)
    await scene.stop()
    for (const text of ['two', 'three']) scene.feed.add({ text })
    scene.feed.shiftClock(hours * HOUR_MS)
    await scene.clock.advance(10 * MINUTE_MS)
    scene.feed.add({ text: 'four' })
    const cursor = scene.ledger.of(WORKSPACE).cursor()
    scene.feed.prune(({ id }) => id === cursor?.activityId)
    await scene.start()
    expect(scene.stored()).toEqual(['one', 'two', 'three', 'four'])
  },
)

describe('a platform restored from a backup', () => {
  test('shows its new messages, though their numbers were used before, and repeats none', () => {
    using scene = new SessionScene()
    const process = scene.start()
    scene.pass(1_000)
    const { feed } = scene.first
    for (let n = 0; n < 10; n++) feed.add()
    scene.pass(10_000)
    feed.restoreBackup(4)
    const fresh = [feed.add(), feed.add()]
    scene.pass(10_000)
    expect(process.shown).toEqual([...feed.everything.slice(0, 10), ...fresh].map(({ id }) => id))
    expect(process.events.filter((meta) => 'redelivered' in meta)).toEqual([])
  })

  test('gets no acknowledgement for numbers that it has yet to give again', () => {
    using scene = new SessionScene()
    scene.start()
    scene.pass(1_000)
    const { feed, records } = scene.first
    for (let n = 0; n < 10; n++) feed.add()
    scene.pass(15_000)
    expect(records.acknowledgements.map(({ seq }) => seq)).toEqual([10])
    feed.restoreBackup(4)
    for (let n = 0; n < 3; n++) {
      feed.add()
      scene.pass(15_000)
    }
    expect(records.acknowledgements.map(({ seq }) => seq)).toEqual([10, 5, 6, 7])
  })

  test('while no session ran gets no acknowledgement before it was read', () => {
    using scene = new SessionScene()
    const first = scene.start()
    scene.pass(1_000)
    const { feed, records } = scene.first
    for (let n = 0; n < 10; n++) feed.add()
    scene.until('the messages', () => first.shown.length === 10)
    for (const activityId of first.shown) first.session.submitted({ workspaceId: FIRST, activityId })
    first.stop()
    feed.restoreBackup(4)
    scene.answer = ({ route }) => (route === 'activity' ? jsonResponse(503, {}) : undefined)
    const asked = scene.sent('ack').length
    scene.start()
    scene.pass(MINUTE_MS)
    expect(scene.sent('ack')).toHaveLength(asked)
    scene.answer = () => undefined
    feed.add()
    scene.pass(MINUTE_MS)
    expect(records.acknowledgements.map(({ seq }) => seq)).toEqual([5])
  })

  test('while no session ran shows its new messages to the next one', () => {
    using scene = new SessionScene()
    const first = scene.start()
    scene.pass(1_000)
    const { feed } = scene.first
    for (let n = 0; n < 10; n++) feed.add()
    scene.pass(30_000)
    for (const activityId of first.shown) first.session.submitted({ workspaceId: FIRST, activityId })
    scene.pass(1_000)
    first.stop()
    feed.restoreBackup(0)
    scene.pass(DAY_MS)
    const fresh = [feed.add(), feed.add()]
    scene.pass(HOUR_MS)
    const second = scene.start()
    scene.pass(10_000)
    expect(second.shown).toEqual(fresh.map(({ id }) => id))
  })
})

describe('a clock of this machine that was ahead when the feed was last read', () => {
  test('skips nothing if the platform has forgotten the cursor since', async () => {
    using scene = new FeedScene()
    scene.backlog(3)
    const ahead = { ...scene.clock, now: () => scene.clock.now() + DAY_MS, random: () => 0.5 }
    await scene.start({ clock: ahead })
    scene.feed.add({ text: 'one' })
    await scene.clock.advance(MINUTE_MS)
    await scene.stop()
    for (const text of ['two', 'three']) {
      scene.feed.add({ text })
      await scene.clock.advance(3 * HOUR_MS)
    }
    const cursor = scene.ledger.of(WORKSPACE).cursor()
    scene.feed.prune(({ id }) => id === cursor?.activityId)
    await scene.start()
    expect(scene.stored().slice(-3)).toEqual(['one', 'two', 'three'])
  })
})

describe('our own clock, set before the first readable message,', () => {
  for (const [name, ms] of [
    ['back by an hour', -HOUR_MS],
    ['forward by an hour', HOUR_MS],
  ] as const) {
    test(`${name}, hides nothing that comes after the first start`, async () => {
      using scene = new FeedScene({ timestampCursor: true })
      scene.feed.poison((id) => ({ id, created_at: null, source_id: 7 }))
      let skewMs = 0
      const clock = { ...scene.clock, now: () => scene.clock.now() + skewMs }
      await scene.start({ clock, config: { pollWindowSecs: 0 } })
      await scene.clock.advance(10_000)
      skewMs = ms
      scene.feed.add({ text: 'hello' })
      await scene.clock.advance(20_000)
      expect(scene.stored()).toEqual(['hello'])
    })
  }
})
