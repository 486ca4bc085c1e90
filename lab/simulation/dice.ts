/** Chance, from one seed. */
import { seededRandom } from './sim-clock.ts'

export class Dice {
  /** Uniform in [0, 1). */
  readonly random: () => number

  constructor(seed: number) {
    this.random = seededRandom(seed)
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** A whole number below `limit`. */
  upTo(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.upTo(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }
}
