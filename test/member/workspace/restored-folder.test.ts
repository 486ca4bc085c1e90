import { expect, test } from 'bun:test'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

/** How often each message that waits counts as written before, in their order. */
const attempts = ({ ledger, clock }: FeedScene): readonly number[] =>
  ledger.nextBatch([WORKSPACE], 100, 1e9, clock.now()).map((message) => message.attempts)

test('what the platform holds for received, and the ledger has never seen, may have been shown', async () => {
  using scene = new FeedScene()
  scene.acknowledge = () => jsonResponse(200, { last_acked_seq: 3 })
  scene.backlog(5)
  await scene.start()
  expect(attempts(scene)).toEqual([1, 1, 1, 0, 0])
  // A row that comes later is new, whatever is acknowledged in the meantime.
  scene.acknowledge = () => jsonResponse(200, { last_acked_seq: 100 })
  scene.feed.add()
  await scene.clock.advance(6_000)
  expect(attempts(scene)).toEqual([1, 1, 1, 0, 0, 0])
})

test('a ledger that has seen all of it marks nothing', async () => {
  using scene = new FeedScene()
  scene.backlog(5)
  await scene.start()
  await scene.stop()
  scene.acknowledge = () => jsonResponse(200, { last_acked_seq: 5 })
  scene.feed.add()
  await scene.start()
  expect(attempts(scene)).toEqual([0, 0, 0, 0, 0, 0])
})

test.each([
  ['does not know the acknowledgement', () => jsonResponse(404, { error: 'not found' })],
  ['does not say how far it goes', () => jsonResponse(200, {})],
  ['says nonsense', () => jsonResponse(200, { last_acked_seq: 'all' })],
])('a platform that %s is read all the same', async (_what, answer) => {
  using scene = new FeedScene()
  scene.acknowledge = answer
  scene.backlog(2)
  await scene.start()
  await scene.clock.advance(60_000)
  expect(attempts(scene)).toEqual([0, 0])
})

test('a platform that fails there, and nowhere else, is read: what is older than this start may have been shown', async () => {
  using scene = new FeedScene()
  scene.acknowledge = () => textResponse(500, '')
  scene.backlog(2)
  await scene.start()
  await scene.clock.advance(60_000)
  scene.feed.add()
  await scene.clock.advance(6_000)
  expect(attempts(scene)).toEqual([1, 1, 0])
})

test('a single refusal to say it is not believed', async () => {
  using scene = new FeedScene()
  let refusals = 1
  scene.acknowledge = () =>
    refusals-- > 0 ? textResponse(404, '') : jsonResponse(200, { last_acked_seq: 2 })
  scene.backlog(2)
  await scene.start()
  expect(attempts(scene)).toEqual([1, 1])
})

test('a failure to say it is waited for: what was shown must not come again unmarked', async () => {
  using scene = new FeedScene()
  scene.acknowledge = () => textResponse(502, '')
  scene.backlog(2)
  await scene.start()
  expect(scene.stored()).toEqual([])
  scene.acknowledge = () => jsonResponse(200, { last_acked_seq: 2 })
  await scene.clock.advance(30_000)
  expect(attempts(scene)).toEqual([1, 1])
})
