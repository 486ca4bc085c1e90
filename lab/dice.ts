/** Chance from a seed: the same seed gives the same run on every machine. */

/** A source of numbers, uniform in [0, 1) (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export class Dice {
  /** Uniform in [0, 1). */
  readonly random: () => number

  /** @param actor names who rolls: with dice of their own, actors do not change each other's luck. */
  constructor(seed: number, actor?: string) {
    this.random = seededRandom(actor === undefined ? seed : seed ^ Number(Bun.hash.crc32(actor)))
  }

  chance(probability: number): boolean {
    return this.random() < probability
  }

  /** A whole number from 0 up to, but not including, `limit`. */
  upTo(limit: number): number {
    return Math.floor(this.random() * limit)
  }

  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number {
    return least + this.upTo(most - least + 1)
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.upTo(items.length)]
    if (item === undefined) throw new Error('nothing to pick from')
    return item
  }

  /** Milliseconds between independent events: mostly short, now and then long, at most four times the mean. */
  pause(meanMs: number): number {
    return Math.min(meanMs * 4, -Math.log(1 - this.random()) * meanMs)
  }
}
