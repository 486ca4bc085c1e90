/**
 * `./molecule simulate`: runs the real session, or the real runner, through many simulated lives and prints the outcome.
 * Exits with 1 if a promise was broken.
 */

import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { systemClock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { hunt } from './mutation-hunt.ts'
import { MUTATIONS } from './mutations.ts'
import { runHere, runSpread } from './run.ts'
import { SIMULATIONS, type SimulationName } from './simulations.ts'
import { explain, type Tally, table } from './tally.ts'

const USAGE = `Usage: ./molecule simulate [options]
  --runner         the runner of molecule connect, instead of a session
  --seeds N        how many seeds (1000)
  --from N         the first of them (1)
  --seed N         only this one: replays a failure
  --until-failure  stop at the first seed that fails
  --workers N      number of processes (one for each processor)
  --mutations      apply known mutations to the sources, one at a time, and try to catch each with at most --seeds seeds`

const { values } = parseOptions()
if (values.help) {
  console.log(USAGE)
  process.exit(0)
}

const untilFailure = values['until-failure']
const seeds = values.seed === undefined ? number('seeds', values.seeds) : 1
const from = number('from', values.seed ?? values.from)
const workers = Math.max(1, Math.min(number('workers', values.workers), seeds))
const simulation: SimulationName = values.runner ? 'runner' : 'session'
const range = { simulation, from, seeds, step: number('step', values.step), untilFailure }

if (values.part) {
  runHere(range, (part) => console.log(JSON.stringify(part)))
  process.exit(0)
}

const startedAt = systemClock.now()
if (values.mutations) {
  const finds = await hunt(MUTATIONS, seeds, workers)
  for (const { name, by } of finds) {
    console.log(by === undefined ? `NOT FOUND: ${name}` : `${name}\n  found by ${by}`)
  }
  console.log(`${((systemClock.now() - startedAt) / 1000).toFixed(1)} s`)
  process.exit(finds.every(({ by }) => by !== undefined) ? 0 : 1)
}

const onPart = (part: Tally): void => {
  for (const failure of part.failures) console.log(explain(SIMULATIONS[simulation], failure))
}
const total = workers === 1 ? runHere(range, onPart) : await runSpread(range, workers, onPart)
console.log(table(SIMULATIONS[simulation], total, (systemClock.now() - startedAt) / 1000))
process.exit(total.failures.length === 0 ? 0 : 1)

function parseOptions() {
  try {
    return parseArgs({
      options: {
        runner: { type: 'boolean', default: false },
        seeds: { type: 'string', default: '1000' },
        from: { type: 'string', default: '1' },
        seed: { type: 'string' },
        'until-failure': { type: 'boolean', default: false },
        workers: { type: 'string', default: String(availableParallelism()) },
        mutations: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        // Passed by a run to its worker processes.
        part: { type: 'boolean', default: false },
        step: { type: 'string', default: '1' },
      },
    })
  } catch (error) {
    return refuse(describeError(error))
  }
}

function number(option: string, text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value >= 0) return value
  return refuse(`--${option} takes a whole number, not ${JSON.stringify(text)}`)
}

function refuse(problem: string): never {
  console.error(`${problem}\n\n${USAGE}`)
  process.exit(2)
}
