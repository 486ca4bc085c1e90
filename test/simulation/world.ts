/**
 * Everything around the delivery core, simulated from one seed: two workspaces on a platform that delays, fails, hangs,
 * forgets and commits late; a host that reads when it likes; a process that dies between any two of its steps and is
 * started again on the same ledger.
 */
import { DeliveryLine } from '../../channel/delivery.ts'
import { PlatformClient } from '../../platform/client.ts'
import { runFeed } from '../../poll.ts'
import { Ledger } from '../../state/ledger.ts'
import { Wake } from '../../timing/wake.ts'
import { ModelFeed } from '../fixtures/model-feed.ts'
import { SimClock, seededRandom } from '../fixtures/sim-clock.ts'
import { jsonResponse, textResponse } from '../fixtures/sim-response.ts'
import { mortal } from './mortal.ts'
import { SimHost } from './sim-host.ts'

const WORKSPACES = ['7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11', '11111111-1111-4111-8111-111111111111'] as const
const MAX_WAITING = 60
const POISON: readonly ((id: string) => unknown)[] = [
  () => null,
  () => 'a row',
  () => ({ id: 7 }),
  (id) => ({ id, source_id: 7, created_at: '2026-07-01T10:00:00Z' }),
]

export class World {
  readonly clock = new SimClock()
  readonly random: () => number
  readonly host: SimHost
  readonly windowSecs: number
  readonly timestampCursor: boolean
  readonly ignoresBeforeTs: boolean
  readonly feeds = new Map<string, ModelFeed>()
  /** When the session was started that first learned where a workspace's feed begins. */
  readonly begunAt = new Map<string, number>()
  readonly violations: string[] = []
  /** Milliseconds since the epoch until which things go wrong. */
  readonly calmAt: number
  readonly #path: string
  readonly #wakes = new Map<string, Wake>()
  #session = 0
  /** Few enough in most runs for no message to use up its tries. */
  #deaths: number

  constructor(seed: number, path: string) {
    this.#path = path
    this.random = seededRandom(seed)
    this.windowSecs = this.chance(0.5) ? 30 : 0
    this.timestampCursor = this.chance(0.25)
    this.ignoresBeforeTs = this.chance(0.15)
    const { ignoresBeforeTs } = this
    this.#deaths = this.pick([0, 1, 2, 2, 40])
    this.calmAt = this.clock.now() + 40_000 + this.upTo(80_000)
    this.host = new SimHost(this.clock, this.random, this.calmAt)
    for (const workspaceId of WORKSPACES) {
      const feed = new ModelFeed({
        workspaceId,
        now: this.clock.now,
        timestampCursor: this.timestampCursor,
        ignoresBeforeTs,
      })
      const before = this.pick([0, 0, 3, 20, this.upTo(160)])
      for (let n = before; n > 0; n--) feed.add({ at: (this.clock.now() - n * this.pick([20, 300])) * 1000 })
      this.feeds.set(workspaceId, feed)
      this.#plan(() => this.#arrive(feed, workspaceId), 8_000)
      this.#plan(() => this.#forget(feed), 30_000)
    }
  }

  /** Lives through the trouble, then through enough calm for everything to arrive. */
  async run(): Promise<void> {
    this.#start()
    const end = this.calmAt + 8 * 60_000
    while (await this.clock.step(end)) {
      // Each step runs one timer and all that it sets off.
    }
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  upTo(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.upTo(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Does something again and again, about every so many milliseconds, until the trouble is over. */
  #plan(work: () => void, everyMs: number): void {
    const at = this.clock.now() + this.upTo(2 * everyMs)
    if (at >= this.calmAt) return
    this.clock.at(at, () => {
      work()
      this.#plan(work, everyMs)
    })
  }

  #arrive(feed: ModelFeed, workspaceId: string): void {
    const burst = this.pick([1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 5, 20, this.chance(0.3) ? 110 : 1])
    const at = this.chance(0.2) ? this.clock.now() * 1000 + 1 : undefined
    for (let n = 0; n < burst; n++) {
      if (this.chance(0.04)) feed.poison(this.pick(POISON))
      else if (at !== undefined) feed.add({ at })
      else if (this.chance(0.06)) feed.add({ visibleAt: this.clock.now() * 1000 + this.upTo(50_000_000) })
      else feed.add()
    }
    const hints = this.pick([0, 1, 1, 2])
    for (let n = 0; n < hints; n++) {
      this.clock.at(this.clock.now() + this.upTo(50), () => this.#wakes.get(workspaceId)?.notify())
    }
  }

  /** Old rows go, the cursor's row perhaps among them: all that was read, or a part of it. */
  #forget(feed: ModelFeed): void {
    const share = this.pick([0.5, 1])
    feed.prune((row) => this.host.knows(row.id) && this.chance(share))
  }

  #start(): void {
    const session = ++this.#session
    const isCalm = this.#deaths === 0 || this.clock.now() >= this.calmAt - 20_000
    this.#deaths--
    const abort = new AbortController()
    const life = mortal(isCalm || this.chance(0.3) ? undefined : this.upTo(120), () => this.#died())
    const timers = this.clock.timers(() => life.dead)
    const { now } = this.clock
    try {
      const ledger = life.guard(Ledger.open(this.#path))
      life.onDeath(() => ledger.raw.close())
      for (const workspaceId of WORKSPACES) {
        if (ledger.raw.cursor(workspaceId) === undefined) this.begunAt.set(workspaceId, now())
        ledger.guarded.recover(workspaceId, now())
      }
      const delivery = new DeliveryLine({
        ledger: ledger.guarded,
        write: (line) => this.host.write(line, session, () => life.dead),
        held: () => WORKSPACES,
        onSent: () => {
          for (const room of rooms.values()) room.notify()
        },
        signal: abort.signal,
        log: () => {},
        now,
        timers,
      })
      const rooms = new Map(WORKSPACES.map((workspaceId) => [workspaceId, new Wake(timers)] as const))
      void delivery.run()
      for (const [workspaceId, room] of rooms) {
        const wake = new Wake(timers)
        const isLive = this.chance(0.3)
        this.#wakes.set(workspaceId, wake)
        void runFeed({
          client: this.#client(workspaceId, () => life.dead),
          ledger: ledger.guarded,
          pollIntervalMs: 15_000,
          pollWindowSecs: this.windowSecs,
          signal: abort.signal,
          wake,
          isLive: () => isLive,
          onStored: () => delivery.notify(),
          onRead: () => {},
          onFailure: async () => 'passing',
          capacity: async () => {
            while (!abort.signal.aborted && ledger.guarded.waiting(workspaceId) >= MAX_WAITING) {
              await room.wait(Number.POSITIVE_INFINITY, abort.signal)
            }
          },
          log: () => {},
          now,
          random: this.random,
          timers,
        })
      }
    } catch (error) {
      // Dying at the start is a death like any other; anything else is a fault of the program.
      if (!life.dead) throw error
    }
    if (!isCalm && !life.dead && this.chance(0.5)) {
      this.clock.at(now() + this.upTo(40_000), () => {
        // An orderly end says so first; the rest is the same.
        if (this.chance(0.3)) abort.abort()
        life.kill()
      })
    }
  }

  #died(): void {
    this.host.drop()
    this.clock.at(this.clock.now() + 100 + this.upTo(15_000), () => this.#start())
  }

  #client(workspaceId: string, dead: () => boolean): PlatformClient {
    let inFlight = 0
    const answer = (url: string): Response => {
      const feed = this.feeds.get(workspaceId)
      if (feed === undefined) throw new Error('no such feed')
      const { status, body } = feed.answer(url)
      if (status === 400) this.violations.push(`a bad request was made: ${url}`)
      if (this.clock.now() >= this.calmAt || this.chance(0.8)) return jsonResponse(status, body)
      return this.pick([
        () => textResponse(500, 'oops'),
        () => jsonResponse(429, { error: 'slow down' }, { 'retry-after': '2' }),
        () => jsonResponse(503, {}, { 'retry-after': '0' }),
        () => textResponse(200, '<html>welcome</html>'),
        () => textResponse(200, JSON.stringify(body).slice(0, -3)),
        () => textResponse(404, ''),
        () => jsonResponse(410, { error: 'since_id cursor not found' }),
      ])()
    }
    const fetchImpl = (url: string): Promise<Response> => {
      inFlight++
      if (inFlight > 1) this.violations.push('two requests for one feed at a time')
      const trouble = this.clock.now() < this.calmAt
      const hangs = trouble && this.chance(0.03)
      const arrivesMs = trouble && this.chance(0.05) ? this.upTo(8_000) : this.upTo(100)
      return new Promise((resolve, reject) => {
        const later = (ms: number, work: () => void): void => {
          this.clock.at(this.clock.now() + ms, () => {
            if (!dead()) work()
          })
        }
        if (hangs) {
          later(15_000, () => {
            inFlight--
            reject(new DOMException('no answer', 'TimeoutError'))
          })
          return
        }
        // What is answered is what is there when the request arrives; the answer needs time of its own.
        later(arrivesMs, () => {
          const response = answer(url)
          later(this.upTo(100), () => {
            inFlight--
            if (trouble && this.chance(0.03)) reject(new TypeError('connection reset'))
            else resolve(response)
          })
        })
      })
    }
    return new PlatformClient(
      { platformUrl: 'http://127.0.0.1:1', workspaceId, token: 'a-token-of-the-simulation' },
      {
        fetchImpl: Object.assign((url: unknown) => fetchImpl(String(url)), { preconnect: () => {} }),
        random: this.random,
      },
    )
  }
}
