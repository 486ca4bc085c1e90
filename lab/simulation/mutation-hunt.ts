/** Breaks a copy of the sources in one place, and looks whether its finder notices. */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Break, Mutation } from './mutations.ts'
import { copySources } from './source-copy.ts'

export interface Find {
  readonly name: string
  /** The seed, or the test, that noticed, and what it saw; undefined when none did. */
  readonly by: string | undefined
}

/** What a run printed, and its exit code. */
interface Run {
  readonly code: number
  readonly output: string
}

/**
 * Looks for each mutation, with at most `seeds` seeds in the simulation, in `workers` copies at a time.
 *
 * @throws Error when the text of a mutation does not occur exactly once in its file, or a run broke off.
 */
export async function hunt(mutations: readonly Mutation[], seeds: number, workers: number): Promise<Find[]> {
  const left = [...mutations.entries()]
  const finds: Find[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, mutation] = next
      const by =
        mutation.finder === 'tests'
          ? await failingTest(mutation.tests, mutation)
          : await failingSeed(seeds, mutation, mutation.from)
      finds[index] = { name: mutation.name, by }
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return finds
}

/** The first seed, from `from` on, that fails in a copy of the sources, broken if a break is given. */
export async function failingSeed(seeds: number, broken?: Break, from = 1): Promise<string | undefined> {
  const options = ['--until-failure', '--workers', '1', '--from', String(from), '--seeds', String(seeds)]
  const { code, output } = await run(['lab/simulation/main.ts', ...options], broken)
  const [, seed, fault = ''] = /^seed (\d+) failed.*\n *(.*)/m.exec(output) ?? []
  // Only a run that came to its end tells anything.
  if ((code === 0) !== (seed === undefined) || !/^time /m.test(output)) throw brokeOff(code, output)
  return seed === undefined ? undefined : `seed ${seed}: ${fault}`
}

/** The first of these tests that fails in a copy of the sources, broken if a break is given. */
export async function failingTest(files: readonly string[], broken?: Break): Promise<string | undefined> {
  const { code, output } = await run(['test', '--bail', ...files], broken)
  const [, title] = /^\(fail\) (.*?)(?: \[[\d.]+ms\])?$/m.exec(output) ?? []
  if ((code === 0) !== (title === undefined)) throw brokeOff(code, output)
  return title === undefined ? undefined : `the test "${title}"`
}

async function run(args: readonly string[], broken: Break | undefined): Promise<Run> {
  using copy = copySources()
  if (broken !== undefined) apply(broken, copy.folder)
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: copy.folder,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [code, ...texts] = await Promise.all([child.exited, child.stdout.text(), child.stderr.text()])
  return { code, output: texts.join('\n') }
}

function apply({ name, file, find, replace }: Break, folder: string): void {
  const path = join(folder, file)
  const parts = readFileSync(path, 'utf8').split(find)
  if (parts.length !== 2) throw new Error(`"${name}": its text occurs ${parts.length - 1} times in ${file}`)
  writeFileSync(path, parts.join(replace))
}

function brokeOff(code: number, output: string): Error {
  return new Error(`the run broke off (${code}):\n${output}`)
}
