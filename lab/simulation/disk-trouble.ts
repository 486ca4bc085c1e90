/** What other programs do to the disk of a simulated machine: they fill it up, or write to the ledger. */
import type { Dice } from '../dice.ts'
import type { SimClock } from './sim-clock.ts'

export interface DiskTroubleOptions {
  readonly clock: SimClock
  readonly dice: Dice
  /** Milliseconds since the epoch after which the disk is as it should be. */
  readonly calmAt: () => number
  /** How often each was met. */
  readonly figures: { diskFailures: number; busyWrites: number }
}

export class DiskTrouble {
  readonly #options: DiskTroubleOptions
  #fullUntil = 0
  #busyUntil = 0

  constructor(options: DiskTroubleOptions) {
    this.#options = options
  }

  /** Whether the disk is full, or another program writes to the ledger. */
  get isOn(): boolean {
    return this.#options.clock.now() < Math.max(this.#fullUntil, this.#busyUntil)
  }

  /** The disk is full for a few seconds. */
  fill(): void {
    const { clock, dice, calmAt } = this.#options
    this.#fullUntil = Math.min(calmAt(), clock.now() + dice.upTo(10_000))
  }

  /** Another program writes to the ledger for up to two seconds; now and then it is stopped for up to half a minute. */
  occupy(): void {
    const { clock, dice, calmAt } = this.#options
    this.#busyUntil = Math.min(calmAt(), clock.now() + dice.upTo(dice.chance(0.1) ? 30_000 : 2_000))
  }

  /** Whether the write that begins now finds the disk full. */
  readonly isFull = (): boolean => {
    const { clock, dice, figures } = this.#options
    if (clock.now() >= this.#fullUntil || dice.chance(0.2)) return false
    figures.diskFailures++
    return true
  }

  /** Whether another program is writing to the ledger when a write begins. */
  readonly isBusy = (): boolean => {
    const { clock, figures } = this.#options
    if (clock.now() >= this.#busyUntil) return false
    figures.busyWrites++
    return true
  }
}
