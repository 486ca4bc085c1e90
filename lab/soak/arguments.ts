/** The command line of `./molecule soak`. Pure. */
import { parseArgs } from 'node:util'

/** Sessions under random trouble. */
export interface SessionArguments {
  readonly of: 'sessions'
  /** How long to make trouble, not counting the drain at the end. */
  readonly minutes: number
  readonly seed: number
}

/** A runner that is killed again and again. */
export interface RunnerArguments {
  readonly of: 'runner'
  readonly kills: number
  readonly messages: number
  /** Whether the platform is killed and stopped, too. */
  readonly killsPlatform: boolean
  readonly seed: number
}

/** A session that is rung, and killed again and again. */
export interface DoorbellArguments {
  readonly of: 'doorbell'
  readonly kills: number
  readonly messages: number
  readonly seed: number
}

export type Arguments = SessionArguments | RunnerArguments | DoorbellArguments

const DEFAULT_MINUTES = 5
const MIN_MINUTES = 0.2
const MAX_MINUTES = 7 * 24 * 60
const DEFAULT_KILLS = 100
const DEFAULT_MESSAGES = 500
const MAX_COUNT = 100_000
const SEEDS = 2 ** 32

export const USAGE = `Usage: ./molecule soak [--minutes N] [--seed K]
       ./molecule soak --doorbell [--kills N] [--messages N] [--seed K]
       ./molecule soak --runner [--kills N] [--messages N] [--kill-platform] [--seed K]

Runs the plugin and the platform under random trouble, or kills a runner, or a session that is rung, again and
again while others write to it.
Exits with 1 if a promise was broken.

  --minutes N      how long, from ${MIN_MINUTES} to ${MAX_MINUTES} (default: ${DEFAULT_MINUTES})
  --runner         soak molecule connect in place of the plugin
  --doorbell       soak sessions that are rung, without the channel
  --kills N        how often to kill it (default: ${DEFAULT_KILLS})
  --messages N     how many messages are written (default: ${DEFAULT_MESSAGES})
  --kill-platform  kill and restart the platform, too
  --seed K         repeat the trouble of an earlier run: a whole number below ${SEEDS} (default: random)
  --help           show this text`

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
        runner: { type: 'boolean' },
        doorbell: { type: 'boolean' },
        kills: { type: 'string' },
        messages: { type: 'string' },
        'kill-platform': { type: 'boolean' },
        seed: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    if (values.help === true) return 'help'
    const seed = Number(values.seed ?? Math.floor(random() * SEEDS))
    if (!Number.isInteger(seed) || seed < 0 || seed >= SEEDS) return undefined
    const { minutes, runner, doorbell, kills, messages, 'kill-platform': killsPlatform } = values
    if (doorbell === true) {
      if (minutes !== undefined || runner !== undefined || killsPlatform !== undefined) return undefined
      const chosen = loopLength(kills, messages)
      return chosen === undefined ? undefined : { of: 'doorbell', ...chosen, seed }
    }
    if (runner !== true) {
      const strangers = [kills, messages, killsPlatform]
      return strangers.every((value) => value === undefined) ? sessionArguments(minutes, seed) : undefined
    }
    return minutes === undefined ? runnerArguments({ kills, messages, killsPlatform }, seed) : undefined
  } catch {
    // An unknown option, or one without its value.
    return undefined
  }
}

function sessionArguments(given: string | undefined, seed: number): SessionArguments | undefined {
  const minutes = Number(given ?? DEFAULT_MINUTES)
  return minutes >= MIN_MINUTES && minutes <= MAX_MINUTES ? { of: 'sessions', minutes, seed } : undefined
}

function runnerArguments(
  given: {
    readonly kills: string | undefined
    readonly messages: string | undefined
    readonly killsPlatform: boolean | undefined
  },
  seed: number,
): RunnerArguments | undefined {
  const chosen = loopLength(given.kills, given.messages)
  return chosen === undefined
    ? undefined
    : { of: 'runner', ...chosen, killsPlatform: given.killsPlatform === true, seed }
}

function loopLength(
  givenKills: string | undefined,
  givenMessages: string | undefined,
): { readonly kills: number; readonly messages: number } | undefined {
  const [kills, messages] = [Number(givenKills ?? DEFAULT_KILLS), Number(givenMessages ?? DEFAULT_MESSAGES)]
  const fits = [kills, messages].every((count) => Number.isInteger(count) && count > 0 && count <= MAX_COUNT)
  return fits ? { kills, messages } : undefined
}
