import { describe, expect, test } from 'bun:test'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { until } from '../../../lab/driver/until.ts'
import { ModelFeed } from '../../../lab/simulation/model-feed.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { jsonResponse } from '../../../lab/simulation/sim-response.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { HolderWatch } from '../../../member/folder/holder-watch.ts'
import { Log } from '../../../member/folder/log.ts'
import { statePaths } from '../../../member/folder/state-folder.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import type { Surroundings } from '../../../member/workspace/memberships.ts'
import { Observer, type ObserverOptions } from '../../../plugin/session/observer.ts'
import { cursor, entries } from '../../fixtures/entries.ts'
import { CONFIG, fetchOf, WORKSPACE } from '../../fixtures/workspace.ts'

const NO_SIGNAL = new AbortController().signal
const LOOK_EVERY_MS = 15_000

/** A session that does not receive, its ledger and what waits on the platform. */
class Scene {
  readonly clock = new SimClock()
  readonly feed = new ModelFeed({ workspaceId: WORKSPACE, now: this.clock.now })
  readonly ledger: Ledger
  readonly lines: string[] = []
  requests = 0
  held = false
  respond = (url: string): Response | Promise<Response> => {
    const { status, body } = this.feed.answer(url)
    return jsonResponse(status, body)
  }
  readonly observer: Observer

  constructor(more: Partial<ObserverOptions> = {}, ledger: Ledger = openLedger()) {
    this.ledger = ledger
    const network = fetchOf((url) => {
      this.requests++
      return this.respond(url.href)
    })
    const surroundings: Surroundings = {
      clock: this.clock,
      network,
      disk: systemDisk,
      log: new Log({ clock: this.clock, level: 'debug', write: (line) => this.lines.push(line) }),
      paths: statePaths('/nowhere/molecule'),
      holder: { pid: 1, startedAt: this.clock.now(), project: '/home/user/project' },
      session: 'this session',
      version: '0.0.0',
      clientOf: (target) => new PlatformClient(target, { network, clock: this.clock }),
      holders: new HolderWatch(this.clock, {}, () => undefined),
    }
    this.observer = new Observer(surroundings, CONFIG, this.ledger, {
      isServed: () => this.held,
      unheard: false,
      because: 'it was started without it',
      remedy: 'start one',
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
    await this.observer.update(NO_SIGNAL)
    return this.observer.notice()
  }
}

describe('a session that does not receive', () => {
  test('says how many messages wait once one more does, and does not repeat it', async () => {
    const scene = new Scene()
    expect(await scene.told()).toBeUndefined()
    await scene.arrives('one')
    expect(await scene.told()).toContain(
      `1 for workspace ${WORKSPACE}. The inbox tool shows them. This one does not: it was started without it. To receive them, start one.`,
    )
    expect(scene.observer.notice()).toBeUndefined()
    await scene.clock.advance(LOOK_EVERY_MS)
    expect(await scene.told()).toBeUndefined()
    await scene.arrives('two')
    expect(await scene.told()).toContain('2 for workspace')
  })

  test('glances at no lock for a prompt while it has nothing new to say', async () => {
    let glances = 0
    const isServed = (): boolean => ++glances < 0
    const scene = new Scene({ isServed })
    await scene.arrives('one')
    await scene.told()
    const before = glances
    expect(scene.observer.notice()).toBeUndefined()
    expect(glances).toBe(before)
  })

  test('asks the platform at most once in fifteen seconds, however often a look is requested', async () => {
    const scene = new Scene()
    for (let n = 0; n < 10; n++) await scene.observer.update(NO_SIGNAL)
    expect(scene.requests).toBe(1)
    await scene.clock.advance(LOOK_EVERY_MS)
    for (let n = 0; n < 10; n++) scene.observer.look()
    await scene.observer.update(NO_SIGNAL)
    expect(scene.requests).toBe(2)
  })

  test('asks nothing while another session receives, and says nothing once one does', async () => {
    const scene = new Scene()
    scene.held = true
    await scene.arrives('one')
    expect([await scene.told(), scene.requests]).toEqual([undefined, 0])
    scene.held = false
    await scene.clock.advance(LOOK_EVERY_MS)
    await scene.observer.update(NO_SIGNAL)
    scene.held = true
    expect([scene.observer.notice(), scene.observer.waiting]).toEqual([undefined, 0])
  })

  test('counts only what is stored and not shown, and the rest too if the host never showed it', async () => {
    const scene = new Scene()
    scene.ledger.of(WORKSPACE).storePage(entries(3), cursor({ checkedAt: scene.clock.now() }), 0)
    const [first] = scene.ledger.nextBatch([WORKSPACE], 1, 1_000, scene.clock.now())
    if (first === undefined) throw new Error('no message')
    scene.ledger.markSending([first])
    scene.ledger.markSent([first], 0)
    expect(await scene.told()).toContain('2 for workspace')
    const refuted = new Scene({ unheard: true }, scene.ledger)
    expect(await refuted.told()).toContain('3 for workspace')
    // What another session sent is not counted.
    scene.ledger.renew()
    const another = new Scene({ unheard: true }, scene.ledger)
    expect(await another.told()).toContain('2 for workspace')
  })

  test('does not mention what a session has shown since', async () => {
    const scene = new Scene()
    scene.ledger.of(WORKSPACE).storePage(entries(2), cursor({ checkedAt: scene.clock.now() }), 0)
    await scene.observer.update(NO_SIGNAL)
    scene.ledger.markSending(scene.ledger.nextBatch([WORKSPACE], 10, 1_000, scene.clock.now()))
    for (const { ord } of scene.ledger.inbox.list({
      workspaceIds: [WORKSPACE],
      states: ['sending'],
      limit: 9,
    }).rows) {
      scene.ledger.markAnswered(ord)
    }
    expect(scene.observer.notice()).toBeUndefined()
  })

  test('keeps what it knew when the platform fails, and logs the failure', async () => {
    const scene = new Scene()
    await scene.told()
    await scene.arrives('one')
    await scene.told()
    scene.respond = () => new Response('down', { status: 503 })
    await scene.clock.advance(LOOK_EVERY_MS)
    await scene.observer.update(NO_SIGNAL)
    expect(scene.observer.waiting).toBe(1)
    expect(scene.lines).toHaveLength(1)
  })

  test('ends a look under way when it is stopped, and begins no other', async () => {
    const scene = new Scene()
    scene.respond = () => new Promise<Response>(() => {})
    scene.observer.look()
    await until('the request', () => scene.requests === 1)
    scene.observer.stop()
    await scene.clock.advance(LOOK_EVERY_MS)
    scene.observer.look()
    expect([scene.requests, scene.lines]).toEqual([1, []])
  })
})
