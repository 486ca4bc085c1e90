/** The command line of `bun run soak`. Pure. */
import { parseArgs } from 'node:util'

export interface Arguments {
  /** How long it runs, the draining at the end not counted. */
  readonly minutes: number
  readonly seed: number
}

export const USAGE = 'usage: bun run soak [--minutes N] [--seed K]   (N from 0.2 to 10080, 5 by default)'

const DEFAULT_MINUTES = 5
const LEAST_MINUTES = 0.2
const MOST_MINUTES = 7 * 24 * 60
const SEEDS = 2 ** 32

/** @returns undefined for a command line that cannot be understood. */
export function parseSoakArguments(
  argv: readonly string[],
  random: () => number = Math.random,
): Arguments | undefined {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { minutes: { type: 'string' }, seed: { type: 'string' } },
    })
    const minutes = Number(values.minutes ?? DEFAULT_MINUTES)
    const seed = Number(values.seed ?? Math.floor(random() * SEEDS))
    const fits = minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES
    return fits && Number.isInteger(seed) && seed >= 0 && seed < SEEDS ? { minutes, seed } : undefined
  } catch {
    // An option that does not exist, or one without its value.
    return undefined
  }
}
