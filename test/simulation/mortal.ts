/** A process that can die between any two of its steps on the disk: before one, or right after it. */
import type { Ledger } from '../../state/ledger.ts'

export interface Mortal {
  readonly dead: boolean
  /** Dies now. */
  readonly kill: () => void
  readonly onDeath: (work: () => void) => void
  readonly guard: (ledger: Ledger) => { readonly raw: Ledger; readonly guarded: Ledger }
}

/** @param fuse so many half steps on the disk it lives; undefined: until it is killed. */
export function mortal(fuse: number | undefined, died: () => void): Mortal {
  let left = fuse ?? Number.POSITIVE_INFINITY
  let dead = false
  const last: (() => void)[] = []
  const kill = (): void => {
    if (dead) return
    dead = true
    for (const work of last) work()
    died()
  }
  const half = (): void => {
    if (dead) throw new Error('the process is dead')
    if (--left >= 0) return
    kill()
    throw new Error('the process died')
  }
  return {
    get dead() {
      return dead
    },
    kill,
    onDeath: (work) => void last.push(work),
    guard: (raw) => ({
      raw,
      guarded: new Proxy(raw, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name, target)
          if (!(member instanceof Function)) return member
          return (...values: unknown[]): unknown => {
            half()
            const result: unknown = Reflect.apply(member, target, values)
            half()
            return result
          }
        },
      }),
    }),
  }
}
