/**
 * What seldom happens: the platform's clock is set, it is restored from a backup, or the user suspends a session with
 * Ctrl-Z.
 */
import { Dice } from '../dice.ts'
import type { ModelRow } from './model-feed.ts'
import type { World } from './world.ts'

const SHIFTS_MS = [3_000, 60_000, 3_600_000, -3_000, -60_000, -3_600_000] as const
/** How long each lasts, or how old the backup is. */
const LONGEST_MS = 15_000

export class Upheavals {
  /** Rows that may be missed: the platform lost them, or its clock jumped over them before anybody read them. */
  readonly exempt = new Set<string>()
  readonly sets: boolean
  readonly #dice: Dice
  readonly #world: World
  readonly #restores: boolean
  readonly #suspends: boolean
  readonly #moments: Dice
  #setAt: number | undefined

  constructor(seed: number, world: World) {
    // Dice of their own: in all other worlds, nothing changes.
    this.#dice = new Dice(seed, 'upheavals')
    this.#world = world
    this.sets = this.#dice.chance(0.06)
    this.#restores = this.#dice.chance(0.06)
    // And of their own again, for the same reason.
    this.#moments = new Dice(seed, 'suspensions')
    this.#suspends = this.#moments.chance(0.1)
  }

  /** When the platform's clock was set, in milliseconds since the epoch; undefined if it was not. */
  get setAt(): number | undefined {
    return this.#setAt
  }

  /** What a suspended session has open, or under way, stays so while another takes over. */
  excuses(fault: string): boolean {
    return this.#world.figures.suspensions > 0 && /second event stream|two requests for the feed/.test(fault)
  }

  plan(calmAt: number): void {
    const { clock } = this.#world
    const span = calmAt - clock.now()
    if (this.sets) {
      const at = clock.now() + this.#dice.upTo(span * 0.6)
      clock.at(at, () => this.#setClock(calmAt))
    }
    if (this.#restores) {
      const at = clock.now() + this.#dice.upTo(span * 0.6)
      clock.at(at, () => this.#backUp(calmAt))
    }
    if (this.#suspends) this.#planSuspensions(calmAt)
  }

  /** A second session to claim the workspaces starts shortly before. */
  #planSuspensions(calmAt: number): void {
    const { clock } = this.#world
    for (
      let at = clock.now() + this.#moments.upTo(6_000);
      at < calmAt - 8_000;
      at += this.#moments.upTo(30_000)
    ) {
      const ms = 3_000 + this.#moments.upTo(20_000)
      clock.at(at, () => this.#world.startSecond())
      clock.at(at + 3_000, () => this.#world.suspend(ms))
    }
  }

  #setClock(calmAt: number): void {
    const { clock, platform, storage, figures } = this.#world
    // A window counts by the platform's clock, so what a first start finds in one is chance.
    if (clock.now() >= calmAt || !platform.workspaces.every(({ id }) => storage.hasCursor(id))) return
    figures.clocksSet++
    this.#setAt = clock.now()
    const shiftMs = this.#dice.pick(SHIFTS_MS)
    if (shiftMs > 0) this.#exemptUnread()
    for (const { feed } of platform.workspaces) feed.shiftClock(shiftMs)
    // One that was set back was ahead before, and stays.
    if (shiftMs < 0) return
    clock.at(Math.min(clock.now() + this.#dice.upTo(LONGEST_MS), calmAt), () => {
      for (const { feed } of platform.workspaces) feed.shiftClock(0)
    })
  }

  /** A clock that jumps forward takes what nobody has read out of every window. */
  #exemptUnread(): void {
    const { platform, storage } = this.#world
    for (const { id, feed } of platform.workspaces) {
      for (const row of feed.everything) {
        if (storage.recordOf(id, row.id) === undefined) this.exempt.add(row.id)
      }
    }
  }

  #backUp(calmAt: number): void {
    const { clock, platform, figures } = this.#world
    if (clock.now() >= calmAt) return
    const backups = platform.workspaces.map(({ feed, records }) => ({
      feed,
      records,
      seq: feed.lastSeq,
      acked: records.ackedSeq,
    }))
    clock.at(Math.min(clock.now() + this.#dice.upTo(LONGEST_MS), calmAt), () => {
      figures.restores++
      for (const { feed, records, seq, acked } of backups) {
        for (const { id } of feed.restoreBackup(seq, isSpared)) this.exempt.add(id)
        records.ackedSeq = Math.min(records.ackedSeq, acked)
      }
    })
  }
}

/** Only what people wrote is lost: tasks and verdicts have records of their own. */
function isSpared({ from, text, delegationId, result }: ModelRow): boolean {
  const isVerdict = /^(?:yes|no) [a-z]{5}$/.test(text)
  return from !== 'canvas' || delegationId !== undefined || result !== undefined || isVerdict
}
