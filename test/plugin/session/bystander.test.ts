import { describe, expect, test } from 'bun:test'
import { until } from '../../../lab/driver/until.ts'
import { ModelFeed } from '../../../lab/simulation/model-feed.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { Bystander, type BystanderOptions } from '../../../plugin/session/bystander.ts'
import { configOf } from '../../fixtures/config.ts'
import { cursor, entries } from '../../fixtures/entries.ts'
import { WORKSPACE } from '../../fixtures/feed-scene.ts'

const NO_SIGNAL = new AbortController().signal
const LOOK_EVERY_MS = 15_000

/** A session that does not receive, its ledger and what waits on the platform. */
class Scene {
  readonly clock = new SimClock()
  readonly feed = new ModelFeed({ workspaceId: WORKSPACE, now: this.clock.now })
  readonly ledger = Ledger.open(':memory:')
  readonly lines: string[] = []
  requests = 0
  held = false
  respond = (url: string): Response | Promise<Response> => {
    const { status, body } = this.feed.answer(url)
    return jsonResponse(status, body)
  }
  readonly bystander: Bystander

  constructor(more: Partial<BystanderOptions> = {}) {
    const fetchImpl = async (url: unknown, init?: RequestInit): Promise<Response> => {
      this.requests++
      init?.signal?.throwIfAborted()
      return this.respond(String(url))
    }
    this.bystander = new Bystander({
      config: configOf({
        MOLECULE_WORKSPACE_IDS: WORKSPACE,
        MOLECULE_WORKSPACE_TOKENS: 'a-token-of-a-test',
        MOLECULE_PLATFORM_URL: 'http://127.0.0.1:1',
      }),
      ledger: this.ledger,
      isHeld: () => this.held,
      unheard: false,
      remedy: 'start one',
      since: this.clock.now(),
      log: (line) => this.lines.push(line),
      fetchImpl: Object.assign(fetchImpl, { preconnect: () => {} }),
      now: this.clock.now,
      ...more,
    })
  }

  /** Lets a row become visible and a look be allowed. */
  async arrives(text: string): Promise<void> {
    this.feed.add({ text })
    await this.clock.advance(LOOK_EVERY_MS)
  }

  /** Looks, and gives what is told at the next prompt. */
  async told(): Promise<string | undefined> {
    await this.bystander.unread(NO_SIGNAL)
    return this.bystander.notice()
  }
}

describe('a session that does not receive', () => {
  test('tells how many wait when a new one does, and not again', async () => {
    const scene = new Scene()
    expect(await scene.told()).toBeUndefined()
    await scene.arrives('one')
    expect(await scene.told()).toContain(
      `1 for workspace ${WORKSPACE}. The inbox tool shows them. To receive`,
    )
    expect(scene.bystander.notice()).toBeUndefined()
    await scene.clock.advance(LOOK_EVERY_MS)
    expect(await scene.told()).toBeUndefined()
    await scene.arrives('two')
    expect(await scene.told()).toContain('2 for workspace')
  })

  test('asks the platform once in fifteen seconds at most, however often it is to look', async () => {
    const scene = new Scene()
    for (let n = 0; n < 10; n++) await scene.bystander.unread(NO_SIGNAL)
    expect(scene.requests).toBe(1)
    await scene.clock.advance(LOOK_EVERY_MS)
    for (let n = 0; n < 10; n++) scene.bystander.look()
    expect(scene.requests).toBe(2)
  })

  test('asks nothing where another session receives, and tells nothing once one does', async () => {
    const scene = new Scene()
    scene.held = true
    await scene.arrives('one')
    expect([await scene.told(), scene.requests]).toEqual([undefined, 0])
    scene.held = false
    await scene.clock.advance(LOOK_EVERY_MS)
    await scene.bystander.unread(NO_SIGNAL)
    scene.held = true
    expect([scene.bystander.notice(), await scene.bystander.unread(NO_SIGNAL)]).toEqual([undefined, []])
  })

  test('counts what is stored and unshown, and only that, unless nobody was given the rest', async () => {
    const scene = new Scene()
    scene.ledger.storePage(WORKSPACE, entries(3), cursor({ checkedAt: scene.clock.now() }), 0)
    const [first] = scene.ledger.nextBatch([WORKSPACE], 1, 1_000)
    if (first === undefined) throw new Error('no message')
    scene.ledger.markSending([first])
    scene.ledger.markSent([first], 0)
    expect(await scene.told()).toContain('2 for workspace')
    const refuted = new Scene({ ledger: scene.ledger, unheard: true })
    expect(await refuted.told()).toContain('3 for workspace')
  })

  test('tells nothing of what a session has shown since it was found', async () => {
    const scene = new Scene()
    scene.ledger.storePage(WORKSPACE, entries(2), cursor({ checkedAt: scene.clock.now() }), 0)
    await scene.bystander.unread(NO_SIGNAL)
    scene.ledger.markSending(scene.ledger.nextBatch([WORKSPACE], 10, 1_000))
    for (const { ord } of scene.ledger.inbox.list({
      workspaceIds: [WORKSPACE],
      states: ['sending'],
      limit: 9,
    }).rows) {
      scene.ledger.markAnswered(ord)
    }
    expect(scene.bystander.notice()).toBeUndefined()
  })

  test('goes on with what it knew when the platform fails, and says so in the log', async () => {
    const scene = new Scene()
    await scene.arrives('one')
    await scene.told()
    scene.respond = () => new Response('down', { status: 503 })
    await scene.clock.advance(LOOK_EVERY_MS)
    const unread = await scene.bystander.unread(NO_SIGNAL)
    expect(unread.map(({ message }) => message.text)).toEqual(['one'])
    expect(scene.lines).toHaveLength(1)
  })

  test('ends a look that is under way when it is stopped, and begins none', async () => {
    const scene = new Scene()
    scene.respond = () => new Promise<Response>(() => {})
    scene.bystander.look()
    await until('the request', () => scene.requests === 1)
    scene.bystander.stop()
    await scene.clock.advance(LOOK_EVERY_MS)
    scene.bystander.look()
    expect([scene.requests, scene.lines]).toEqual([1, []])
  })
})
