/** Applies a mutation to a copy of the sources, and checks whether a simulation or test catches it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Break, Mutation } from './mutations.ts'
import { SIMULATIONS, type SimulationName } from './simulations.ts'
import { copySources } from './source-copy.ts'

export interface Find {
  readonly name: string
  /** The seed or test that caught it, and the fault reported; undefined when none did. */
  readonly by: string | undefined
}

/** What a run printed, and its exit code. */
interface Run {
  readonly code: number
  readonly output: string
}

/**
 * Tries to catch each mutation, with at most `seeds` seeds in the simulation, in `workers` copies of the sources at a
 * time.
 *
 * @throws Error when the text of a mutation does not occur exactly once in its file, or a run aborted.
 */
export async function hunt(mutations: readonly Mutation[], seeds: number, workers: number): Promise<Find[]> {
  const left = [...mutations.entries()]
  const finds: Find[] = []
  const work = async (): Promise<void> => {
    using copy = copySources()
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, mutation] = next
      const mend = breakCopy(copy.folder, mutation)
      finds[index] = { name: mutation.name, by: await finderOf(mutation, seeds, copy.folder) }
      mend()
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return finds
}

/** Returns a function that undoes the mutation. */
export function breakCopy(folder: string, { name, file, find, replace }: Break): () => void {
  const path = join(folder, file)
  const source = readFileSync(path, 'utf8')
  const parts = source.split(find)
  if (parts.length !== 2) throw new Error(`"${name}": its text occurs ${parts.length - 1} times in ${file}`)
  writeFileSync(path, parts.join(replace))
  return () => writeFileSync(path, source)
}

function finderOf(mutation: Mutation, seeds: number, folder: string): Promise<string | undefined> {
  return mutation.finder === 'tests'
    ? failingTest(folder, mutation.tests)
    : failingSeed(folder, seeds, mutation.simulation)
}

/** The first seed that fails in a copy of the sources, and its fault. */
export async function failingSeed(
  folder: string,
  seeds: number,
  simulation: SimulationName,
): Promise<string | undefined> {
  const options = [
    ...SIMULATIONS[simulation].options,
    '--until-failure',
    '--workers',
    '1',
    '--seeds',
    String(seeds),
  ]
  const { code, output } = await run(folder, ['lab/simulation/main.ts', ...options])
  const [, seed, fault = ''] = /^seed (\d+) failed.*\n *(.*)/m.exec(output) ?? []
  // Only a run that finished proves anything.
  if ((code === 0) !== (seed === undefined) || !/^time /m.test(output)) throw brokeOff(code, output)
  return seed === undefined
    ? undefined
    : `seed ${[seed, ...SIMULATIONS[simulation].options].join(' ')}: ${fault}`
}

/** The first of these tests that fails in a copy of the sources. */
export async function failingTest(folder: string, files: readonly string[]): Promise<string | undefined> {
  const { code, output } = await run(folder, ['test', '--bail', ...files])
  const [, title] = /^\(fail\) (.*?)(?: \[[\d.]+ms\])?$/m.exec(output) ?? []
  if ((code === 0) !== (title === undefined)) throw brokeOff(code, output)
  return title === undefined ? undefined : `the test "${title}"`
}

async function run(cwd: string, args: readonly string[]): Promise<Run> {
  const child = Bun.spawn([process.execPath, ...args], { cwd, stdio: ['ignore', 'pipe', 'pipe'] })
  const [code, ...texts] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()])
  return { code, output: texts.join('\n') }
}

function brokeOff(code: number, output: string): Error {
  return new Error(`the run broke off (${code}):\n${output}`)
}
