/** A process that can die between any two of its deeds: before one, within one, or right after it. */
import type { LogMark } from './storage.ts'

/** How a process ends: killed at a point, killed while it writes, or with the whole machine. */
export type Death = 'killed' | 'torn' | 'power'

export interface Fate {
  /** How many half deeds it lives, or whole writes if it is to be torn; infinite: until somebody kills it. */
  readonly fuse: number
  readonly death: Death
  /** `since` is where the last write began, if it was torn. */
  readonly onDeath: (death: Death, since: LogMark | undefined) => void
}

export class Life {
  readonly number: number
  readonly #fate: Fate
  #left: number
  #dead = false

  /** @param number names the process. */
  constructor(number: number, fate: Fate) {
    this.number = number
    this.#fate = fate
    this.#left = fate.fuse
  }

  get dead(): boolean {
    return this.#dead
  }

  /** Nothing it does from here on has any effect. */
  end(): void {
    this.#dead = true
  }

  /** From here on it dies only when somebody kills it. */
  makeSafe(): void {
    this.#left = Number.POSITIVE_INFINITY
  }

  /** Half a deed: it may end here. */
  half(): void {
    if (this.#dead) throw new Error('the process is dead')
    if (this.#fate.death !== 'torn' && --this.#left < 0) this.#die()
  }

  /** Whether the write that begins now is torn. */
  tearsNext(): boolean {
    return this.#fate.death === 'torn' && --this.#left < 0
  }

  /** @param since where the torn write began. */
  tear(since: LogMark): never {
    this.#die(since)
  }

  #die(since?: LogMark): never {
    this.#dead = true
    this.#fate.onDeath(this.#fate.death, since)
    throw new Error('the process died')
  }
}
