import { describe, expect, test } from 'bun:test'
import { textResponse } from '../../../lab/simulation/sim-response.ts'
import { FeedScene, type Interruption } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

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

  test('are requested one by one if the line is too slow for more, and that is remembered', async () => {
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

describe('a row too large to be read', () => {
  const BOUNDS = { pageBytes: 40_000, rowBytes: 80_000 }
  /** Larger than a row may be, and than what is kept of it. */
  const OVERSIZED = 'x'.repeat(90_000)
  const ordinary = (count: number): string[] => texts(count).filter((_, index) => index !== 11)

  /** Rows of which the twelfth is too large. */
  function fill(scene: FeedScene): void {
    const from = scene.clock.now() - 23
    for (let number = 1; number <= 23; number++) {
      scene.feed.add({ at: (from + number) * 1000, ...(number === 12 ? { text: OVERSIZED } : {}) })
    }
  }

  function expectSkipped(scene: FeedScene): void {
    expect(scene.stored()).toEqual(ordinary(23))
    expect(scene.lines.filter((line) => line.includes('which is too large'))).toHaveLength(1)
    expect(scene.lines.join()).toContain(scene.feed.everything[11]?.id ?? '')
    const { total, rows } = scene.ledger.inbox.list({
      workspaceIds: [WORKSPACE],
      states: ['skipped'],
      limit: 5,
    })
    expect([total, rows[0]?.reason]).toEqual([1, expect.stringContaining('too large to read')])
    expect(scene.failures).toEqual([])
  }

  test('is skipped at the first start, and logged once', async () => {
    using scene = new FeedScene()
    fill(scene)
    await scene.start({ bounds: BOUNDS })
    await scene.clock.advance(10 * 60_000)
    expectSkipped(scene)
  })

  test('is skipped after the cursor, even if the platform announces its size', async () => {
    using scene = new FeedScene()
    await scene.start({ bounds: BOUNDS })
    fill(scene)
    scene.interrupt = (url) => {
      const { status, body } = scene.feed.answer(url.href)
      const text = JSON.stringify(body)
      return textResponse(status, text, { 'content-length': String(text.length) })
    }
    await scene.clock.advance(10 * 60_000)
    expectSkipped(scene)
  })

  test('is read without its details of the peer, if that makes it small enough', async () => {
    using scene = new FeedScene()
    scene.backlog(1)
    scene.interrupt = (_url, _index, withPeer) =>
      withPeer ? textResponse(200, '['.repeat(200_000)) : undefined
    await scene.start({ bounds: BOUNDS })
    expect(scene.stored()).toEqual(['message 1'])
  })

  test('stays an error if its beginning does not say which row it is', async () => {
    using scene = new FeedScene()
    scene.backlog(1)
    scene.interrupt = () => textResponse(200, `[{"request_body":"${OVERSIZED}"`)
    await scene.start({ bounds: BOUNDS })
    expect(scene.failures).toHaveLength(1)
    expect(scene.lines.join()).toContain('larger than 80000 bytes')
  })
})

test('a newest row dated in the future does not hide what comes before that date', async () => {
  using scene = new FeedScene()
  scene.feed.add({ at: (scene.clock.now() + 3_600_000) * 1000 })
  await scene.start({ config: { pollWindowSecs: 0 } })
  scene.feed.prune(() => true)
  await scene.clock.advance(10_000)
  scene.feed.add({ at: scene.clock.now() * 1000 })
  await scene.clock.advance(60_000)
  expect(scene.stored().length).toBeGreaterThan(0)
})
