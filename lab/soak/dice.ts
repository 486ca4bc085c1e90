/** Choices made from a seed. Each actor has dice of its own, so that what one of them does changes nothing for another. */
import { seededRandom } from '../simulation/sim-clock.ts'

export class Dice {
  readonly #random: () => number

  /** @param name of the actor. */
  constructor(seed: number, name: string) {
    this.#random = seededRandom(seed ^ Number(Bun.hash.crc32(name)))
  }

  chance(probability: number): boolean {
    return this.#random() < probability
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + Math.floor(this.#random() * (most - least + 1))
  }

  pick<T>(items: readonly T[]): T {
    const item = items[Math.floor(this.#random() * items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Milliseconds as between independent events: mostly short, now and then long, never above four times the mean. */
  pause(meanMs: number): number {
    return Math.min(meanMs * 4, -Math.log(1 - this.#random()) * meanMs)
  }
}
