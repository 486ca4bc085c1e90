/** The command line of `./molecule soak`. Pure. */
import { parseArgs } from 'node:util'

export interface Arguments {
  /** How long it runs, the draining at the end not counted. */
  readonly minutes: number
  readonly seed: number
}

const DEFAULT_MINUTES = 5
const LEAST_MINUTES = 0.2
const MOST_MINUTES = 7 * 24 * 60
const SEEDS = 2 ** 32

export const USAGE = `Usage: ./molecule soak [--minutes N] [--seed K]

Runs the plugin and the platform under random trouble, and ends with 1 if a promise was broken.

  --minutes N   how long, from ${LEAST_MINUTES} to ${MOST_MINUTES} (${DEFAULT_MINUTES} by default)
  --seed K      the trouble of an earlier run again: a whole number below ${SEEDS} (a new one by default)
  --help        this text`

/** @returns 'help' if that is asked for, undefined for a command line that cannot be understood. */
export function parseSoakArguments(
  argv: readonly string[],
  random: () => number = Math.random,
): Arguments | 'help' | undefined {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return 'help'
    const minutes = Number(values.minutes ?? DEFAULT_MINUTES)
    const seed = Number(values.seed ?? Math.floor(random() * SEEDS))
    const fits = minutes >= LEAST_MINUTES && minutes <= MOST_MINUTES
    return fits && Number.isInteger(seed) && seed >= 0 && seed < SEEDS ? { minutes, seed } : undefined
  } catch {
    // An option that does not exist, or one without its value.
    return undefined
  }
}
