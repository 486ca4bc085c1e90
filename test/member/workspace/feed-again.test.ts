import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`)

describe('a cursor the platform has forgotten', () => {
  test('leads back over a window, and no message is shown twice or lost', async () => {
    using scene = new FeedScene()
    scene.backlog(20)
    await scene.start()
    await scene.stop()
    await scene.clock.advance(3_600_000)
    scene.backlog(250, 1, 10_000)
    scene.feed.prune((row) => row.seq <= 20)
    await scene.start()
    expect(scene.stored()).toEqual(texts(1, 270))
  })

  test('twice, with a crash in between, leads back as far as the first time', async () => {
    using scene = new FeedScene()
    scene.backlog(1)
    await scene.start()
    await scene.stop()
    await scene.clock.advance(3_600_000)
    scene.backlog(350, 1, 10_000)
    scene.feed.prune((row) => row.seq === 1)
    // The process ends after the first page of the window.
    scene.interrupt = (url) =>
      url.searchParams.get('since_id') === null || scene.requests.length < 7
        ? undefined
        : new Promise(() => {})
    await scene.start()
    await scene.stop()
    expect(scene.stored().length).toBeLessThan(351)
    const cursor = scene.ledger.of(WORKSPACE).cursor()
    scene.feed.prune((row) => row.id === cursor?.activityId)
    await scene.clock.advance(60_000)
    scene.interrupt = () => undefined
    await scene.start()
    expect(scene.stored().toSorted()).toEqual(texts(1, 351).toSorted())
  })

  test('every time does not make us ask without a pause, and what the platform shows still arrives', async () => {
    using scene = new FeedScene()
    scene.backlog(3)
    scene.interrupt = (url) =>
      url.searchParams.has('since_id') ? jsonResponse(410, { error: 'gone' }) : undefined
    await scene.start()
    const before = scene.requests.length
    expect(before).toBeLessThan(12)
    await scene.clock.advance(60_000)
    scene.feed.add()
    await scene.clock.advance(60_000)
    expect(scene.stored()).toEqual(texts(1, 4))
    expect(scene.requests.length).toBeLessThan(400)
    expect(scene.lines.filter((line) => line.includes('no longer knows the cursor'))).toHaveLength(1)
  })
})

describe('rows behind the cursor', () => {
  test('are found if they were committed late, at any time between two overlap reads', async () => {
    using scene = new FeedScene()
    await scene.start()
    const late: string[] = []
    for (let minute = 0; minute < 12; minute++) {
      const at = scene.clock.now() * 1000
      late.push(scene.feed.add({ at, visibleAt: at + 20_000_000 }).text)
      scene.feed.add({ at: at + 1 })
      await scene.clock.advance(60_000)
    }
    await scene.clock.advance(320_000)
    expect(scene.stored()).toEqual(expect.arrayContaining(late))
  })

  test('are found by the next session if they became visible while no session ran', async () => {
    using scene = new FeedScene()
    scene.backlog(1)
    await scene.start()
    const at = scene.clock.now() * 1000
    const late = scene.feed.add({ at, visibleAt: at + 30_000_000 })
    scene.feed.add({ at: at + 1 })
    await scene.clock.advance(6_000)
    await scene.stop()
    await scene.clock.advance(2 * 3_600_000)
    await scene.start()
    expect(scene.stored()).toContain(late.text)
  })

  const MINUTE_MS = 60_000
  test.each([3, 8, 20, 300, 1_400])(
    'are found within an hour if they were committed %d minutes late',
    async (minutes) => {
      using scene = new FeedScene()
      scene.backlog(1, 25 * 60 * MINUTE_MS)
      await scene.start({ config: { pollWindowSecs: 0 } })
      scene.feed.add()
      await scene.clock.advance(6_000)
      const late = scene.feed.add({ at: (scene.clock.now() - minutes * MINUTE_MS) * 1000, visibleAt: 0 })
      await scene.clock.advance(60 * MINUTE_MS + 10_000)
      expect(scene.stored().filter((text) => text === late.text)).toHaveLength(1)
    },
  )

  test.each([3, 300, 1_400])(
    'are found by the next session, days later, if they were committed %d minutes late after the last one ended',
    async (minutes) => {
      using scene = new FeedScene()
      scene.backlog(1, 25 * 60 * MINUTE_MS)
      await scene.start({ config: { pollWindowSecs: 0 } })
      scene.feed.add()
      await scene.clock.advance(6_000)
      await scene.stop()
      const late = scene.feed.add({ at: (scene.clock.now() - minutes * MINUTE_MS) * 1000, visibleAt: 0 })
      await scene.clock.advance(3 * 24 * 60 * MINUTE_MS)
      await scene.start()
      expect(scene.stored()).toContain(late.text)
    },
  )

  test('of a busy day are looked for between the looks for new messages', async () => {
    using scene = new FeedScene()
    scene.backlog(6_000, 2, 10_000)
    await scene.start()
    await scene.stop()
    const late = scene.feed.add({ at: (scene.clock.now() - 5_995 * 10_000) * 1000 - 1, visibleAt: 0 })
    scene.requests.length = 0
    await scene.start()
    scene.feed.add({ text: 'new' })
    await scene.clock.advance(6_000)
    expect(scene.stored()).toContain('new')
    await scene.clock.advance(10_000)
    expect(scene.stored()).toContain(late.text)
    const firstNew = scene.requests.findIndex((query, index) => index > 0 && query.includes('since_id'))
    expect(firstNew).toBeLessThan(8)
  })

  test('are found if they share its moment, on a platform that compares times alone', async () => {
    using scene = new FeedScene({ timestampCursor: true })
    await scene.start()
    const at = scene.clock.now() * 1000
    scene.feed.add({ at })
    await scene.clock.advance(6_000)
    for (let n = 0; n < 3; n++) scene.feed.add({ at })
    await scene.clock.advance(320_000)
    expect(scene.stored()).toEqual(texts(1, 4))
  })

  test('are looked for again after a failure', async () => {
    using scene = new FeedScene()
    await scene.start()
    const at = scene.clock.now() * 1000
    const late = scene.feed.add({ at, visibleAt: at + 20_000_000 })
    scene.feed.add({ at: at + 1 })
    await scene.clock.advance(290_000)
    scene.interrupt = (url) => (url.searchParams.has('since_secs') ? jsonResponse(500, {}) : undefined)
    await scene.clock.advance(600_000)
    expect(scene.stored()).not.toContain(late.text)
    scene.interrupt = () => undefined
    await scene.clock.advance(40_000)
    expect(scene.stored()).toContain(late.text)
  })

  test('are found even if the cursor is on a row that cannot be read', async () => {
    using scene = new FeedScene()
    await scene.start()
    const at = scene.clock.now() * 1000
    scene.feed.add({ at })
    const late = scene.feed.add({ at: at + 1, visibleAt: at + 20_000_000 })
    scene.feed.poison((id) => ({ id, source_id: 7 }), at + 2)
    await scene.clock.advance(320_000)
    expect(scene.stored()).toContain(late.text)
  })

  test('are found however many there are', async () => {
    using scene = new FeedScene()
    await scene.start()
    const at = scene.clock.now() * 1000
    const late = scene.feed.add({ at, visibleAt: at + 20_000_000 })
    for (let n = 1; n <= 1_400; n++) scene.feed.add({ at: at + n })
    await scene.clock.advance(320_000)
    expect(scene.stored()).toContain(late.text)
  })
})
