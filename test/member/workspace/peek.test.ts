import { describe, expect, test } from 'bun:test'
import type { Config } from '../../../member/settings/config.ts'
import {
  MAX_PEEKED,
  MAX_PEEKED_CHARS,
  type PeekedMessage,
  type PeekPosition,
  peekFeed,
} from '../../../member/workspace/peek.ts'
import { FeedScene } from '../../fixtures/feed-scene.ts'
import { WORKSPACE } from '../../fixtures/workspace.ts'

/** Looks at the scene's feed, as a session does that does not receive. */
const look = async (scene: FeedScene, config: Partial<Config> = {}, since = scene.clock.now()) =>
  (await peekFeed(scene.workspace({ config }), since)).messages

const texts = (found: readonly PeekedMessage[]): string[] => found.map(({ message }) => message.text)

/** A feed that a session has read to its end, before it ended. */
async function readFeed(rows: number): Promise<FeedScene> {
  const scene = new FeedScene()
  scene.backlog(rows)
  await scene.start()
  await scene.stop()
  return scene
}

describe('a look at what waits', () => {
  test('finds what came after the cursor, oldest first, and changes nothing', async () => {
    using scene = await readFeed(3)
    expect(await look(scene)).toEqual([])
    for (const text of ['one', 'two']) scene.feed.add({ text })
    await scene.clock.advance(1_000)
    const state = () => [scene.ledger.of(WORKSPACE).cursor(), scene.ledger.inbox.counts(WORKSPACE)]
    const before = state()
    scene.methods.length = 0
    for (let looks = 0; looks < 2; looks++) expect(texts(await look(scene))).toEqual(['one', 'two'])
    expect(state()).toEqual(before)
    expect(new Set(scene.methods)).toEqual(new Set(['GET']))
    // The next session that receives is given both.
    await scene.start()
    expect(scene.stored().slice(-2)).toEqual(['one', 'two'])
    await scene.stop()
  })

  test('finds, without a cursor, what came since the session began', async () => {
    using scene = new FeedScene()
    scene.backlog(2, 60_000)
    const since = scene.clock.now()
    await scene.clock.advance(5_000)
    scene.feed.add({ text: 'new' })
    expect(texts(await look(scene, {}, since))).toEqual(['new'])
  })

  test('finds everything if the feed was empty when it was last read', async () => {
    using scene = await readFeed(0)
    await scene.clock.advance(3_600_000)
    scene.feed.add({ text: 'the first' })
    await scene.clock.advance(3_600_000)
    expect(texts(await look(scene))).toEqual(['the first'])
  })

  test('finds it even if the platform has forgotten where reading stopped', async () => {
    using scene = await readFeed(3)
    await scene.clock.advance(60_000)
    scene.feed.add({ text: 'new' })
    scene.feed.prune((row) => row.id === scene.ledger.of(WORKSPACE).cursor()?.activityId)
    expect(texts(await look(scene))).toContain('new')
  })

  test('leaves out senders who may not write', async () => {
    using scene = await readFeed(1)
    scene.feed.add({ text: 'from the chat' })
    await scene.clock.advance(1_000)
    expect(await look(scene, { allowedSenders: ['scheduled'] })).toEqual([])
    expect(texts(await look(scene, { allowedSenders: ['canvas'] }))).toEqual(['from the chat'])
  })

  test('has a bound on its messages, on the length of each, and on its requests', async () => {
    using scene = await readFeed(1)
    const long = 'x'.repeat(MAX_PEEKED_CHARS + 5)
    for (let n = 0; n < 500; n++) scene.feed.add({ text: long })
    await scene.clock.advance(1_000)
    scene.requests.length = 0
    const found = await look(scene)
    expect(found).toHaveLength(MAX_PEEKED)
    expect(found[0]?.message.text).toEndWith(`x… (${MAX_PEEKED_CHARS + 5} characters in all)`)
    expect(scene.requests.length).toBeLessThanOrEqual(3)
  })

  test('reads past rows that are not for the model, up to a bound', async () => {
    using scene = await readFeed(1)
    const created_at = new Date(scene.clock.now() + 500).toISOString()
    const echoes = (count: number): void => {
      for (let n = 0; n < count; n++) scene.feed.poison((id) => ({ id, created_at, method: 'notify' }))
    }
    echoes(60)
    scene.feed.add({ text: 'behind them' })
    await scene.clock.advance(1_000)
    expect(texts(await look(scene))).toEqual(['behind them'])
    echoes(500)
    scene.feed.add({ text: 'too far behind them' })
    await scene.clock.advance(1_000)
    scene.requests.length = 0
    await look(scene)
    expect(scene.requests).toHaveLength(3)
  })
})

test('a look finds what comes after any number of messages that were answered without being received', async () => {
  using scene = await readFeed(1)
  const workspace = scene.workspace()
  let position: PeekPosition | undefined
  for (let n = 0; n < 400; n++) scene.feed.add({ text: `answered ${n}` })
  scene.feed.add({ text: 'new' })
  await scene.clock.advance(1_000)
  for (let looks = 0; looks < 20; looks++) {
    const peek = await peekFeed(workspace, 0, position)
    position = peek.position
    for (const { entry, message } of peek.messages) {
      if (message.text !== 'new') workspace.ledger.storeAnswered(entry, scene.clock.now())
    }
  }
  expect(texts((await peekFeed(workspace, 0, position)).messages)).toEqual(['new'])
  // The next session that receives shows that one alone.
  await scene.start()
  await scene.stop()
  expect(scene.ledger.inbox.counts(WORKSPACE)).toMatchObject({ answered: 400, received: 2 })
})

test('a message that was answered from a look counts as answered even if a session has read it meanwhile', async () => {
  using scene = await readFeed(1)
  scene.feed.add({ text: 'new' })
  await scene.clock.advance(1_000)
  const workspace = scene.workspace()
  const { messages } = await peekFeed(workspace, 0)
  await scene.start()
  await scene.stop()
  for (const { entry } of messages) workspace.ledger.storeAnswered(entry, scene.clock.now())
  expect(scene.ledger.inbox.counts(WORKSPACE)).toMatchObject({ answered: 1, received: 1 })
})
