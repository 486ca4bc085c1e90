/**
 * Everything around the plugin, simulated from one seed: workspaces on a platform that delays, fails, hangs, forgets
 * and commits late; people and agents who write, ask and answer; hosts that read at random times, stop reading, or
 * never show messages; one or two processes on the same state folder, each of which can die at any of its actions, or
 * with the whole machine; a disk that fills up; a ledger that other programs write to; a machine that sleeps for an hour; a
 * token that is revoked; a platform whose clock is set, or that is restored from a backup.
 */
import { Dice } from '../dice.ts'
import type { Erasure, Receipt, Showing } from '../judge/evidence.ts'
import { Deeds } from './deeds.ts'
import { Doorbells } from './doorbells.ts'
import { Inquiries } from './inquiries.ts'
import { Machine } from './machine.ts'
import { Misfortunes } from './misfortunes.ts'
import { People } from './people.ts'
import { type Plan, planUntil } from './plan.ts'
import { SimPlatform } from './platform/sim-platform.ts'
import { Sightings } from './sightings.ts'
import { SimClock } from './sim-clock.ts'
import type { SimProcess } from './sim-process.ts'
import type { Storage } from './storage.ts'
import { Upheavals } from './upheavals.ts'

const WORKSPACES = ['7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11', '11111111-1111-4111-8111-111111111111'] as const
/** Long enough for everything to arrive once nothing goes wrong any more. */
const CALM_MS = 100_000
/** The same if an agent writes too fast: after the last look, a digest waits for a minute. */
const DIGEST_CALM_MS = 145_000
/** What one digest cannot show waits for the next one. */
const NEXT_DIGEST_MS = 61_000
const MAX_NEXT_DIGESTS = 5
/** The same if rows are committed late: the feed reads its overlap every five minutes. */
const LONG_CALM_MS = 400_000
/** A feed that is restarted reads its overlap at once, so that most late rows do not take that long. */
const READ_AGAIN_MS = 40_000
/** A workspace that was given up is checked every five minutes, plus or minus 10 %. */
const REVOKED_CALM_MS = 11 * 60_000
/** By then a host that does not show messages has been detected. */
const FOUND_OUT_MS = 60_000
/** A question that is asked then is answered, and its verdict due, before the end. */
const ASKED_AT_MS = 10_000
/** A standby has taken over by then. */
const TAKEN_OVER_MS = 2_000
const HOUR_MS = 60 * 60_000

export class World {
  readonly clock: SimClock
  readonly dice: Dice
  readonly sightings: Sightings
  readonly platform: SimPlatform
  readonly storage: Storage
  readonly windowSecs: number
  readonly timestampCursor: boolean
  readonly ignoresBeforeTs: boolean
  /** Whether some rows become visible after newer ones. */
  readonly commitsLate: boolean
  readonly relays: boolean
  /** Whether an agent writes faster than a conversation needs. */
  readonly chatters: boolean
  /** Whether more messages are written than may wait for a host. */
  readonly floods: boolean
  readonly deeds: Deeds
  readonly upheavals: Upheavals
  readonly misfortunes: Misfortunes
  readonly inquiries: Inquiries
  readonly doorbells: Doorbells
  /** When a process first began to read a feed, and when one without a cursor last did. */
  readonly firstBegunAt = new Map<string, number>()
  readonly lastBegunAt = new Map<string, number>()
  readonly receipts: Receipt[] = []
  /** A message left although the ledger could not be written. */
  sentUnrecorded = false
  readonly faults: string[] = []
  readonly figures = {
    crashes: 0,
    tornWrites: 0,
    powerCuts: 0,
    diskFailures: 0,
    busyWrites: 0,
    sessions: 0,
    claims: 0,
    suspensions: 0,
    hours: 0,
    revocations: 0,
    clocksSet: 0,
    restores: 0,
    foldersRestored: 0,
    skews: 0,
    histories: 0,
    deafStarts: 0,
  }
  readonly workspaceIds: readonly string[]
  readonly #people: People
  readonly #plan: Plan
  readonly #machine: Machine
  /** When the first page of a workspace was first known to be durable. */
  readonly storedAt = new Map<string, number>()
  /** Until when things go wrong, in milliseconds since the epoch. */
  #calmAt: number
  #calmMs: number
  /** Whether the settings change after the trouble is over. */
  readonly #readsAgain: boolean
  #settings = 0

  constructor(seed: number, storage: Storage) {
    const dice = new Dice(seed)
    this.dice = dice
    this.storage = storage
    this.clock = new SimClock(undefined, dice.random)
    this.sightings = new Sightings((workspaceId, lead) => this.storage.inDigest(workspaceId, lead))
    this.windowSecs = dice.chance(0.5) ? 30 : 0
    this.timestampCursor = dice.chance(0.15)
    this.ignoresBeforeTs = dice.chance(0.15)
    this.commitsLate = dice.chance(0.3)
    this.relays = dice.chance(0.5)
    this.chatters = dice.chance(0.1)
    // Without `before_ts` only the newest 500 rows can be read again.
    this.floods = !this.ignoresBeforeTs && dice.chance(0.006)
    this.#readsAgain = (this.commitsLate || this.timestampCursor) && dice.chance(0.9)
    const isLong = !this.#readsAgain && (this.commitsLate || this.timestampCursor)
    this.#calmMs = isLong || this.floods ? LONG_CALM_MS : this.chatters ? DIGEST_CALM_MS : CALM_MS
    this.#calmAt = this.clock.now() + 8_000 + dice.upTo(18_000)
    this.workspaceIds = WORKSPACES.slice(0, dice.pick([1, 1, 1, 1, 2]))
    this.platform = new SimPlatform({
      clock: this.clock,
      dice,
      calmAt: this.#calmAt,
      onFault: (sentence) => {
        if (!this.upheavals.excuses(sentence)) this.faults.push(sentence)
      },
      isHolder: (workspaceId, { number }) => this.holderOf(workspaceId) === number,
      onRead: (workspaceId, _, query) => {
        // A process that continues reading has stored the first page durably.
        if (!this.storedAt.has(workspaceId) && this.storage.hasCursor(workspaceId)) {
          this.storedAt.set(workspaceId, this.clock.now())
        }
        if (this.floods) this.#checkRoom(workspaceId, query)
      },
    })
    this.deeds = new Deeds(this)
    this.upheavals = new Upheavals(seed, this)
    this.#machine = new Machine(this)
    this.#plan = planUntil(this.clock, dice, () => this.#calmAt)
    this.#people = new People(this, this.#plan)
    this.misfortunes = new Misfortunes(seed, this, this.#machine)
    this.inquiries = new Inquiries(seed, this)
    this.doorbells = new Doorbells(seed, this, this.#machine)
    for (const [index, workspaceId] of this.workspaceIds.entries()) this.#people.found(workspaceId, index)
    this.#configure()
    this.#planTrouble()
    this.upheavals.plan(this.#calmAt)
    this.misfortunes.plan(this.#calmAt)
    this.inquiries.plan(this.#calmAt)
    this.doorbells.plan(this.#calmAt)
    if (this.upheavals.sets || this.figures.histories > 0) this.#calmMs = LONG_CALM_MS
  }

  get calmAt(): number {
    return this.#calmAt
  }

  get erasures(): readonly Erasure[] {
    return this.#machine.erasures
  }

  get running(): readonly SimProcess[] {
    return this.#machine.running
  }

  /** Runs through the trouble, then through enough calm for everything to arrive. */
  run(): void {
    const { clock } = this
    this.#machine.startFirst(this.misfortunes.firstHost())
    clock.runUntil(this.#calmAt)
    this.#calmAt = clock.now()
    for (const { life } of this.running) life.makeSafe()
    if (this.#readsAgain) clock.at(this.#calmAt + READ_AGAIN_MS, () => this.#configure('another name'))
    clock.at(this.#calmAt + ASKED_AT_MS, () => {
      for (const process of this.running) this.deeds.ask(process)
    })
    const { foundOut = FOUND_OUT_MS, all = 0 } = this.doorbells.calmMs ?? {}
    clock.at(this.#calmAt + foundOut, () => this.#machine.endDeaf())
    clock.at(this.#calmAt + foundOut + TAKEN_OVER_MS, () => this.#machine.endIdle())
    clock.runUntil(this.#calmAt + Math.max(all, this.#calmMs))
    for (let digests = 0; digests < MAX_NEXT_DIGESTS && this.chatters && this.#isWaiting(); digests++) {
      clock.runUntil(clock.now() + NEXT_DIGEST_MS)
    }
  }

  startSecond(): void {
    this.#machine.startSecond()
  }

  suspend(ms: number): void {
    this.#machine.suspend(ms)
  }

  /** Ends the processes that still run. */
  end(): void {
    this.#machine.end()
  }

  /** The number of the process that holds a workspace. */
  readonly holderOf = (workspaceId: string): number | undefined =>
    this.running.find((process) => process.holds(workspaceId))?.life.number

  #planTrouble(): void {
    const { dice } = this
    if (dice.chance(0.4)) this.#plan(() => this.#machine.disk.fill(), 15_000)
    if (dice.chance(0.3)) this.#plan(() => this.#machine.disk.occupy(), 5_000)
    if (dice.chance(0.2)) this.#plan(() => this.#machine.powerFails(), 20_000)
    if (dice.chance(0.3)) this.#plan(() => this.#machine.startSecond(), 10_000)
    if (dice.chance(0.3)) this.#plan(() => this.#configure(), 15_000)
    if (dice.chance(0.05)) this.#plan(() => this.#sleep(), 20_000)
    if (dice.chance(0.05)) this.#plan(() => this.#revoke(), 20_000)
    this.#plan(() => {
      if (this.running.length > 0) this.deeds.act(dice.pick(this.running))
    }, 7_000)
  }

  /** Writes the settings: unchanged, with another comment, or with another name. */
  #configure(change?: 'another name'): void {
    const { dice } = this
    if (change !== undefined || dice.chance(0.5)) this.#settings++
    const comment = '#'.repeat(dice.upTo(20))
    const tokens = this.workspaceIds.map((id) => `token-of-${id}`)
    this.storage.configure(`${comment}
MOLECULE_PLATFORM_URL=http://127.0.0.1:1
MOLECULE_WORKSPACE_IDS=${this.workspaceIds.join(',')}
MOLECULE_WORKSPACE_TOKENS=${tokens.join(',')}
MOLECULE_POLL_WINDOW_SECS=${this.windowSecs}
MOLECULE_POLL_INTERVAL_MS=15000
MOLECULE_AGENT_NAME=agent ${this.#settings}
MOLECULE_PERMISSION_RELAY=${this.relays ? 'canvas' : 'off'}
`)
  }

  /** The machine sleeps for an hour while others write. Nothing goes wrong after that. */
  #sleep(): void {
    if (this.figures.hours > 0) return
    this.figures.hours++
    this.#people.writeDuring(HOUR_MS)
    this.clock.sleepMachine(HOUR_MS)
  }

  /** A token is refused for some minutes, and then valid again. */
  #revoke(): void {
    if (this.figures.revocations > 0) return
    this.figures.revocations++
    this.#calmMs = REVOKED_CALM_MS
    const workspace = this.dice.pick(this.platform.workspaces)
    workspace.revoke()
    this.deeds.revoked.set(workspace.id, this.clock.now())
    this.clock.after(60_000 + this.dice.upTo(180_000), () => {
      workspace.restore()
      this.deeds.restored.set(workspace.id, this.clock.now())
    })
  }

  #isWaiting(): boolean {
    return this.workspaceIds.some((id) => this.storage.waiting(id) > 0)
  }

  #checkRoom(workspaceId: string, query: URLSearchParams): void {
    const waiting = this.storage.waitingUnheld(workspaceId)
    if (query.has('since_id') && waiting >= 500) {
      this.faults.push(`the feed is read on while ${waiting} messages wait`)
    }
  }

  /** Called when a process writes a line to its log. */
  noteLog(line: string): void {
    this.sentUnrecorded ||= line.includes('cannot record a message to peer')
    const [, received] = /workspace (\S+) is received here/.exec(line) ?? []
    if (received !== undefined) this.#noteBegun(received)
    // A session that observes decides where reading begins, too.
    else if (line.includes('not receive messages: ')) for (const id of this.workspaceIds) this.#noteBegun(id)
  }

  #noteBegun(workspaceId: string): void {
    if (this.storage.hasCursor(workspaceId)) return
    // A stored first page is durable, even after a power cut.
    if (this.storedAt.has(workspaceId)) this.faults.push(`the beginning of ${workspaceId} was forgotten`)
    const now = this.clock.now()
    if (!this.firstBegunAt.has(workspaceId)) this.firstBegunAt.set(workspaceId, now)
    this.lastBegunAt.set(workspaceId, now)
  }

  /** Called when the host gave a receipt for a message; what counts is whether the ledger recorded it. */
  noteReceipt(process: SimProcess, { workspaceId, activityId }: Showing): void {
    const state = this.storage.recordOf(workspaceId, activityId)?.state
    // Until then a disk may be full, a write that met another waits, or another session has taken the message over.
    const isDue = this.clock.now() > this.#calmAt + 1_000 && !process.life.dead && process.kind.hooks
    if (isDue && process.holds(workspaceId) && state !== 'confirmed' && state !== 'answered') {
      this.faults.push(`the receipt for ${activityId} was not recorded`)
    }
    if (state !== 'confirmed') return
    this.receipts.push({ order: this.sightings.begun.length, workspaceId, activityId })
  }
}
