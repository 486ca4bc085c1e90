import { describe, expect, test } from 'bun:test'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { FeedScene, type Interruption } from '../../fixtures/feed-scene.ts'

const TROUBLE: [string, Interruption][] = [
  ['500', () => textResponse(500, '')],
  ['a web page', () => textResponse(200, '<html></html>')],
  ['half an answer', () => textResponse(200, '[{"id":')],
  ['an empty 404', () => textResponse(404, '')],
  ['an empty 403', () => textResponse(403, '')],
  ['a broken connection', () => Promise.reject(new TypeError('connection reset'))],
  ['an object', () => jsonResponse(200, { rows: [] })],
  ['nothing at all', () => new Promise<Response>(() => {})],
]

test.each(TROUBLE)('after %s for minutes, reading continues where it stopped', async (_what, answer) => {
  using scene = new FeedScene()
  scene.backlog(2)
  await scene.start()
  scene.interrupt = answer
  scene.hint()
  await scene.clock.advance(660_000)
  expect(scene.failures.length).toBeGreaterThan(0)
  expect(scene.failures.every((error) => error instanceof PlatformError)).toBe(true)
  scene.interrupt = () => undefined
  scene.feed.add()
  await scene.clock.advance(50_000)
  expect(scene.stored()).toEqual(['message 1', 'message 2', 'message 3'])
})

test('a failure is a PlatformError with what the platform asks for', async () => {
  using scene = new FeedScene()
  scene.interrupt = () => jsonResponse(503, { error: 'unwell' }, { 'retry-after': '40' })
  await scene.start()
  expect(scene.failures).toEqual([expect.any(PlatformError)])
  expect(scene.failures[0]).toMatchObject({ kind: 'retry', retryAfterMs: 40_000 })
})

test('after a machine has slept for an hour, the last minutes and the last day are read again, once each', async () => {
  using scene = new FeedScene()
  let sleptMs = 0
  scene.backlog(1)
  await scene.start({ clock: { ...scene.clock, now: () => scene.clock.now() + sleptMs, random: () => 0.5 } })
  await scene.clock.advance(60_000)
  sleptMs = 3_600_000
  scene.feed.add()
  scene.requests.length = 0
  await scene.clock.advance(60_000)
  expect(scene.stored()).toHaveLength(2)
  expect(scene.requests.filter((query) => query.includes('since_secs'))).toHaveLength(2)
})

describe('a session that is stopped', () => {
  test.each<[string, Interruption, 'room' | 'no room']>([
    ['in the middle of a request', () => new Promise<Response>(() => {}), 'room'],
    ['while it waits for the next look', () => undefined, 'room'],
    ['while it waits for room', () => undefined, 'no room'],
  ])('%s ends at once, without a timer and without a line', async (_when, interrupt, room) => {
    using scene = new FeedScene()
    scene.interrupt = interrupt
    const ending = Promise.withResolvers<void>()
    await scene.start(room === 'room' ? {} : { capacity: () => ending.promise })
    const asked = scene.requests.length
    const stopped = scene.stop()
    // Whoever waits for room stops waiting when the signal aborts.
    ending.resolve()
    await stopped
    expect([scene.requests.length, scene.clock.armed, scene.lines]).toEqual([asked, 0, []])
  })
})
