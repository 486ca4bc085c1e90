/** The house rules: which file lives in which room, which room may import which, and how long a file may be. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

const ROOT = join(import.meta.dir, '..')

/** From top to bottom. A file imports from its own room and from the floors below; rooms on one floor do not meet. */
const FLOORS: readonly (readonly string[])[] = [
  ['test/'],
  ['lab/'],
  ['scripts/'],
  ['server.ts'],
  ['plugin/session/'],
  ['plugin/host/'],
  ['member/workspace/'],
  ['poll.ts', 'heartbeat.ts'],
  ['member/files/', 'member/ledger/'],
  ['member/folder/', 'member/client/'],
  ['member/settings/'],
  ['platform-urls.ts'],
  ['base/'],
]
/** A program of its own. Only what drives it from outside imports it, and it imports nothing of the rest. */
const APART = 'platform/'
const OUTSIDE: readonly string[] = ['test/', 'lab/']

interface Import {
  readonly from: string
  readonly to: string
}

const files = Bun.spawnSync(['git', 'ls-files', '--cached', '--others', '--exclude-standard', '*.ts'], {
  cwd: ROOT,
})
  .stdout.toString()
  .trim()
  .split('\n')

describe('the house', () => {
  test('gives every file a room', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(files.filter((file) => roomOf(file) === undefined)).toEqual([])
  })

  test('has no arrow up, and none between rooms on one floor', () => {
    expect(allImports().filter((one) => !mayImport(one))).toEqual([])
  })
})

function allImports(): readonly Import[] {
  const transpiler = new Bun.Transpiler({ loader: 'ts' })
  return files.flatMap((from) => {
    const source = readFileSync(join(ROOT, from), 'utf8')
    // The transpiler leaves out what is imported as a type alone.
    const typed = [...source.matchAll(/\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/g)].map(
      ([, one, other]) => one ?? other ?? '',
    )
    const run = transpiler.scanImports(source).map(({ path }) => path)
    return [...new Set([...typed, ...run])]
      .filter((path) => path.startsWith('.') && path.endsWith('.ts'))
      .map((path) => ({ from, to: posix.join(dirname(from), path) }))
  })
}

function roomOf(file: string): string | undefined {
  return [...FLOORS.flat(), APART].find((room) =>
    room.endsWith('/') ? file.startsWith(room) : file === room,
  )
}

function mayImport({ from, to }: Import): boolean {
  const [above, below] = [roomOf(from), roomOf(to)]
  if (above === undefined || below === undefined) return false
  if (above === below) return true
  if (below === APART) return OUTSIDE.includes(above)
  if (above === APART) return false
  return floorOf(above) < floorOf(below)
}

function floorOf(room: string): number {
  return FLOORS.findIndex((floor) => floor.includes(room))
}
