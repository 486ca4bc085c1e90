/** A process that can die at any of its actions: before one, during one, or right after it. */
import type { LogMark } from './storage.ts'

/** How a process ends: killed at some point, killed during a write, or with the whole machine. */
export type Death = 'killed' | 'torn' | 'power'

export interface Fate {
  /** How many half actions it survives, or whole writes if its last one is torn; infinite: until it is killed. */
  readonly fuse: number
  readonly death: Death
  /** `since` is where the last write began, if that was torn. */
  readonly onDeath: (death: Death, since: LogMark | undefined) => void
}

export class Life {
  readonly number: number
  readonly #fate: Fate
  #left: number
  #dead = false
  /** What would have run while it is stopped; undefined while it runs. */
  #pending: (() => void)[] | undefined

  /** @param number identifies the process. */
  constructor(number: number, fate: Fate) {
    this.number = number
    this.#fate = fate
    this.#left = fate.fuse
  }

  get dead(): boolean {
    return this.#dead
  }

  /** From here on nothing it does has any effect. */
  end(): void {
    this.#dead = true
  }

  get stopped(): boolean {
    return this.#pending !== undefined
  }

  /** Stops it, as SIGSTOP does: it keeps what it has open, and its timers run only after {@link resume}. */
  stop(): void {
    this.#pending ??= []
  }

  resume(): void {
    const pending = this.#pending ?? []
    this.#pending = undefined
    for (const run of pending) run()
  }

  /** Keeps a timer's callback until the process runs again. Returns false while it runs. */
  defer(run: () => void): boolean {
    return this.#pending !== undefined && this.#pending.push(run) > 0
  }

  /** From here on it dies only when it is killed. */
  makeSafe(): void {
    this.#left = Number.POSITIVE_INFINITY
  }

  /** Half an action: the process may die here. */
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
