/** Runs many seeds, in this process or spread over several. The outcome of a seed is the same either way. */
import { rmSync } from 'node:fs'
import { z } from 'zod'
import { SIMULATIONS, type SimulationName } from './simulations.ts'
import { simulationFolder } from './storage.ts'
import { EMPTY, sum, type Tally, tallyOf } from './tally.ts'

export interface Range {
  readonly simulation: SimulationName
  readonly from: number
  readonly seeds: number
  /** Only every n-th of these seeds is run. */
  readonly step: number
  readonly untilFailure: boolean
}

const count = z.number().int().nonnegative()
const fault = z.object({ kind: z.string(), text: z.string() })
const tallySchema = z.object({
  seeds: count,
  figures: z.record(z.string(), count),
  faults: z.record(z.string(), count),
  failures: z.array(z.object({ seed: count, faults: z.array(fault) })),
})

/** How many seeds are reported at once. */
const REPORT_SEEDS = 50

/** @param onPart called repeatedly with the outcome of a batch of seeds; the return value is the total. */
export function runHere(
  { simulation, from, seeds, step, untilFailure }: Range,
  onPart: (part: Tally) => void = () => {},
): Tally {
  const folder = simulationFolder()
  try {
    let total = EMPTY
    let part = EMPTY
    for (let seed = from; seed < from + seeds; seed += step) {
      part = sum(part, tallyOf(SIMULATIONS[simulation].runSeed(seed, folder)))
      const ends = untilFailure && part.failures.length > 0
      if (part.seeds < REPORT_SEEDS && !ends) continue
      total = sum(total, part)
      onPart(part)
      part = EMPTY
      if (ends) return total
    }
    if (part.seeds > 0) onPart(part)
    return sum(total, part)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Spreads the seeds over several processes. If the run stops at the first failure, the others are ended once one fails. */
export async function runSpread(
  { simulation, from, seeds, untilFailure }: Omit<Range, 'step'>,
  workers: number,
  onPart: (part: Tally) => void,
): Promise<Tally> {
  const children = Array.from({ length: workers }, (_, index) =>
    Bun.spawn(
      [
        process.execPath,
        `${import.meta.dir}/main.ts`,
        ...SIMULATIONS[simulation].options,
        ...['--part', '--from', String(from + index), '--seeds', String(Math.max(0, seeds - index))],
        ...['--step', String(workers), ...(untilFailure ? ['--until-failure'] : [])],
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
        // The last JIT tier costs more here than it gains, and the workers already use every processor.
        env: { ...process.env, BUN_JSC_useFTLJIT: '0', BUN_JSC_numberOfGCMarkers: '1' },
      },
    ),
  )
  let total = EMPTY
  let over = false
  await Promise.all(
    children.map(async (child) => {
      for await (const line of lines(child.stdout)) {
        const part = tallySchema.parse(JSON.parse(line))
        total = sum(total, part)
        onPart(part)
        over = untilFailure && total.failures.length > 0
        if (over) for (const other of children) other.kill()
      }
      if ((await child.exited) !== 0 && !over) throw new Error('a part of the simulation ended with an error')
    }),
  )
  return total
}

async function* lines(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const bytes of stream) {
    const parts = (rest + decoder.decode(bytes, { stream: true })).split('\n')
    rest = parts.pop() ?? ''
    yield* parts
  }
}
