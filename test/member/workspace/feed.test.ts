import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import type { ModelFeedOptions } from '../../../lab/simulation/model-feed.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { diskWith } from '../../fixtures/disk.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

const texts = (from: number, to: number): string[] =>
  Array.from({ length: to - from + 1 }, (_, index) => `message ${from + index}`)

const PLATFORMS: [string, Partial<ModelFeedOptions>][] = [
  ['the newest platform', {}],
  ['a platform that compares times alone', { timestampCursor: true }],
]

describe.each(PLATFORMS)('the first start on %s', (_name, options) => {
  test.each([1, 99, 100, 101, 250, 400])(
    'shows the %d messages of the window, oldest first, and no older one',
    async (count) => {
      using scene = new FeedScene(options)
      scene.backlog(150, 31_000)
      scene.backlog(count)
      await scene.start()
      expect(scene.stored()).toEqual(texts(151, 150 + count))
    },
  )

  test('with an empty window shows what comes from now on', async () => {
    using scene = new FeedScene(options)
    scene.backlog(150)
    await scene.start({ config: { pollWindowSecs: 0 } })
    expect(scene.stored()).toEqual([])
    scene.feed.add()
    await scene.clock.advance(6_000)
    expect(scene.stored()).toEqual(['message 151'])
  })

  test.each([0, 30])(
    'with a window of %d s, on an empty feed, shows all that ever comes',
    async (pollWindowSecs) => {
      using scene = new FeedScene(options)
      await scene.start({ config: { pollWindowSecs } })
      await scene.clock.advance(3_600_000)
      scene.backlog(250, 1, 10_000)
      await scene.clock.advance(6_000)
      expect(scene.stored()).toEqual(texts(1, 250))
    },
  )

  test.each([0, 30])(
    'with a window of %d s loses nothing that arrives between two of its requests',
    async (pollWindowSecs) => {
      using scene = new FeedScene(options)
      scene.backlog(5, 60_000)
      scene.interrupt = () => {
        if (scene.requests.length <= 4) scene.feed.add()
        return undefined
      }
      await scene.start({ config: { pollWindowSecs } })
      await scene.clock.advance(6_000)
      // What came before the first answer may count as before the start, where no window is wanted.
      expect(scene.stored().slice(pollWindowSecs === 0 ? 0 : 1)).toEqual(texts(7, scene.feed.rows.length))
    },
  )

  test.each([130, 450])('shows all of %d messages of one moment', async (count) => {
    using scene = new FeedScene(options)
    const at = (scene.clock.now() - 1_000) * 1000
    for (let n = 0; n < count; n++) scene.feed.add({ at })
    scene.backlog(30)
    await scene.start()
    expect(scene.stored()).toEqual(texts(1, count + 30))
  })

  test('that takes long to succeed begins at the time of its first attempt', async () => {
    using scene = new FeedScene(options)
    scene.backlog(3, 60_000)
    scene.interrupt = () => jsonResponse(503, {})
    await scene.start({ config: { pollWindowSecs: 0 } })
    await scene.clock.advance(5_000)
    scene.feed.add()
    await scene.clock.advance(600_000)
    scene.interrupt = () => undefined
    await scene.clock.advance(31_000)
    expect(scene.stored()).toEqual(['message 4'])
  })

  test('still reaches back when the machine falls asleep while the window is asked for', async () => {
    using scene = new FeedScene(options)
    scene.backlog(3, 10_000)
    let slept = false
    scene.interrupt = (url) => {
      if (slept || !url.searchParams.has('since_secs')) return undefined
      slept = true
      // The platform reads the request after an hour, and counts back from then.
      scene.clock.sleepMachine(3_600_000)
      return undefined
    }
    await scene.start()
    expect(slept).toBe(true)
    expect(scene.stored()).toEqual(texts(1, 3))
  })

  test('never leads to older messages later, whatever is read again', async () => {
    using scene = new FeedScene(options)
    scene.backlog(400, 100, 100)
    await scene.start({ config: { pollWindowSecs: 10 } })
    const shown = scene.stored()
    expect(shown).toEqual(texts(301, 400))
    scene.feed.prune((row) => row.seq === 400)
    await scene.clock.advance(400_000)
    expect(scene.stored()).toEqual(shown)
  })
})

test('a platform that does not know before_ts gives what it can, and is not asked endlessly', async () => {
  using scene = new FeedScene({ ignoresBeforeTs: true })
  scene.backlog(450)
  await scene.start()
  expect(scene.stored()).toEqual(texts(1, 450))
  expect(scene.requests.length).toBeLessThan(15)
  scene.backlog(900, 0)
  scene.feed.prune((row) => row.seq === 450)
  await scene.clock.advance(6_000)
  expect(scene.requests.length).toBeLessThan(40)
})

describe('reading on', () => {
  test('drains page after page without waiting', async () => {
    using scene = new FeedScene()
    await scene.start()
    scene.backlog(350)
    scene.hint()
    await scene.clock.advance(1)
    expect(scene.stored()).toEqual(texts(1, 350))
  })

  test('resumes where the last session stopped, however long ago', async () => {
    using scene = new FeedScene()
    scene.backlog(3)
    await scene.start()
    await scene.stop()
    scene.clock.at(scene.clock.now() + 3 * 24 * 3_600_000, () => {})
    await scene.clock.advance(3 * 24 * 3_600_000)
    scene.backlog(250, 1, 60_000)
    await scene.start()
    expect(scene.stored()).toEqual(texts(1, 253))
  })

  test('asks for no page while there is no room for it', async () => {
    using scene = new FeedScene()
    scene.backlog(1_200)
    let room: (() => void) | undefined
    await scene.start({ capacity: () => new Promise<void>((resolve) => (room = resolve)) })
    for (let n = 0; n < 3; n++) {
      const [asked, had] = [scene.requests.length, scene.stored().length]
      await scene.clock.advance(60_000)
      expect([scene.requests.length, scene.stored().length]).toEqual([asked, had])
      room?.()
      await scene.quiet()
      expect(scene.stored().length - had).toBeGreaterThan(0)
      expect(scene.stored().length - had).toBeLessThanOrEqual(500)
    }
  })

  test('skips what cannot be read, logs that once, and loses nothing around it', async () => {
    using scene = new FeedScene()
    await scene.start()
    for (const wire of [() => null, () => 'text', () => ({}), (id: string) => ({ id, source_id: 7 })]) {
      scene.feed.add()
      scene.feed.poison(wire)
    }
    await scene.clock.advance(20_000)
    scene.feed.add()
    await scene.clock.advance(400_000)
    expect(scene.stored()).toEqual(['message 1', 'message 3', 'message 5', 'message 7', 'message 9'])
    expect(scene.lines.filter((line) => line.includes('unreadable'))).toHaveLength(1)
  })

  test('takes a row that appears twice on one page once', async () => {
    using scene = new FeedScene()
    await scene.start()
    const row = scene.feed.add()
    const again = scene.feed.answer('http://x/?limit=1').body
    scene.interrupt = () => jsonResponse(200, [again, again].flat())
    scene.hint()
    await scene.clock.advance(1)
    expect(scene.stored()).toEqual([row.text])
  })

  test('does not move the cursor past a page that cannot be stored, and reads that page again', async () => {
    let full = false
    const disk = diskWith((db) => ({
      transaction: (work) => {
        if (full) throw new Error('database or disk is full')
        return db.transaction(work)
      },
    }))
    const ledger = openLedger(':memory:', { disk })
    using scene = new FeedScene({}, ledger)
    await scene.start()
    full = true
    scene.backlog(5)
    const before = ledger.of(WORKSPACE).cursor()
    await scene.clock.advance(20_000)
    expect([ledger.of(WORKSPACE).cursor(), scene.stored()]).toEqual([before, []])
    full = false
    await scene.clock.advance(20_000)
    expect(scene.stored()).toEqual(texts(1, 5))
  })
})

test('all rows of one moment are read, even more than a page holds, from a platform that does not know before_ts', async () => {
  using scene = new FeedScene({ ignoresBeforeTs: true })
  const at = (scene.clock.now() - 1_000) * 1000
  for (let n = 0; n < 130; n++) scene.feed.add({ at })
  scene.backlog(5)
  await scene.start()
  expect(scene.stored()).toEqual(scene.feed.everything.map(({ text }) => text))
})
