/**
 * What happens to the user's machine besides its crashes: its clock is set, its state folder is restored from an old copy,
 * the plugin meets a long history at its first start, and its first sessions do not listen.
 */
import { Dice } from '../dice.ts'
import type { MessageId } from '../judge/evidence.ts'
import type { Machine } from './machine.ts'
import { HOSTS, type HostKind } from './sim-process.ts'
import type { World } from './world.ts'

const SKEWS_MS = [5_000, 60_000, 3_600_000, -5_000, -60_000, -3_600_000] as const
/** Longer than a claim takes. */
const STANDSTILL_MS = 13_000
/** How old the copy is that is put back. */
const LONGEST_MS = 15_000
/** Kinds of hosts that a user may have started first, one after the other, before the channel was switched on. */
const DEAF = [HOSTS.unknownAndDeaf, HOSTS.withoutChannel, HOSTS.sdkAndDeaf, HOSTS.another] as const

export class Misfortunes {
  readonly #world: World
  readonly #machine: Machine
  readonly #skews: Dice
  readonly #copies: Dice
  readonly #histories: Dice
  readonly #starts: Dice
  readonly #standstills: Dice
  #setAt: number | undefined

  constructor(seed: number, world: World, machine: Machine) {
    this.#world = world
    this.#machine = machine
    // Dice of their own: none changes the others' worlds.
    this.#skews = new Dice(seed, 'skews')
    this.#copies = new Dice(seed, 'copies')
    this.#histories = new Dice(seed, 'histories')
    this.#starts = new Dice(seed, 'starts')
    this.#standstills = new Dice(seed, 'standstills')
  }

  /** When the machine's clock was first set, in milliseconds since the epoch; undefined if it was not. */
  get setAt(): number | undefined {
    return this.#setAt
  }

  /** The host of the first session. */
  firstHost(): HostKind {
    if (!this.#starts.chance(0.08)) return this.#world.doorbells.firstHost()
    this.#world.figures.deafStarts++
    return this.#starts.pick(DEAF)
  }

  plan(calmAt: number): void {
    const { clock } = this.#world
    const soon = (dice: Dice): number => clock.now() + dice.upTo((calmAt - clock.now()) * 0.6)
    if (this.#histories.chance(0.012)) this.#fillHistory()
    if (this.#skews.chance(0.06)) clock.at(soon(this.#skews), () => this.#setClock(calmAt))
    if (this.#standstills.chance(0.04)) this.#planStandstill(calmAt)
    if (this.#copies.chance(0.06)) clock.at(soon(this.#copies), () => this.#copyFolder(calmAt))
  }

  /** The session that receives is suspended, and the user claims its workspaces in another one. */
  #planStandstill(calmAt: number): void {
    const { clock } = this.#world
    if (calmAt - clock.now() < STANDSTILL_MS + 4_000) return
    clock.at(clock.now() + 1_000, () => this.#machine.startSecond())
    clock.at(clock.now() + 3_000, () => this.#machine.suspendHolder(STANDSTILL_MS))
  }

  /** Many more messages than a page holds were written before the first start. */
  #fillHistory(): void {
    const { clock, platform, ignoresBeforeTs, windowSecs, figures } = this.#world
    if (ignoresBeforeTs || windowSecs === 0) return
    figures.histories++
    for (const { feed } of platform.workspaces) {
      const count = this.#histories.between(600, 1_400)
      for (let n = count; n > 0; n--) feed.add({ at: (clock.now() - n * 15 - 1_000) * 1_000 })
    }
  }

  #setClock(calmAt: number): void {
    const { clock, figures } = this.#world
    figures.skews++
    this.#setAt = clock.now()
    this.#machine.skewMs = this.#skews.pick(SKEWS_MS)
    const backAt = clock.now() + this.#skews.upTo(2 * LONGEST_MS)
    if (backAt < calmAt && this.#skews.chance(0.5)) {
      clock.at(backAt, () => {
        this.#machine.skewMs = 0
      })
    }
  }

  #copyFolder(calmAt: number): void {
    const { clock, platform, storage } = this.#world
    if (!platform.workspaces.every(({ id }) => storage.hasCursor(id))) return
    const copy = storage.copy()
    if (copy === undefined) return
    clock.at(Math.min(clock.now() + this.#copies.upTo(LONGEST_MS), calmAt - 1), () => {
      this.#machine.restoreFolder(copy, (id) => this.#isAcknowledged(id))
    })
  }

  #isAcknowledged({ workspaceId, activityId }: MessageId): boolean {
    const { platform, timestampCursor } = this.#world
    const workspace = platform.workspaces.find(({ id }) => id === workspaceId)
    const row = workspace?.feed.everything.find(({ id }) => id === activityId)
    if (workspace === undefined || row === undefined || timestampCursor) return false
    return row.seq <= workspace.records.ackedSeq
  }
}
