import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS
/** Every row of these tests is in the window. */
const WINDOW = { config: { pollWindowSecs: 30 * 86_400 } }

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`)

const searches = ({ requests }: FeedScene): number =>
  requests.filter((query) => !query.includes('since_id')).length

/** Where rows lie, as milliseconds after the first. */
const SPREADS: [string, number, (index: number) => number][] = [
  ['evenly over 29 days', 3_000, (index) => Math.round((index * 29 * DAY_MS) / 3_000)],
  ['in two bursts, weeks apart', 3_000, (index) => (index < 1_500 ? index : 20 * DAY_MS + index)],
  ['in one moment, and one long before', 450, (index) => (index === 0 ? 0 : 29 * DAY_MS)],
  ['ever closer', 3_000, (index) => Math.round(29 * DAY_MS * (1 - 0.99 ** index))],
  ['ever further apart', 3_000, (index) => Math.round(29 * DAY_MS * 0.99 ** (2_999 - index))],
]

describe('the way back to the oldest message of the window', () => {
  test.each(SPREADS)('takes few requests when they lie %s', async (_where, count, after) => {
    using scene = new FeedScene()
    const begun = scene.clock.now()
    await scene.clock.advance(29 * DAY_MS + 1_000)
    for (let index = 0; index < count; index++) {
      scene.feed.add({ at: (begun + after(index)) * 1000 + index })
    }
    await scene.start(WINDOW)
    expect(searches(scene)).toBeLessThan(40)
    expect(scene.stored()).toEqual(texts(1, count))
  })

  test('goes on after failures where it was, and gets there even if most requests fail', async () => {
    using scene = new FeedScene()
    scene.backlog(1_500, 1, MINUTE_MS)
    scene.interrupt = (_url, index) => (index % 3 === 0 ? undefined : jsonResponse(503, {}))
    await scene.start(WINDOW)
    for (let minutes = 0; minutes < 60 && scene.stored().length < 1_500; minutes++) {
      await scene.clock.advance(MINUTE_MS)
    }
    expect(scene.stored().slice(0, 3)).toEqual(texts(1, 3))
    expect(scene.stored()).toHaveLength(1_500)
  })

  test('is gone once: the next session continues forwards from its place', async () => {
    using scene = new FeedScene()
    scene.backlog(3_000, 1, 1_000)
    // The process ends after two pages.
    scene.interrupt = () => (scene.stored().length < 200 ? undefined : new Promise(() => {}))
    await scene.start(WINDOW)
    await scene.stop()
    expect(scene.stored().length).toBeLessThan(1_000)
    scene.interrupt = () => undefined
    scene.requests.length = 0
    await scene.start(WINDOW)
    expect(scene.stored()).toEqual(texts(1, 3_000))
    expect(scene.requests.slice(0, 5).every((query) => query.includes('since_id'))).toBe(true)
  })

  test('leaves most of a platform’s 600 requests a minute to others, and takes large pages', async () => {
    using scene = new FeedScene()
    // Rows too large for more than ten of them in a page.
    const bounds = { pageBytes: 6_000, rowBytes: 6_000 }
    scene.backlog(4_000, 1, 100)
    await scene.start({ ...WINDOW, bounds })
    await scene.clock.advance(MINUTE_MS)
    expect(scene.requests.length).toBeLessThan(300)
    scene.requests.length = 0
    await scene.clock.advance(MINUTE_MS)
    expect(scene.requests.length).toBeLessThanOrEqual(200)

    using ordinary = new FeedScene()
    ordinary.backlog(4_000, 1, 100)
    await ordinary.start(WINDOW)
    expect(ordinary.requests.length).toBeLessThan(40)
    expect(ordinary.stored()).toHaveLength(4_000)
  })

  test('waits as long as the platform asks', async () => {
    using scene = new FeedScene()
    scene.backlog(1_000, 1, 1_000)
    scene.interrupt = (_url, index) =>
      index === 4 ? jsonResponse(429, {}, { 'retry-after': '40' }) : undefined
    await scene.start(WINDOW)
    await scene.clock.advance(39_000)
    expect(scene.requests).toHaveLength(5)
    await scene.clock.advance(2_000)
    expect(scene.stored()).toEqual(texts(1, 1_000))
  })
})
