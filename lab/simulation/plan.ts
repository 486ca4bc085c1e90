import type { Dice } from '../dice.ts'
import type { SimClock } from './sim-clock.ts'

/** Repeats an action about every `everyMs` milliseconds until the trouble is over. */
export type Plan = (work: () => void, everyMs: number) => void

/** @param calmAt when the trouble is over, in milliseconds since the epoch. */
export function planUntil(clock: SimClock, dice: Dice, calmAt: () => number): Plan {
  const plan: Plan = (work, everyMs) => {
    const at = clock.now() + dice.upTo(2 * everyMs)
    if (at >= calmAt()) return
    clock.at(at, () => {
      // The machine may have slept in the meantime.
      if (clock.now() >= calmAt()) return
      work()
      plan(work, everyMs)
    })
  }
  return plan
}
