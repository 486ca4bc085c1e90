/**
 * Mutation testing: finds lines that no test covers. In a copy of the sources, each statement of the given files gets a
 * switch that skips it, and each condition one that fixes or negates it; then the tests run in one process with one
 * switch on at a time. Prints the mutants that survive. Run by hand:
 *
 *   bun lab/simulation/line-hunt.ts --tests test/member/workspace/validity.test.ts member/workspace/validity.ts …
 *
 * Deletions that the compiler rejects are of no interest, so declarations and properties are left alone. So are
 * constants, since they are read only once.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'
import { copySources } from './source-copy.ts'

interface Switch {
  readonly id: number
  readonly what: string
}

/** Processor seconds for all tests with one switch on, after which they count as hung, which counts as caught. */
const CPU_SECONDS = 6

const SWAPS: readonly (readonly [string, string])[] = [
  [' && ', ' || '],
  [' === ', ' !== '],
  [' < ', ' <= '],
  [' > ', ' >= '],
  [' + ', ' - '],
]

const { values, positionals } = parseArgs({
  options: { tests: { type: 'string', multiple: true, default: [] } },
  allowPositionals: true,
})

using copy = copySources()
const switches: Switch[] = []
for (const file of positionals) instrument(file)
for (const file of values.tests) redirect(file)
writeFileSync(join(copy.folder, 'test/collected.ts'), COLLECTED())
const report = join(copy.folder, 'report')

for (let from = 1; from <= switches.length; ) from = (await runTests(from)) + 1

/** Runs the tests with one switch on at a time. Returns the last switch, on which the tests may have hung. */
async function runTests(from: number): Promise<number> {
  writeFileSync(report, '')
  writeFileSync(join(copy.folder, 'test/hunt.test.ts'), driver(from))
  const child = Bun.spawn([process.execPath, 'test', '--timeout', '100000000', 'test/hunt.test.ts'], {
    cwd: copy.folder,
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  let seen = ''
  let usedBefore = 0
  const told = (): readonly string[] => readFileSync(report, 'utf8').trim().split('\n')
  while (child.exitCode === null && child.signalCode === null) {
    await sleep(500, undefined, systemClock)
    const now = told().at(-1) ?? ''
    const used = cpuSeconds(child.pid)
    if (now !== seen) [seen, usedBefore] = [now, used]
    else if (used - usedBefore > CPU_SECONDS) child.kill('SIGKILL')
  }
  const lines = told()
  if (lines[0] !== 'whole') throw new Error(`the tests fail without any change: ${lines.join('\n')}`)
  for (const line of lines) if (line.startsWith('passed ')) console.log(line)
  return Number(lines.at(-1)?.split(' ')[1] ?? switches.length)
}

function cpuSeconds(pid: number): number {
  try {
    const [user, system] =
      readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ').slice(11, 13) ?? []
    return (Number(user) + Number(system)) / 100
  } catch {
    // It has just exited.
    return 0
  }
}

/** Puts a switch around each statement and condition of a file. */
function instrument(file: string): void {
  const path = join(copy.folder, file)
  let lines = readFileSync(path, 'utf8').split('\n')
  for (let index = 0; index < lines.length; index++) {
    const text = lines[index] ?? ''
    if (/^\s*(?:\/\/|\/?\*|import |export |readonly |interface |type )/.test(text)) continue
    const place = `${file}:${index + 1}`
    // Line numbers stay unchanged.
    for (const [what, change] of changesOf(text)) {
      const id = switches.length + 1
      const changed = change(`globalThis.off === ${id}`, lines, index)
      if (changed === undefined || !parses(changed)) continue
      lines = [...changed]
      switches.push({ id, what: `${place} ${what}: ${text.trim()}` })
    }
  }
  writeFileSync(path, lines.join('\n'))
}

type Change = (isOn: string, lines: readonly string[], index: number) => readonly string[] | undefined

function changesOf(text: string): readonly (readonly [string, Change])[] {
  const changes: (readonly [string, Change])[] = []
  const [, head, condition, tail] = /^(\s*(?:\} else )?if \()(.*)(\)(?: .*|))$/.exec(text) ?? []
  const [, name, value] = /^(\s*(?:const \w+ = |return ))(.+[^,({[])$/.exec(text) ?? []
  const swaps = SWAPS.flatMap(([one, other]) => [
    [one, other],
    [other, one],
  ])
  if (
    head !== undefined &&
    condition !== undefined &&
    tail !== undefined &&
    tail.split('(').length <= tail.split(')').length
  ) {
    for (const [what, settled] of [
      ['always', 'true'],
      ['never', 'false'],
      ...swaps.map(([one = '', other = '']) => [`${one}→${other}`, condition.replace(one, other)]),
    ]) {
      if (settled === condition) continue
      changes.push([
        what ?? '',
        (isOn, lines, index) =>
          replaced(lines, index, `(${condition})`, `(${isOn} ? ${settled} : (${condition}))`),
      ])
    }
  } else if (name !== undefined && value !== undefined) {
    for (const [one = '', other = ''] of swaps) {
      const swapped: string = value.replace(one, other)
      if (swapped === value) continue
      changes.push([
        `${one}→${other}`,
        (isOn, lines, index) => replaced(lines, index, value, `(${isOn} ? ${swapped} : (${value}))`),
      ])
    }
  }
  if (
    /^ {4}/.test(text) &&
    !/^\s*(?:const |let |return |break|[}\])]|(?:\.\.\.)?[\w.]+(?:: .*)?,$)/.test(text)
  ) {
    changes.push(['without', wrapped])
  }
  return changes
}

/** Only the first change of a line finds the original text; the others find it nested. */
function replaced(
  lines: readonly string[],
  index: number,
  text: string,
  other: string,
): readonly string[] | undefined {
  const line = lines[index] ?? ''
  const at = line.lastIndexOf(text)
  return at === -1 ? undefined : lines.with(index, line.slice(0, at) + other + line.slice(at + text.length))
}

function wrapped(isOn: string, lines: readonly string[], index: number): readonly string[] | undefined {
  const first = lines[index] ?? ''
  const indent = /^\s*/.exec(first)?.[0] ?? ''
  const isOpen = /[({[]$/.test(first)
  const end = isOpen
    ? lines.findIndex(
        (one, other) =>
          other > index && one.startsWith(indent) && /^[)}\]][^{(]*$/.test(one.slice(indent.length)),
      )
    : index
  // An `else` must keep its `if`.
  if (end === -1 || /^\s*else\b/.test(lines[end + 1] ?? '')) return undefined
  const opened = lines.with(index, `if (!(${isOn})) { ${first}`)
  return opened.with(end, `${opened[end]} }`)
}

function parses(lines: readonly string[]): boolean {
  try {
    new Bun.Transpiler({ loader: 'ts' }).transformSync(lines.join('\n'))
    return true
  } catch {
    // Not a separate statement.
    return false
  }
}

/** Makes a test file register its tests with the driver. */
function redirect(file: string): void {
  const path = join(copy.folder, file)
  const up = '../'.repeat(file.split('/').length - 2)
  writeFileSync(
    path,
    readFileSync(path, 'utf8').replace("from 'bun:test'", `from '${up === '' ? './' : up}collected.ts'`),
  )
}

function COLLECTED(): string {
  return `import { expect as expectIt } from 'bun:test'
export const expect = expectIt
export const tests = []
const each = (rows) => (title, run) => {
  for (const row of rows) tests.push({ title, run: () => (Array.isArray(row) ? run(...row) : run(row)) })
}
export const test = Object.assign((title, run) => void tests.push({ title, run }), { each })
export const describe = (_, run) => run()
`
}

function driver(from: number): string {
  return `import { test } from 'bun:test'
import { appendFileSync } from 'node:fs'
import { tests } from './collected.ts'
${values.tests.map((file) => `import '../${file}'`).join('\n')}
const say = (line) => appendFileSync(${JSON.stringify(report)}, line + '\\n')
const failing = async (off) => {
  globalThis.off = off
  for (const one of tests) {
    try { await one.run() } catch (error) {
      // The same test is likely to catch the next change.
      tests.sort((a, b) => (b === one) - (a === one))
      return one.title + ': ' + error
    }
  }
}
test('hunt', async () => {
  const whole = await failing(0)
  say(whole ?? 'whole')
  if (whole !== undefined) return
  for (const { id, what } of ${JSON.stringify(switches)}) {
    if (id < ${from}) continue
    say('begun ' + id)
    const found = await failing(id)
    say((found === undefined ? 'passed ' : 'found ') + id + ' ' + what)
  }
})
`
}
