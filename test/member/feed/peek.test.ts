import { describe, expect, test } from 'bun:test'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import {
  MAX_PEEKED,
  MAX_PEEKED_CHARS,
  type PeekedMessage,
  type PeekOptions,
  peekFeed,
} from '../../../member/feed/peek.ts'
import { FeedScene, WORKSPACE } from '../../fixtures/feed-scene.ts'

/** Looks at the scene's feed as a session that does not receive. */
class Onlooker {
  readonly methods: string[] = []
  readonly #scene: FeedScene

  constructor(scene: FeedScene) {
    this.#scene = scene
  }

  async look(more: Partial<PeekOptions> = {}): Promise<readonly PeekedMessage[]> {
    const fetchImpl = async (url: unknown, init?: RequestInit): Promise<Response> => {
      this.methods.push(init?.method ?? 'GET')
      const { status, body } = this.#scene.feed.answer(String(url))
      return jsonResponse(status, body)
    }
    return peekFeed({
      client: new PlatformClient(
        { platformUrl: 'http://127.0.0.1:1', workspaceId: WORKSPACE, token: 'a-token-of-a-test' },
        { fetchImpl: Object.assign(fetchImpl, { preconnect: () => {} }) },
      ),
      cursor: this.#scene.ledger.cursor(WORKSPACE),
      since: this.#scene.clock.now(),
      signal: new AbortController().signal,
      now: this.#scene.clock.now,
      ...more,
    })
  }
}

const texts = (found: readonly PeekedMessage[]): string[] => found.map(({ message }) => message.text)

/** A feed that a session has read to its end, before it ended. */
async function readFeed(rows: number): Promise<{ scene: FeedScene; onlooker: Onlooker }> {
  const scene = new FeedScene()
  scene.backlog(rows)
  await scene.start()
  await scene.stop()
  return { scene, onlooker: new Onlooker(scene) }
}

describe('a look at what waits', () => {
  test('finds what came after the cursor, oldest first, and changes nothing', async () => {
    const { scene, onlooker } = await readFeed(3)
    expect(await onlooker.look()).toEqual([])
    for (const text of ['one', 'two']) scene.feed.add({ text })
    await scene.clock.advance(1_000)
    const before = [scene.ledger.cursor(WORKSPACE), scene.ledger.inbox.counts(WORKSPACE)]
    expect([texts(await onlooker.look()), texts(await onlooker.look())]).toEqual([
      ['one', 'two'],
      ['one', 'two'],
    ])
    expect([scene.ledger.cursor(WORKSPACE), scene.ledger.inbox.counts(WORKSPACE)]).toEqual(before)
    expect(new Set(onlooker.methods)).toEqual(new Set(['GET']))
    // The next session that receives is given both.
    await scene.start()
    expect(scene.stored().slice(-2)).toEqual(['one', 'two'])
    await scene.stop()
  })

  test('without a cursor finds what came since the session began', async () => {
    const scene = new FeedScene()
    scene.backlog(2, 60_000)
    const since = scene.clock.now()
    await scene.clock.advance(5_000)
    scene.feed.add({ text: 'new' })
    expect(texts(await new Onlooker(scene).look({ since }))).toEqual(['new'])
  })

  test('after a feed that was empty finds all there is', async () => {
    const { scene, onlooker } = await readFeed(0)
    await scene.clock.advance(3_600_000)
    scene.feed.add({ text: 'the first' })
    await scene.clock.advance(3_600_000)
    expect(texts(await onlooker.look())).toEqual(['the first'])
  })

  test('finds it too when the platform has forgotten where reading stopped', async () => {
    const { scene, onlooker } = await readFeed(3)
    await scene.clock.advance(60_000)
    scene.feed.add({ text: 'new' })
    const cursor = scene.ledger.cursor(WORKSPACE)
    if (cursor === undefined) throw new Error('no cursor')
    const forgotten = { ...cursor, activityId: '99999999-9999-4999-8999-999999999999' }
    expect(texts(await onlooker.look({ cursor: forgotten }))).toContain('new')
  })

  test('leaves out who may not write', async () => {
    const { scene, onlooker } = await readFeed(1)
    scene.feed.add({ text: 'from the chat' })
    await scene.clock.advance(1_000)
    expect(await onlooker.look({ allowedSenders: ['scheduled'] })).toEqual([])
    expect(texts(await onlooker.look({ allowedSenders: ['canvas'] }))).toEqual(['from the chat'])
  })

  test('is bounded: so many messages, so much of each, so many requests', async () => {
    const { scene, onlooker } = await readFeed(1)
    const long = 'x'.repeat(MAX_PEEKED_CHARS + 5)
    for (let n = 0; n < 500; n++) scene.feed.add({ text: long })
    await scene.clock.advance(1_000)
    const found = await onlooker.look()
    expect(found).toHaveLength(MAX_PEEKED)
    expect(found[0]?.message.text).toEndWith(`x… (${MAX_PEEKED_CHARS + 5} characters in all)`)
    expect(onlooker.methods.length).toBeLessThanOrEqual(3)
  })

  test('reads past rows that are not for the model, up to a bound', async () => {
    const { scene, onlooker } = await readFeed(1)
    const created_at = new Date(scene.clock.now() + 500).toISOString()
    const echoes = (count: number): void => {
      for (let n = 0; n < count; n++) scene.feed.poison((id) => ({ id, created_at, method: 'notify' }))
    }
    echoes(60)
    scene.feed.add({ text: 'behind them' })
    await scene.clock.advance(1_000)
    expect(texts(await onlooker.look())).toEqual(['behind them'])
    echoes(500)
    scene.feed.add({ text: 'too far behind them' })
    await scene.clock.advance(1_000)
    onlooker.methods.length = 0
    await onlooker.look()
    expect(onlooker.methods).toHaveLength(3)
  })
})
