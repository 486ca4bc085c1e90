/**
 * Everything around a runner, simulated from one seed: a workspace on a platform that delays, fails, hangs and forgets;
 * people and agents who write; a backend that works badly; processes that die at any of their actions, or with the whole
 * machine; a disk that fills up; a service manager that starts the runner again; a session that claims the workspace.
 */

import type { Request } from '../../../runner/backend/backend.ts'
import { answerId } from '../../../runner/reply-route.ts'
import { Dice } from '../../dice.ts'
import type { Erasure } from '../../judge/evidence.ts'
import { planUntil } from '../plan.ts'
import { SimPlatform } from '../platform/sim-platform.ts'
import type { SimWorkspace } from '../platform/sim-workspace.ts'
import { Sightings } from '../sightings.ts'
import { SimClock } from '../sim-clock.ts'
import type { Storage } from '../storage.ts'
import { Outages } from './outages.ts'
import { RunnerMachine } from './runner-machine.ts'
import { type Repair, wordsOf } from './sim-backend.ts'

export const WORKSPACE = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const PEERS = [
  { id: 'c0111ea9-0000-4000-8000-000000000001', name: 'colleague' },
  { id: 'c0111ea9-0000-4000-8000-000000000002', name: 'other colleague' },
] as const
/** Is given tasks. Any other message of it would be taken for the answer to one. */
export const CONTRACTOR = { id: 'c0111ea9-0000-4000-8000-000000000003', name: 'contractor' }
/** Its messages arrive, and the platform refuses every answer to it. */
export const STRANGER = '5742a6e2-0000-4000-8000-000000000001'
/** When everything must be dealt with, after the last trouble, and how often to look. */
const CALM_MS = 400_000
const LOOK_MS = 1_000
/** A second answer to what is answered would come by then; in some worlds, a heartbeat, too. */
const AFTER_ALL_MS = 3_000
const BEATING_MS = 37_000
/** By then, the outcomes of tasks are told. */
const TOLD_MS = 140_000

export class RunnerWorld {
  readonly clock: SimClock
  readonly dice: Dice
  readonly storage: Storage
  readonly platform: SimPlatform
  readonly workspace: SimWorkspace
  readonly outages: Outages
  /** What the backend was given, and what sessions wrote to their hosts. */
  readonly sightings: Sightings
  readonly faults: string[] = []
  /** The numbers of the processes that are runners. */
  readonly runners = new Set<number>()
  readonly repair: Repair = { at: 0 }
  /** Until when things go wrong, in milliseconds since the epoch. */
  readonly calmAt: number
  readonly figures = {
    processes: 0,
    runners: 0,
    crashes: 0,
    terminations: 0,
    suspensions: 0,
    powerCuts: 0,
    tornWrites: 0,
    diskFailures: 0,
    busyWrites: 0,
    outages: 0,
    claims: 0,
    tries: 0,
  }
  /** When the first page was first known to be durable. */
  #storedAt: number | undefined
  readonly #machine: RunnerMachine
  readonly #timestampCursor: boolean
  #settings = 0
  /** The tasks that sessions left with the platform. */
  readonly left = new Set<string>()
  /** What the backend was told of tasks that are over, and when. */
  readonly wakes: { readonly at: number; readonly text: string }[] = []
  /** The messages with which a backend that is not broken had no success. */
  readonly failed = new Set<string>()
  /** How often each message was given to the backend. */
  readonly tries = new Map<string, number>()
  /** The messages that each process was given, as `process activity`. */
  readonly #given = new Set<string>()

  constructor(seed: number, storage: Storage) {
    const dice = new Dice(seed, 'runner')
    this.dice = dice
    this.storage = storage
    this.clock = new SimClock(undefined, dice.random)
    this.calmAt = this.clock.now() + 8_000 + dice.upTo(dice.chance(0.1) ? 60_000 : 16_000)
    this.outages = new Outages(this.clock, dice, this.calmAt)
    this.sightings = new Sightings((workspaceId, lead) => storage.inDigest(workspaceId, lead))
    this.#timestampCursor = dice.chance(0.1)
    this.platform = new SimPlatform({
      clock: this.clock,
      dice,
      calmAt: this.calmAt,
      onFault: (sentence) => this.#noteFault(sentence),
      isHolder: (workspaceId, { number }) => this.#machine.holderOf(workspaceId) === number,
      onRead: () => {
        // A process that continues reading has stored the first page durably.
        if (storage.hasCursor(WORKSPACE)) this.#storedAt ??= this.clock.now()
      },
    })
    let rows = 0
    this.workspace = this.platform.found(WORKSPACE, {
      timestampCursor: this.#timestampCursor,
      nextId: () => `c0ffee00-0000-4000-8000-${(++rows).toString(16).padStart(12, '0')}`,
      hasEvents: dice.chance(0.7),
      peers: [...PEERS, CONTRACTOR],
    })
    this.#machine = new RunnerMachine(this)
    this.#configure()
    this.#planTrouble()
  }

  get erasures(): readonly Erasure[] {
    return this.#machine.erasures
  }

  /** The tasks that the ledger surely knows: one that a power cut took back may lack them, and files lack lines. */
  get known(): ReadonlySet<string> {
    return this.figures.powerCuts + this.figures.tornWrites > 0 ? new Set() : this.left
  }

  /** The number of the process that holds the workspace. */
  get holder(): number | undefined {
    return this.#machine.holderOf(WORKSPACE)
  }

  /** Since when messages must be answered; infinite when nothing was ever read. */
  get storedAt(): number {
    return this.#storedAt ?? Number.POSITIVE_INFINITY
  }

  /** Runs through the trouble, then until everything is dealt with. */
  run(): void {
    const { clock, calmAt } = this
    this.#machine.startRunner()
    clock.runUntil(calmAt)
    this.#machine.runner?.life.makeSafe()
    this.#write(1)
    while (clock.now() < calmAt + CALM_MS && !this.#isDone()) clock.runUntil(clock.now() + LOOK_MS)
    const isBeating = this.dice.chance(0.08)
    clock.runUntil(clock.now() + (this.left.size > 0 ? TOLD_MS : isBeating ? BEATING_MS : AFTER_ALL_MS))
  }

  /** Ends the processes that still run. */
  end(): void {
    this.#machine.end()
  }

  /** Called when a backend is given a message. */
  noteGiven(process: number, request: Request): void {
    const { workspaceId, activityId, redelivered, idempotencyKey, method, text } = request
    if (method === 'wake') {
      this.wakes.push({ at: this.clock.now(), text })
      return
    }
    this.figures.tries++
    this.tries.set(activityId, (this.tries.get(activityId) ?? 0) + 1)
    const key = `${process} ${activityId}`
    if (idempotencyKey !== answerId(workspaceId, activityId))
      this.faults.push(`${activityId} has another key`)
    if (this.#given.has(key)) {
      if (!redelivered) this.faults.push(`${activityId} was given again without the mark`)
      return
    }
    this.#given.add(key)
    this.sightings.read.push(this.sightings.note({ workspaceId, activityId, redelivered, session: process }))
  }

  #planTrouble(): void {
    const { dice, clock } = this
    const machine = this.#machine
    const plan = planUntil(clock, dice, () => this.calmAt)
    const hasVisits = dice.chance(0.2)
    // A session would show the messages of one who writes fast in a digest, out of their order.
    const everyMs = hasVisits ? 5_000 : dice.pick([1_000, 2_500, 5_000])
    const burst = hasVisits ? 3 : 30
    plan(() => this.#write(dice.pick([1, 1, 1, 1, 2, 3, dice.chance(0.1) ? burst : 1])), everyMs)
    plan(() => this.#forget(), 15_000)
    if (dice.chance(0.3)) plan(() => machine.disk.fill(), 12_000)
    if (dice.chance(0.2)) plan(() => machine.disk.occupy(), 6_000)
    if (dice.chance(0.15)) plan(() => machine.powerFails(), 20_000)
    if (dice.chance(0.3)) plan(() => machine.terminate(), 15_000)
    if (dice.chance(0.15)) plan(() => machine.suspend(), 15_000)
    if (hasVisits) plan(() => machine.visit(), 10_000)
    if (dice.chance(0.2)) plan(() => this.#configure(), 12_000)
    if (dice.chance(0.35)) {
      plan(() => {
        this.figures.outages++
        this.outages.begin()
      }, 20_000)
    }
  }

  #write(count: number): void {
    const { dice, workspace, clock } = this
    for (let n = 0; n < count; n++) {
      const text = wordsOf(workspace.feed.everything.length + 1, dice)
      const from = dice.pick([
        PEERS[0].id,
        PEERS[0].id,
        PEERS[1].id,
        'canvas',
        dice.chance(0.3) ? STRANGER : PEERS[0].id,
      ])
      const isTask = from !== 'canvas' && dice.chance(0.15)
      workspace.feed.add({ from, text, ...(isTask ? { delegationId: `task of ${text}` } : {}) })
    }
    if (dice.chance(0.8)) clock.after(dice.upTo(50), () => workspace.hint())
  }

  /** Prunes rows that are dealt with, perhaps including the cursor's row. */
  #forget(): void {
    const { dice, workspace, storage } = this
    const share = dice.pick([0.5, 1])
    workspace.feed.prune(({ id }) => {
      const state = storage.recordOf(WORKSPACE, id)?.state
      return (state === 'answered' || state === 'skipped') && dice.chance(share)
    })
  }

  /** Writes the settings: unchanged, or with another name. */
  #configure(): void {
    if (this.dice.chance(0.5)) this.#settings++
    this.storage.configure(`
MOLECULE_PLATFORM_URL=http://127.0.0.1:1
MOLECULE_WORKSPACE_IDS=${WORKSPACE}
MOLECULE_WORKSPACE_TOKENS=token-of-${WORKSPACE}
MOLECULE_POLL_INTERVAL_MS=5000
MOLECULE_AGENT_NAME=runner ${this.#settings}
`)
  }

  /** Whether nothing waits, here or on the platform. */
  #isDone(): boolean {
    const { storage, workspace } = this
    if (storage.waiting(WORKSPACE) > 0) return false
    const last = workspace.feed.everything.findLast((row) => !('raw' in row))
    return last === undefined || storage.recordOf(WORKSPACE, last.id) !== undefined
  }

  /** What a stopped process has open, or under way, stays so while another takes over. */
  #noteFault(sentence: string): void {
    const isExcused =
      this.figures.suspensions > 0 && /second event stream|two requests for the feed/.test(sentence)
    if (!isExcused) this.faults.push(sentence)
  }
}
