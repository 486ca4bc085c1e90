import { describe, expect, test } from 'bun:test'
import { seededRandom } from '../lab/dice.ts'
import { PlatformError } from '../member/client/errors.ts'
import { failureDelay } from '../poll.ts'
import { PollScene, unwell } from './fixtures/poll-scene.ts'

const LIVE = { isLive: () => true }

describe('the inbox is looked at', () => {
  test('every interval, and once a minute while an event stream is open', async () => {
    await using polling = await PollScene.started()
    expect(await polling.looksIn(60_000)).toEqual([12])
    await using live = await PollScene.started(LIVE)
    expect(await live.looksIn(59_000, 2_000, 120_000)).toEqual([0, 1, 2])
  })

  test('at once after a hint, and a second time if the first look found nothing', async () => {
    await using poll = await PollScene.started(LIVE)
    poll.hint()
    expect(await poll.looksIn(5, 200, 30_000)).toEqual([1, 1, 0])
    poll.arrive()
    poll.hint()
    expect(await poll.looksIn(5, 29_000)).toEqual([1, 0])
    expect(poll.found).toBe(1)
  })

  test('soon enough after a hint to find a row that becomes visible a moment later', async () => {
    await using poll = await PollScene.started(LIVE)
    poll.clock.after(60, () => poll.arrive())
    poll.hint()
    await poll.clock.advance(200)
    expect(poll.found).toBe(1)
  })

  test('within an interval after a machine has slept for an hour, and no more often than before', async () => {
    await using poll = await PollScene.started()
    await poll.clock.advance(60_000)
    poll.sleptMs = 3_600_000
    poll.arrive()
    expect(await poll.looksIn(5_500, 60_000)).toEqual([1, 12])
    expect(poll.found).toBe(1)
  })

  test('once more after a hint that came during a look', async () => {
    await using poll = await PollScene.started(LIVE)
    const { promise, resolve } = Promise.withResolvers<number>()
    poll.look = () => promise
    poll.hint()
    await poll.clock.advance(5)
    poll.arrive()
    poll.hint()
    poll.recover()
    resolve(0)
    await poll.clock.advance(200)
    expect(poll.found).toBe(1)
  })

  test.each([true, false])(
    'a bounded number of times, and by one look at a time, under endless hints (with something to find: %p)',
    async (finds) => {
      await using poll = await PollScene.started(LIVE)
      poll.hintOften(10, 120_000, (ms) => {
        if (finds && ms % 100 === 0) poll.arrive()
      })
      const [first = 0, second = 0] = await poll.looksIn(60_000, 60_000)
      expect(first).toBeLessThan(1_500)
      expect(second).toBeLessThanOrEqual(610)
      expect(poll.mostAtOnce).toBe(1)
    },
  )
})

describe('while looks fail, the inbox is looked at', () => {
  test('ever more rarely, with a line in the log now and then', async () => {
    await using poll = await PollScene.started()
    poll.fail()
    poll.hint()
    const [early = 0, later = 0, last = 0] = await poll.looksIn(60_000, 300_000, 300_000)
    expect(early).toBeWithin(6, 41)
    expect(last).toBeLessThanOrEqual(30)
    expect(poll.lines.length).toBeLessThanOrEqual(2 + (early + later + last) / 10)
    poll.recover()
    await poll.clock.advance(31_000)
    expect(poll.lines.at(-1)).toMatch(/^reads its inbox again after \d+ failed attempts$/)
  })

  test('at most eight times in 20 s, and again within 2 s of their end, whatever the jitter', async () => {
    for (let seed = 0; seed < 200; seed++) {
      await using poll = await PollScene.started({}, seededRandom(seed))
      poll.fail()
      poll.hint()
      const [tries = 0] = await poll.looksIn(20_000)
      poll.recover()
      poll.arrive()
      await poll.clock.advance(2_000)
      expect([tries <= 8, poll.found]).toEqual([true, 1])
    }
  })

  test('no sooner than the platform asks for, whatever is hinted', async () => {
    await using poll = await PollScene.started()
    poll.fail(unwell(40_000))
    poll.hint()
    expect(await poll.looksIn(5)).toEqual([1])
    poll.hintOften(50, 39_000)
    expect(await poll.looksIn(39_900, 200)).toEqual([0, 1])
  })

  test('at most once a second under endless hints', async () => {
    await using poll = await PollScene.started()
    poll.fail()
    poll.hintOften(20, 120_000)
    const [, second = 0] = await poll.looksIn(60_000, 60_000)
    expect(second).toBeLessThanOrEqual(61)
  })

  test('within a second of a hint that the platform is back', async () => {
    await using poll = await PollScene.started()
    poll.fail()
    await poll.clock.advance(600_000)
    poll.recover()
    poll.arrive()
    poll.hint()
    await poll.clock.advance(1_000)
    expect(poll.found).toBe(1)
  })

  test('rarely if the failure is judged final', async () => {
    await using poll = await PollScene.started({ onFailure: async () => 'dead' })
    poll.fail(new PlatformError('gone', 'no such workspace'))
    await poll.clock.advance(10_000)
    expect(await poll.looksIn(280_000, 30_000)).toEqual([0, 1])
  })
})

test('the caller is told of each failure and of each success', async () => {
  await using poll = await PollScene.started()
  const error = unwell()
  poll.fail(error)
  poll.hint()
  poll.arrive()
  poll.clock.after(1_500, () => poll.recover())
  await poll.clock.advance(4_000)
  expect(poll.failures.length).toBeGreaterThan(1)
  expect(new Set(poll.failures)).toEqual(new Set([error]))
  expect([poll.reads, poll.lookedAt.length]).toEqual([2, poll.failures.length + 2])
})

test.each<[string, () => number | Promise<number>]>([
  ['in the middle of a look', () => new Promise<number>(() => {})],
  ['while it waits for the next look', () => 0],
  ['while it waits after a failure', () => Promise.reject(unwell(60_000))],
])('a poll that is stopped %s ends at once, without a line in the log', async (_when, look) => {
  const poll = await PollScene.started()
  poll.look = look
  poll.hint()
  await poll.clock.advance(1_000)
  const [looks, lines] = [poll.lookedAt.length, poll.lines.length]
  await poll.stop()
  expect([poll.lookedAt.length, poll.lines.length, poll.clock.armed]).toEqual([looks, lines, 0])
})

describe('the wait after a failure', () => {
  const error = (retryAfterMs?: number, kind: 'retry' | 'refused' = 'retry') =>
    new PlatformError(kind, 'no', retryAfterMs === undefined ? {} : { retryAfterMs })
  const high = () => 0.999_999

  test('is what the platform asks for', () => {
    expect(failureDelay(error(7_000), 'passing', 0, 0, high)).toBe(7_000)
  })

  test('is the usual one if the platform asks for none at all', () => {
    expect(failureDelay(error(0), 'passing', 4, 0, high)).toBeGreaterThan(3_000)
  })

  test('grows to 5 s in the first minute and to 30 s after it', () => {
    const waits = [0, 1, 2, 3, 4, 5, 20].map((failures) =>
      failureDelay(error(), 'passing', failures, 0, high),
    )
    expect(waits).toEqual([239, 479, 959, 1_919, 3_839, 4_799, 4_799])
    expect(failureDelay(error(), 'passing', 20, 60_000, high)).toBe(28_799)
  })

  test('is longer from the start if the request was refused, and minutes if the workspace is gone', () => {
    expect(failureDelay(error(undefined, 'refused'), 'passing', 0, 0, high)).toBe(1_919)
    expect(failureDelay(error(), 'dead', 0, 0, () => 0.5)).toBe(300_000)
  })
})
