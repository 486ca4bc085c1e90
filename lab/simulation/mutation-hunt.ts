/** Breaks a copy of the sources in one place and looks whether the simulation finds it. */
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Mutation } from './mutations.ts'

export interface Failure {
  readonly seed: number
  /** The first fault it showed. */
  readonly fault: string
}

export interface Find {
  readonly name: string
  /** The first seed that failed; undefined when none did. */
  readonly failure: Failure | undefined
}

const ROOT = join(import.meta.dir, '../..')
/** What the simulation is made of. */
const PARTS = ['base', 'member', 'plugin', 'hooks', 'lab/judge', 'lab/simulation']
const FILES = ['heartbeat.ts', 'lab/dice.ts', 'platform-urls.ts', 'poll.ts', 'package.json', 'tsconfig.json']

/**
 * Looks for each mutation, with up to `seeds` seeds, so many copies at a time.
 *
 * @throws Error when the text of a mutation does not stand exactly once in its file, or the run broke off.
 */
export async function hunt(mutations: readonly Mutation[], seeds: number, workers: number): Promise<Find[]> {
  const left = [...mutations.entries()]
  const finds: Find[] = []
  const work = async (): Promise<void> => {
    for (let next = left.shift(); next !== undefined; next = left.shift()) {
      const [index, mutation] = next
      finds[index] = { name: mutation.name, failure: await firstFailure(seeds, mutation) }
    }
  }
  await Promise.all(Array.from({ length: workers }, work))
  return finds
}

/** The first seed that fails in a copy of the sources, broken by the mutation if there is one. */
export async function firstFailure(seeds: number, mutation?: Mutation): Promise<Failure | undefined> {
  const copy = mkdtempSync(join(tmpdir(), 'molecule-mutation-'))
  try {
    for (const part of [...PARTS, ...FILES]) cpSync(join(ROOT, part), join(copy, part), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'))
    if (mutation !== undefined) apply(mutation, copy)
    const run = Bun.spawn(
      [
        process.execPath,
        'lab/simulation/main.ts',
        '--until-failure',
        '--workers',
        '1',
        '--seeds',
        String(seeds),
      ],
      { cwd: copy, stdio: ['ignore', 'pipe', 'pipe'] },
    )
    const [code, output, errors] = await Promise.all([run.exited, run.stdout.text(), run.stderr.text()])
    const [, seed, fault = ''] = /^seed (\d+) failed.*\n *(.*)/m.exec(output) ?? []
    // Only a run that came to its end tells anything.
    if ((code === 0) !== (seed === undefined) || !/^time /m.test(output)) {
      throw new Error(`the simulation broke off (${code}):\n${output}\n${errors}`)
    }
    return seed === undefined ? undefined : { seed: Number(seed), fault }
  } finally {
    rmSync(copy, { recursive: true, force: true })
  }
}

function apply({ name, file, find, replace }: Mutation, copy: string): void {
  const path = join(copy, file)
  const parts = readFileSync(path, 'utf8').split(find)
  if (parts.length !== 2) throw new Error(`"${name}": its text stands ${parts.length - 1} times in ${file}`)
  writeFileSync(path, parts.join(replace))
}
