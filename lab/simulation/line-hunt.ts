/**
 * Looks for lines that no test holds: deletes one statement at a time, or turns one condition or constant round, in a
 * copy of the sources, and runs tests: first those that are likely to notice, then all. Prints each change that they let
 * pass. Run by hand, and takes long:
 * `bun lab/simulation/line-hunt.ts --first test/member/workspace/presence.test.ts --tests test/member/workspace member/workspace/presence.ts`
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { copySources } from './source-copy.ts'

interface Change {
  readonly line: number
  /** The lines that take the place of `count` lines. */
  readonly lines: readonly string[]
  readonly count: number
}

/** Processor seconds after which a run counts as hung, which is a find. */
const CPU_SECONDS = 20

const SWAPS: readonly (readonly [string, string])[] = [
  [' && ', ' || '],
  [' === ', ' !== '],
  [' < ', ' <= '],
  [' > ', ' >= '],
  [' + ', ' - '],
  [' * ', ' / '],
]

const { values, positionals } = parseArgs({
  options: {
    first: { type: 'string', multiple: true, default: [] },
    tests: { type: 'string', multiple: true, default: [] },
    from: { type: 'string', default: '1' },
  },
  allowPositionals: true,
})

using copy = copySources()
if (!passes(copy.folder, [...values.first, ...values.tests]))
  throw new Error('the tests fail without any change')
for (const file of positionals) {
  const path = join(copy.folder, file)
  const source = readFileSync(path, 'utf8')
  const lines = source.split('\n')
  for (const change of changesOf(lines)) {
    if (change.line < Number(values.from)) continue
    const changed = lines.toSpliced(change.line - 1, change.count, ...change.lines).join('\n')
    if (!parses(changed)) continue
    writeFileSync(path, changed)
    if (![values.first, values.tests].every((tests) => passes(copy.folder, tests))) continue
    const before = lines.slice(change.line - 1, change.line - 1 + change.count)
    console.log(
      `${file}:${change.line}\n  - ${before.map(trim).join(' ')}\n  + ${change.lines.map(trim).join(' ')}`,
    )
  }
  writeFileSync(path, source)
}

function changesOf(lines: readonly string[]): readonly Change[] {
  return lines.flatMap((text, index) => {
    const line = index + 1
    if (/^\s*(?:\/\/|\/?\*|import |export |readonly |interface |type )/.test(text) || trim(text).length < 3)
      return []
    const turned = turns(text).map((other): Change => ({ line, lines: [other], count: 1 }))
    // Deleting one of these leaves what does not compile.
    const isNeeded = /^\s*(?:const |let |return |[}\])]|(?:\.\.\.)?[\w.]+(?:: .*)?,$)/.test(text)
    const isStatement = text.startsWith('    ') && !isNeeded
    return isStatement ? [{ line, lines: [], count: lengthOf(lines, index) }, ...turned] : turned
  })
}

/** How many lines the statement takes that begins here. */
function lengthOf(lines: readonly string[], index: number): number {
  const text = lines[index] ?? ''
  if (!/[({[]$/.test(text)) return 1
  const indent = /^\s*/.exec(text)?.[0] ?? ''
  const end = lines.findIndex(
    (one, other) => other > index && one.startsWith(indent) && /^[)}\]]+,?$/.test(one.slice(indent.length)),
  )
  return end === -1 ? 1 : end - index + 1
}

function turns(text: string): readonly string[] {
  const [, name = '', value = ''] = /^(?:export )?(const [A-Z_]+ = )([\d_ *]+)$/.exec(text) ?? []
  if (name !== '') return [`${name}(${value}) * 2`, `${name}(${value}) / 2`]
  const swapped = SWAPS.flatMap(([one, other]) => [text.replace(one, other), text.replace(other, one)])
  const settled = ['if (true)', 'if (false)'].map((settledIf) =>
    text.replace(/\bif \(.*\)(?= \S)/, settledIf),
  )
  const unawaited = text.replace(/^( +)await /, '$1void ')
  return [...new Set([...swapped, ...settled, unawaited])].filter((other) => other !== text)
}

function parses(source: string): boolean {
  try {
    new Bun.Transpiler({ loader: 'ts' }).transformSync(source)
    return true
  } catch {
    // Not a statement of its own.
    return false
  }
}

function passes(cwd: string, tests: readonly string[]): boolean {
  const command = `ulimit -t ${CPU_SECONDS}; exec "$0" test --bail "$@"`
  return Bun.spawnSync(['bash', '-c', command, process.execPath, ...tests], {
    cwd,
    stdio: ['ignore', 'ignore', 'ignore'],
  }).success
}

function trim(text: string): string {
  return text.trim()
}
