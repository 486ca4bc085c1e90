/** A process that can die between any two of its deeds: before one, within one, or right after it. */
import type { Disk, LogMark } from './disk.ts'

/** How a process ends: killed at a point; killed while it writes; or with the whole machine. */
export type Death = 'killed' | 'torn' | 'power'

export interface Fate {
  /** So many half deeds it lives, or whole writes if it is to be torn; infinite: until it is killed. */
  readonly fuse: number
  readonly death: Death
  /** `since` is where the last deed began, if it was torn. */
  readonly onDeath: (death: Death, since: LogMark | undefined) => void
}

/** These do not fail on a full disk. */
const READS = new Set([
  ...['cursor', 'waiting', 'nextBatch', 'ackableSeq', 'find', 'open', 'list', 'counts', 'close'],
  ...['peers', 'of', 'anyAwaited', 'has'],
])

export class Life {
  readonly #fate: Fate
  #left: number
  #dead = false

  constructor(fate: Fate) {
    this.#fate = fate
    this.#left = fate.fuse
  }

  get dead(): boolean {
    return this.#dead
  }

  /** Nothing more of it has any effect. */
  end(): void {
    this.#dead = true
  }

  /** From here on it dies only when it is killed. */
  makeSafe(): void {
    this.#left = Number.POSITIVE_INFINITY
  }

  /** Half a deed: here it may end. */
  half(): void {
    if (this.#dead) throw new Error('the process is dead')
    if (this.#fate.death !== 'torn' && --this.#left < 0) this.#die()
  }

  /** The ledger, or a part of it, as this process uses it. @param isFull whether this deed finds the disk full. */
  guard<T extends object>(ledger: T, disk: Disk, isFull: () => boolean): T {
    const members = new Map<string | symbol, unknown>()
    return new Proxy(ledger, {
      get: (target, name) => {
        if (!members.has(name)) members.set(name, this.#guarded(target, name, disk, isFull))
        return members.get(name)
      },
    })
  }

  #guarded(target: object, name: string | symbol, disk: Disk, isFull: () => boolean): unknown {
    const member: unknown = Reflect.get(target, name, target)
    if (typeof member === 'object' && member !== null) return this.guard(member, disk, isFull)
    if (!(member instanceof Function)) return member
    const isWrite = typeof name === 'string' && !READS.has(name)
    return (...values: unknown[]): unknown => {
      this.half()
      if (isWrite && isFull()) throw fullDisk()
      const isTorn = isWrite && this.#fate.death === 'torn' && --this.#left < 0
      const since = isTorn ? disk.mark() : undefined
      const result: unknown = Reflect.apply(member, target, values)
      if (since !== undefined) this.#die(since)
      this.half()
      return result
    }
  }

  #die(since?: LogMark): never {
    this.#dead = true
    this.#fate.onDeath(this.#fate.death, since)
    throw new Error('the process died')
  }
}

function fullDisk(): Error {
  return Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
}
