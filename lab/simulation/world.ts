/**
 * Everything around the delivery core, simulated from one seed: one workspace or two on a platform that delays, fails, hangs,
 * forgets and commits late; hosts that read when they like, or no more; one session or two on the same ledger, each of
 * which can die between any two of its deeds, or with the whole machine; a disk that is full for a while.
 */
import type { Ledger } from '../../member/ledger/ledger.ts'
import { Dice } from './dice.ts'
import type { Disk, LogMark } from './disk.ts'
import { type Erasure, erasuresBetween } from './erasure.ts'
import { type Death, Life } from './life.ts'
import { ModelFeed } from './model-feed.ts'
import { SimClock } from './sim-clock.ts'
import { type Showing, Sightings, SimHost } from './sim-host.ts'
import { simClient } from './sim-platform.ts'
import { MAX_WAITING, SimSession } from './sim-session.ts'

const WORKSPACES = ['7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11', '11111111-1111-4111-8111-111111111111'] as const
/** Enough for everything to arrive once nothing goes wrong any more: the feed reads its overlap every five minutes. */
const CALM_MS = 7 * 60_000
/** So many messages at most have the very same time: the platform's clock counts microseconds. */
const SAME_MOMENT = 15
const POISON: readonly ((id: string) => unknown)[] = [
  () => null,
  () => 'a row',
  () => ({ id: 7 }),
  (id) => ({ id, source_id: 7, created_at: '2026-07-01T10:00:00Z' }),
]

/** The host's receipt for a message was recorded. */
export interface Receipt {
  readonly order: number
  readonly activityId: string
  readonly workspaceId: string
}

interface Running {
  readonly slot: number
  readonly life: Life
  readonly raw: Ledger
  readonly ledger: Ledger
  readonly host: SimHost
  readonly session: SimSession
}

export class World {
  readonly clock = new SimClock()
  readonly dice: Dice
  readonly sightings = new Sightings()
  readonly windowSecs: number
  readonly timestampCursor: boolean
  readonly ignoresBeforeTs: boolean
  readonly feeds = new Map<string, ModelFeed>()
  /** When a session first began to read a feed, and when last one that knew of no cursor did. */
  readonly firstBegunAt = new Map<string, number>()
  readonly lastBegunAt = new Map<string, number>()
  readonly erasures: Erasure[] = []
  readonly receipts: Receipt[] = []
  readonly faults: string[] = []
  readonly figures = { crashes: 0, tornWrites: 0, powerCuts: 0, diskFailures: 0, sessions: 0 }
  /** Milliseconds since the epoch until which things go wrong. */
  readonly calmAt: number
  readonly #disk: Disk
  readonly #workspaceIds: readonly string[]
  readonly #running = new Map<number, Running>()
  /** Workspaces whose feed was begun, by what a session that ended had written in whole. */
  readonly #remembered = new Set<string>()
  #fullUntil = 0
  /** Few enough in most runs for no message to use up its tries. */
  #deaths: number

  constructor(seed: number, disk: Disk) {
    this.#disk = disk
    const dice = new Dice(seed)
    this.dice = dice
    this.windowSecs = dice.chance(0.5) ? 30 : 0
    this.timestampCursor = dice.chance(0.25)
    this.ignoresBeforeTs = dice.chance(0.15)
    this.#deaths = dice.pick([0, 1, 1, 2, 20])
    this.calmAt = this.clock.now() + 12_000 + dice.upTo(26_000)
    this.#workspaceIds = WORKSPACES.slice(0, dice.pick([1, 1, 1, 2]))
    for (const [index, workspaceId] of this.#workspaceIds.entries()) this.#found(workspaceId, index)
    if (dice.chance(0.4)) this.#plan(() => this.#fillDisk(), 15_000)
    if (dice.chance(0.2)) this.#plan(() => this.#powerFails(), 20_000)
    if (dice.chance(0.4)) this.#plan(() => this.#start(1), 10_000)
    if (dice.chance(0.3)) this.#plan(() => this.#anyone()?.session.change(), 15_000)
    this.#plan(() => this.#lookInto(), 15_000)
  }

  /** Lives through the trouble, then through enough calm for everything to arrive. */
  run(): void {
    this.#start(0)
    this.clock.runUntil(this.calmAt)
    for (const { life } of this.#running.values()) life.makeSafe()
    this.clock.runUntil(this.calmAt + CALM_MS)
    for (const running of this.#running.values()) this.#end(running)
  }

  /** Does something again and again, about every so many milliseconds, until the trouble is over. */
  #plan(work: () => void, everyMs: number): void {
    const at = this.clock.now() + this.dice.upTo(2 * everyMs)
    if (at >= this.calmAt) return
    this.clock.at(at, () => {
      work()
      this.#plan(work, everyMs)
    })
  }

  #found(workspaceId: string, index: number): void {
    const { dice, clock, timestampCursor, ignoresBeforeTs } = this
    let rows = 0
    const nextId = (): string => `c0ffee0${index}-0000-4000-8000-${(++rows).toString(16).padStart(12, '0')}`
    const feed = new ModelFeed({ workspaceId, now: clock.now, timestampCursor, ignoresBeforeTs, nextId })
    const before = dice.pick([0, 0, 0, 3, 20, dice.upTo(160)])
    for (let n = before; n > 0; n--) feed.add({ at: (clock.now() - n * dice.pick([20, 300])) * 1000 })
    this.feeds.set(workspaceId, feed)
    this.#plan(() => this.#arrive(feed, workspaceId), 8_000)
    this.#plan(() => this.#forget(feed), 15_000)
  }

  #arrive(feed: ModelFeed, workspaceId: string): void {
    const { dice, clock } = this
    const burst = dice.pick([0, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 5, 5, 20, dice.chance(0.2) ? 110 : 1])
    const at = dice.chance(0.2) ? clock.now() * 1000 + 1 : undefined
    for (let n = 0; n < burst; n++) {
      if (dice.chance(0.04)) feed.poison(dice.pick(POISON))
      else if (at !== undefined) feed.add({ at: at + Math.floor(n / SAME_MOMENT) })
      else if (dice.chance(0.12)) feed.add({ visibleAt: clock.now() * 1000 + dice.upTo(25_000_000) })
      else feed.add()
    }
    const hints = dice.pick([0, 1, 1, 2])
    for (let n = 0; n < hints; n++) {
      clock.at(clock.now() + dice.upTo(50), () => {
        for (const { session } of this.#running.values()) session.hint(workspaceId)
      })
    }
  }

  /** Old rows go, the cursor's row perhaps among them: all that was read, or a part of it. */
  #forget(feed: ModelFeed): void {
    const share = this.dice.pick([0.5, 1])
    feed.prune((row) => this.sightings.knows(row.id) && this.dice.chance(share))
  }

  #fillDisk(): void {
    this.#fullUntil = Math.min(this.calmAt, this.clock.now() + this.dice.upTo(10_000))
  }

  #isFull(): boolean {
    if (this.clock.now() >= this.#fullUntil || this.dice.chance(0.2)) return false
    this.figures.diskFailures++
    return true
  }

  /** What a status screen or an inbox tool reads, in whichever session. */
  #lookInto(): void {
    const ledger = this.#anyone()?.ledger
    try {
      ledger?.inbox.list({ workspaceIds: this.#workspaceIds, states: ['received', 'sent'], limit: 20 })
      for (const workspaceId of this.#workspaceIds) ledger?.inbox.open(workspaceId, this.clock.now())
    } catch {
      // It died over it, which is recorded where it happened.
    }
  }

  #anyone(): Running | undefined {
    return [...this.#running.values()][this.dice.upTo(this.#running.size)]
  }

  #start(slot: number): void {
    if (this.#running.has(slot)) return
    const { clock, dice, calmAt } = this
    const number = ++this.figures.sessions
    const trouble = this.#deaths > 0 && clock.now() < calmAt - 5_000
    this.#deaths--
    const death = dice.pick(['killed', 'killed', 'torn', 'power'] as const)
    const fuse = dice.upTo(death === 'torn' ? 40 : 160)
    const life = new Life({
      fuse: trouble && dice.chance(0.7) ? fuse : Number.POSITIVE_INFINITY,
      death,
      onDeath: (death, since) => this.#died(running, death, since),
    })
    const host = new SimHost({
      clock,
      random: dice.random,
      sightings: this.sightings,
      session: number,
      calmAt,
      onSeen: (showing) => this.#seen(running, showing),
    })
    const raw = this.#disk.open()
    const ledger = life.guard(raw, this.#disk, () => this.#isFull())
    const session = new SimSession({
      clock,
      dice,
      life,
      ledger,
      host,
      workspaceIds: this.#workspaceIds,
      windowSecs: this.windowSecs,
      lockPath: (workspaceId) => this.#disk.lockPath(workspaceId),
      client: (workspaceId) => this.#client(workspaceId, life, raw),
      isCalm: () => clock.now() >= calmAt,
      onHeld: (workspaceId) => this.#noteBegin(workspaceId, raw),
    })
    const running: Running = { slot, life, raw, ledger, host, session }
    this.#running.set(slot, running)
    session.start()
    if (trouble && dice.chance(0.5)) this.#planEnd(running)
  }

  #planEnd(running: Running): void {
    const { clock, dice, calmAt } = this
    const at = clock.now() + dice.upTo(20_000)
    if (dice.chance(0.2)) clock.at(at - dice.upTo(15_000), () => running.host.freeze())
    clock.at(Math.min(at, calmAt), () => {
      if (running.life.dead) return
      // An orderly end gives the locks back first; the process may live a little longer.
      if (dice.chance(0.3)) running.session.stop()
      clock.at(clock.now() + dice.upTo(300), () => {
        if (!running.life.dead) this.#died(running, 'killed', undefined)
      })
    })
  }

  #noteBegin(workspaceId: string, raw: Ledger): void {
    if (raw.cursor(workspaceId) !== undefined) return
    // A first page that was stored is on the disk for good, whatever became of the power.
    if (this.#remembered.has(workspaceId)) this.faults.push(`the beginning of ${workspaceId} was forgotten`)
    const now = this.clock.now()
    if (!this.firstBegunAt.has(workspaceId)) this.firstBegunAt.set(workspaceId, now)
    this.lastBegunAt.set(workspaceId, now)
  }

  #died(running: Running, death: Death, since: LogMark | undefined): void {
    this.figures.crashes++
    const isAlone = this.#running.size === 1
    if (since === undefined) this.#remember(running)
    this.#end(running)
    if (death === 'power') this.#powerFails()
    // Where another process has the files open, it has the whole log.
    if (since !== undefined && isAlone && this.#disk.cut(this.dice.random, since)) this.figures.tornWrites++
    if (this.dice.chance(0.3)) running.host.end()
    this.#startLater(running.slot)
  }

  #powerFails(): void {
    this.figures.powerCuts++
    const slots = [...this.#running.values()].map((running) => {
      this.#remember(running)
      this.#end(running)
      running.host.end()
      return running.slot
    })
    const before = this.#disk.records()
    if (this.#disk.cut(this.dice.random)) this.figures.tornWrites++
    this.erasures.push(...erasuresBetween(before, this.#disk.records(), this.sightings.begun.length))
    for (const slot of slots) this.#startLater(slot)
  }

  #remember({ raw }: Running): void {
    for (const workspaceId of this.#workspaceIds) {
      if (raw.cursor(workspaceId) !== undefined) this.#remembered.add(workspaceId)
    }
  }

  #end({ slot, life, raw, host, session }: Running): void {
    life.end()
    this.#running.delete(slot)
    session.stop()
    host.processEnded()
    raw.close()
  }

  #startLater(slot: number): void {
    if (slot > 0 && this.dice.chance(0.5)) return
    this.clock.at(this.clock.now() + 100 + this.dice.upTo(6_000), () => this.#start(slot))
  }

  /** The host's prompt hook says now and then that the model was given a message. */
  #seen({ life, ledger }: Running, { workspaceId, activityId }: Showing): void {
    if (life.dead || this.dice.chance(0.6)) return
    try {
      if (!ledger.markConfirmed(workspaceId, activityId)) return
      this.receipts.push({ order: this.sightings.begun.length, workspaceId, activityId })
    } catch {
      // A full disk, or the end of the process: then there is no receipt.
    }
  }

  #client(workspaceId: string, life: Life, raw: Ledger) {
    const feed = this.feeds.get(workspaceId)
    if (feed === undefined) throw new Error('no such feed')
    const { clock, dice, calmAt } = this
    const onFault = (sentence: string): void => void this.faults.push(sentence)
    const onRequest = (query: URLSearchParams): void => {
      const waiting = raw.waiting(workspaceId)
      if (query.has('since_id') && waiting >= MAX_WAITING) {
        onFault(`the feed is read on while ${waiting} messages wait`)
      }
    }
    return simClient({ feed, workspaceId, clock, dice, life, calmAt, onRequest, onFault })
  }
}
