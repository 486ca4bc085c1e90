import { expect, test } from 'bun:test'
import { rowId, timestamp } from '../../../lab/simulation/model-feed.ts'
import { SimClock, settled } from '../../../lab/simulation/sim-clock.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { FeedPace } from '../../../member/workspace/feed-pace.ts'
import { entries } from '../../fixtures/entries.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

const NOTHING = { stored: 0, more: true }

/** A pace that has read `rows` rows without a message. */
function pace(rows: number) {
  const clock = new SimClock()
  const warnings: string[] = []
  const made = new FeedPace({
    clock,
    signal: new AbortController().signal,
    warn: (line) => warnings.push(line),
  })
  made.recorded(entries(rows, () => ({ skipped: 'an echo' })))
  return { clock, warnings, made }
}

test('a backlog of 20,000 rows that are not for the model is read without a pause', async () => {
  const { clock, warnings, made } = pace(20_000)
  await made.pause(NOTHING)
  expect([clock.armed, warnings, made.slowed]).toEqual([0, [], undefined])
})

test('what follows is read ever more slowly, up to a page a second, and that is said once', async () => {
  const { clock, warnings, made } = pace(20_001)
  const waits: number[] = []
  for (let pages = 0; pages < 7; pages++) {
    const begun = clock.now()
    const paused = made.pause(NOTHING).then(() => waits.push(clock.now() - begun))
    await clock.advance(5_000)
    await paused
  }
  expect(waits).toEqual([50, 100, 200, 400, 800, 1_000, 1_000])
  expect(warnings).toEqual([
    'reads its inbox slowly: its last 20001 rows were not for the model, and there are more',
  ])
  expect(made.slowed).toBe(20_001)
})

test.each([
  { stored: 1, more: true },
  { stored: 0, more: false },
])('a message, and the end of the feed, bring the speed back: %j', async (step) => {
  const { clock, made } = pace(30_000)
  void made.pause(NOTHING)
  await clock.advance(1_000)
  await made.pause(step)
  expect(made.slowed).toBeUndefined()
  await made.pause(NOTHING)
  expect(clock.armed).toBe(0)
})

test('a feed without end that brings nothing is asked once a second, and hardly grows the ledger', async () => {
  using scene = new FeedScene()
  scene.backlog(1)
  await scene.start()
  scene.interrupt = (url) => {
    if (!url.searchParams.has('since_id')) return undefined
    const created_at = timestamp(scene.clock.now() * 1000)
    const row = () => ({
      id: rowId(),
      source_id: WORKSPACE,
      method: 'message/send',
      created_at,
      status: 'ok',
    })
    return jsonResponse(200, Array.from({ length: Number(url.searchParams.get('limit')) }, row))
  }
  scene.hint()
  await scene.clock.advance(60_000)
  await settled()
  const newest = { workspaceIds: [WORKSPACE], states: ['skipped'], limit: 1 } as const
  const seen = () => [scene.requests.length, scene.ledger.inbox.list(newest).rows[0]?.ord ?? 0] as const
  const [asked, stored] = seen()
  await scene.clock.advance(10_000)
  expect(seen()).toEqual([asked + 10, stored + 10])
  expect(scene.lines.filter((line) => line.includes('slowly'))).toHaveLength(1)
})
