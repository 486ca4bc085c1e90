import { describe, expect, test } from 'bun:test'
import { seededRandom } from '../lab/dice.ts'
import { jsonResponse, textResponse } from '../lab/simulation/sim-response.ts'
import { PlatformError } from '../member/client/errors.ts'
import { failureDelay } from '../poll.ts'
import { FeedScene } from './fixtures/feed-scene.ts'

const failing = (headers: Record<string, string> = {}) => jsonResponse(503, { error: 'unwell' }, headers)

/** How often it was asked in each of the given stretches of time, one after the other. */
async function askedIn(scene: FeedScene, ...stretches: number[]): Promise<number[]> {
  const counts: number[] = []
  for (const ms of stretches) {
    const before = scene.requests.length
    await scene.clock.advance(ms)
    counts.push(scene.requests.length - before)
  }
  return counts
}

describe('when the inbox is looked at', () => {
  test('each interval, and with an open stream once a minute', async () => {
    using polling = new FeedScene()
    await polling.start()
    expect(await askedIn(polling, 60_000)).toEqual([12])
    using live = new FeedScene()
    await live.start({ isLive: () => true })
    expect(await askedIn(live, 59_000, 2_000, 120_000)).toEqual([0, 1, 2])
  })

  test('at once when hinted, and a second time where the first look found nothing', async () => {
    using scene = new FeedScene()
    scene.backlog(1)
    await scene.start({ isLive: () => true })
    scene.hint()
    expect(await askedIn(scene, 5, 200, 30_000)).toEqual([1, 1, 0])
    scene.feed.add()
    scene.hint()
    expect(await askedIn(scene, 5, 29_000)).toEqual([1, 0])
    expect(scene.stored()).toHaveLength(2)
  })

  test('a row that becomes visible a moment after its hint is found by the second look', async () => {
    using scene = new FeedScene()
    await scene.start({ isLive: () => true })
    scene.feed.add({ visibleAt: (scene.clock.now() + 60) * 1000 })
    scene.hint()
    await scene.clock.advance(200)
    expect(scene.stored()).toHaveLength(1)
  })

  test('within an interval of a machine that wakes after an hour, and no more often than before', async () => {
    using scene = new FeedScene()
    let slept = 0
    scene.backlog(1)
    await scene.start({ now: () => scene.clock.now() + slept })
    await scene.clock.advance(60_000)
    slept = 3_600_000
    scene.feed.add()
    const [first = 0, minute = 0] = await askedIn(scene, 5_500, 60_000)
    expect(scene.stored()).toHaveLength(2)
    // One of them is the window that is read again.
    expect([first <= 3, minute <= 13]).toEqual([true, true])
  })

  test('a hint during a look gets a look of its own', async () => {
    using scene = new FeedScene()
    await scene.start({ isLive: () => true })
    let answer: ((response: Response) => void) | undefined
    scene.interrupt = () => new Promise((resolve) => (answer = resolve))
    scene.hint()
    await scene.clock.advance(5)
    scene.feed.add()
    scene.hint()
    scene.interrupt = () => undefined
    answer?.(jsonResponse(200, []))
    await scene.clock.advance(200)
    expect(scene.stored()).toHaveLength(1)
  })

  test.each([true, false])(
    'hints without end cost a bounded number of requests (something to read: %p)',
    async (arrives) => {
      using scene = new FeedScene()
      await scene.start({ isLive: () => true })
      for (let ms = 0; ms < 120_000; ms += 10) {
        scene.clock.at(scene.clock.now() + ms, () => {
          if (arrives && ms % 100 === 0) scene.feed.add()
          scene.hint()
        })
      }
      const [first = 0, second = 0] = await askedIn(scene, 60_000, 60_000)
      expect(first).toBeLessThan(1_500)
      expect(second).toBeLessThanOrEqual(610)
      expect(scene.mostInFlight).toBe(1)
    },
  )
})

describe('when looking fails', () => {
  test.each([
    ['500', () => textResponse(500, '')],
    ['a web page', () => textResponse(200, '<html></html>')],
    ['half an answer', () => textResponse(200, '[{"id":')],
    ['an empty 404', () => textResponse(404, '')],
    ['an empty 403', () => textResponse(403, '')],
    ['a broken connection', () => Promise.reject(new TypeError('connection reset'))],
    ['an object', () => jsonResponse(200, { rows: [] })],
  ])(
    'by %s, it is tried again ever more rarely, logged now and then, and goes on where it stopped',
    async (_what, answer) => {
      using scene = new FeedScene()
      scene.backlog(2)
      await scene.start()
      scene.interrupt = answer
      scene.hint()
      const [early = 0, later = 0, last = 0] = await askedIn(scene, 60_000, 300_000, 300_000)
      expect(early).toBeGreaterThan(5)
      expect(early).toBeLessThanOrEqual(40)
      expect(last).toBeLessThanOrEqual(30)
      expect(scene.lines.length).toBeLessThanOrEqual(2 + (early + later + last) / 10)
      scene.interrupt = () => undefined
      scene.feed.add()
      await scene.clock.advance(31_000)
      expect(scene.stored()).toEqual(['message 1', 'message 2', 'message 3'])
      expect(scene.lines.at(-1)).toMatch(/reads its inbox again after \d+ failed attempts/)
    },
  )

  test('for 20 s, it is tried eight times at most and read again within 2 s, whatever the jitter', async () => {
    for (let seed = 0; seed < 200; seed++) {
      using scene = new FeedScene()
      await scene.start({ random: seededRandom(seed) })
      scene.interrupt = () => failing()
      scene.hint()
      const [tries = 0] = await askedIn(scene, 20_000)
      scene.interrupt = () => undefined
      scene.feed.add()
      await scene.clock.advance(2_000)
      expect([tries <= 8, scene.stored().length]).toEqual([true, 1])
    }
  })

  test('no hint shortens the wait a platform asks for', async () => {
    using scene = new FeedScene()
    await scene.start()
    scene.interrupt = () => failing({ 'retry-after': '40' })
    scene.hint()
    expect(await askedIn(scene, 5)).toEqual([1])
    for (let ms = 0; ms < 39_000; ms += 50) scene.clock.at(scene.clock.now() + ms, () => scene.hint())
    expect(await askedIn(scene, 39_900, 200)).toEqual([0, 1])
  })

  test('hints without end make it be asked no more than once a second', async () => {
    using scene = new FeedScene()
    await scene.start()
    scene.interrupt = () => failing()
    for (let ms = 0; ms < 120_000; ms += 20) scene.clock.at(scene.clock.now() + ms, () => scene.hint())
    const [, second = 0] = await askedIn(scene, 60_000, 60_000)
    expect(second).toBeLessThanOrEqual(61)
  })

  test('and a hint says that the platform is back, it is tried within a second', async () => {
    using scene = new FeedScene()
    await scene.start()
    scene.interrupt = () => failing()
    await scene.clock.advance(600_000)
    scene.interrupt = () => undefined
    scene.feed.add()
    scene.hint()
    await scene.clock.advance(1_000)
    expect(scene.stored()).toHaveLength(1)
  })

  test('the caller is told of each failure, and of each success', async () => {
    using scene = new FeedScene()
    scene.interrupt = (_url, index) => (index < 3 ? failing() : undefined)
    await scene.start()
    await scene.clock.advance(3_000)
    expect([scene.failures.length, scene.failures[0]]).toEqual([3, expect.any(PlatformError)])
    expect(scene.reads).toBe(1)
  })
})

describe('when it is stopped', () => {
  test('in the middle of a request, a wait, a pause after a failure, or a wait for room, it ends at once', async () => {
    for (const [interrupt, more] of [
      [() => new Promise<Response>(() => {}), {}],
      [() => undefined, {}],
      [() => failing({ 'retry-after': '60' }), {}],
      [() => undefined, { capacity: () => new Promise<void>(() => {}) }],
    ] as const) {
      using scene = new FeedScene()
      scene.interrupt = interrupt
      const ended = new AbortController()
      const capacity =
        'capacity' in more
          ? {
              capacity: () =>
                new Promise<void>((resolve) => ended.signal.addEventListener('abort', () => resolve())),
            }
          : {}
      await scene.start(capacity)
      const asked = scene.requests.length
      ended.abort()
      await scene.stop()
      expect([
        scene.requests.length,
        scene.clock.armed,
        scene.lines.filter((line) => /abort/i.test(line)),
      ]).toEqual([asked, 0, []])
    }
  })
})

describe('the wait after a failure', () => {
  const error = (retryAfterMs?: number, kind: 'retry' | 'refused' = 'retry') =>
    new PlatformError(kind, 'no', retryAfterMs === undefined ? {} : { retryAfterMs })
  const high = () => 0.999_999

  test('is what the platform asks for', () => {
    expect(failureDelay(error(7_000), 'passing', 0, 0, high)).toBe(7_000)
  })

  test('is the usual one where the platform asks for none at all', () => {
    expect(failureDelay(error(0), 'passing', 4, 0, high)).toBeGreaterThan(3_000)
  })

  test('grows to 5 s in the first minute and to 30 s after it', () => {
    const waits = [0, 1, 2, 3, 4, 5, 20].map((failures) =>
      failureDelay(error(), 'passing', failures, 0, high),
    )
    expect(waits).toEqual([239, 479, 959, 1_919, 3_839, 4_799, 4_799])
    expect(failureDelay(error(), 'passing', 20, 60_000, high)).toBe(28_799)
  })

  test('is longer from the start where the request is refused, and minutes where the workspace is gone', () => {
    expect(failureDelay(error(undefined, 'refused'), 'passing', 0, 0, high)).toBe(1_919)
    expect(failureDelay(error(), 'dead', 0, 0, () => 0.5)).toBe(300_000)
  })
})
