/** The command line of `./molecule soak`. Pure. */
import { parseArgs } from 'node:util'

export interface Arguments {
  /** How long to make trouble, not counting the drain at the end. */
  readonly minutes: number
  readonly seed: number
}

const DEFAULT_MINUTES = 5
const MIN_MINUTES = 0.2
const MAX_MINUTES = 7 * 24 * 60
const SEEDS = 2 ** 32

export const USAGE = `Usage: ./molecule soak [--minutes N] [--seed K]

Runs the plugin and the platform under random trouble. Exits with 1 if a promise was broken.

  --minutes N   how long, from ${MIN_MINUTES} to ${MAX_MINUTES} (default: ${DEFAULT_MINUTES})
  --seed K      repeat the trouble of an earlier run: a whole number below ${SEEDS} (default: random)
  --help        show this text`

/** @returns 'help' if requested, undefined for an invalid command line. */
export function parseSoakArguments(
  argv: readonly string[],
  random: () => number,
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
    const fits = minutes >= MIN_MINUTES && minutes <= MAX_MINUTES
    return fits && Number.isInteger(seed) && seed >= 0 && seed < SEEDS ? { minutes, seed } : undefined
  } catch {
    // An unknown option, or one without its value.
    return undefined
  }
}
