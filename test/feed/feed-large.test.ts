import { describe, expect, test } from 'bun:test'
import { FeedScene, type Interruption } from '../fixtures/feed-scene.ts'

const texts = (count: number): string[] => Array.from({ length: count }, (_, index) => `message ${index + 1}`)

/** Rows so large that no more than `rows` of them fit into one answer. */
const atMost =
  (rows: number): Interruption =>
  (url) =>
    Number(url.searchParams.get('limit')) > rows
      ? new Response('[', { headers: { 'Content-Length': '30000000', 'Content-Type': 'application/json' } })
      : undefined

describe('rows so large that only a few fit into one answer', () => {
  test.each([1, 2, 3, 7])('are all shown at the first start, %i at a time', async (rows) => {
    using scene = new FeedScene()
    scene.backlog(23)
    scene.interrupt = atMost(rows)
    await scene.start()
    expect(scene.stored()).toEqual(texts(23))
  })

  test.each([1, 2, 7])('are all shown after the cursor was forgotten, %i at a time', async (rows) => {
    using scene = new FeedScene()
    scene.backlog(3)
    await scene.start()
    await scene.stop()
    await scene.clock.advance(10_000)
    scene.backlog(23)
    scene.feed.prune((row) => row.seq <= 3)
    scene.interrupt = atMost(rows)
    await scene.start()
    expect(scene.stored()).toEqual(texts(26))
  })

  test('are asked for one by one where the line is too slow for more, and that is remembered', async () => {
    using scene = new FeedScene()
    scene.backlog(1)
    await scene.start()
    await scene.clock.advance(1_000)
    let cut = 0
    scene.interrupt = (url) => {
      if (Number(url.searchParams.get('limit')) <= 2) return undefined
      cut++
      const half = new ReadableStream({ start: (controller) => controller.error(new Error('too slow')) })
      return new Response(half, { headers: { 'Content-Type': 'application/json' } })
    }
    scene.backlog(40)
    await scene.clock.advance(20_000)
    expect(scene.stored()).toEqual(texts(41))
    expect(cut).toBeLessThan(40)
  })
})

test('a newest row that is dated in the future does not hide what comes until then', async () => {
  using scene = new FeedScene()
  scene.feed.add({ at: (scene.clock.now() + 3_600_000) * 1000 })
  await scene.start({ pollWindowSecs: 0 })
  scene.feed.prune(() => true)
  await scene.clock.advance(10_000)
  scene.feed.add({ at: scene.clock.now() * 1000 })
  await scene.clock.advance(60_000)
  expect(scene.stored().length).toBeGreaterThan(0)
})
