/** The rules of ARCHITECTURE.md: which file belongs to which component, which component may import which, and how long a file may be. */
import { describe, expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { dirname, join, posix } from 'node:path'

const ROOT = join(import.meta.dir, '..')

/** From top to bottom. A file imports from its own component and from the layers below; components in one layer do not import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ['test/'],
  ['lab/'],
  ['scripts/'],
  ['plugin/doctor/', 'plugin/join/'],
  ['server.ts', 'plugin/start/', 'plugin/notice/'],
  ['plugin/session/', 'runner/'],
  ['plugin/host/'],
  ['member/check/'],
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
/** Where time and chance may come from: the clocks themselves, and the entry that hands one in. */
const CLOCKS: readonly string[] = [
  'base/',
  'platform/base/',
  'lab/simulation/sim-clock.ts',
  'server.ts',
  'runner/main.ts',
  'plugin/doctor/main.ts',
  'plugin/join/main.ts',
  'plugin/notice/main.ts',
]
const TIME_OR_CHANCE =
  /\b(?:setTimeout|setInterval|setImmediate|Bun\.sleep)\(|\bDate\.now\b|\bperformance\.|\bMath\.random\b|\bnew Date\(\)/
/** Less common ways to the same. The lab measures with some of them. */
const HIDDEN_TIME_OR_CHANCE =
  /\bDate\[|\bnew Date(?![\w(])|= (?:Date|Math|performance)\b(?!\.)|\bAbortSignal\.timeout\b|\bBun\.nanoseconds\b|\bprocess\.(?:hrtime|uptime)\b|['"](?:node:)?timers\b/
/** Only these choose the system's clock or disk; everything below is handed one. `sendHeartbeat` is called by others, too. */
const ENTRIES: readonly string[] = [
  'server.ts',
  'runner/main.ts',
  'plugin/doctor/main.ts',
  'plugin/join/main.ts',
  'plugin/notice/main.ts',
  'heartbeat.ts',
  'base/clock.ts',
  'base/sqlite.ts',
  'member/ledger/ledger-thread.ts',
]
/** Where the global `fetch` is called, with what keeps a token from a proxy. The plugin is handed it, and calls it in the same way. */
const CALLERS_OF_FETCH: readonly string[] = ['lab/driver/direct-fetch.ts', 'platform/work/push.ts']
/** A call of the global one. The server's handler of the same name is a definition. */
const FETCH = /(?:^|[^\w.#]|\bawait )fetch\((?![^()]*\) \{)/m
const PRODUCT: readonly string[] = [
  'base/',
  'member/',
  'plugin/',
  'runner/',
  'poll.ts',
  'heartbeat.ts',
  'server.ts',
]
const MAX_LINES = 300
const MAX_TOP_LEVEL = 32

interface Import {
  readonly from: string
  readonly to: string
}

const files = listFiles('*.ts')

describe('the repository', () => {
  test('has a top level that fits one screen', () => {
    const top = new Set(listFiles('*').map((file) => file.split('/', 1)[0]))
    expect(top.size).toBeLessThanOrEqual(MAX_TOP_LEVEL)
  })

  test('gives every file a component', () => {
    expect(files.length).toBeGreaterThan(200)
    expect(files.filter((file) => componentOf(file) === undefined)).toEqual([])
  })

  test('has the components that ARCHITECTURE.md lists, and lists those it has', () => {
    const listed = blockUnder('The components').map((line) => line.split(' ', 1)[0] ?? '')
    const folders = new Set(listFiles('*').flatMap(foldersOf))
    const components = new Set(files.flatMap(foldersOf).filter(isComponent))
    expect(listed.filter((path) => !folders.has(path) && !files.includes(path))).toEqual([])
    expect([...components, ...LAYERS.flat()].filter((path) => !listed.includes(path))).toEqual([])
  })

  test('has the layers that ARCHITECTURE.md lists', () => {
    expect(blockUnder('The layers').map((line) => line.split(/ +/))).toEqual(
      LAYERS.map((layer) => [...layer]),
    )
  })

  test('has no import upwards, and none between components in one layer', () => {
    expect(allImports().filter((one) => !mayImport(one))).toEqual([])
  })

  test('keeps the platform and the rest apart, and lets only tests and the lab drive either', () => {
    const crossings = allImports().filter(({ from, to }) => {
      const [above, below] = [componentOf(from), componentOf(to)]
      const isDriver = OUTSIDE.includes(above ?? '')
      if (below === 'test/') return above !== 'test/'
      if (below === 'lab/') return !isDriver
      return above !== below && !isDriver && (above === APART || below === APART)
    })
    expect(crossings).toEqual([])
  })

  test('has no file of more than 300 lines', () => {
    expect(files.filter((file) => read(file).trimEnd().split('\n').length > MAX_LINES)).toEqual([])
  })

  test('calls fetch only where the request bypasses proxies', () => {
    const sources = files.filter((file) => !file.startsWith('test/') && !file.startsWith('scripts/'))
    expect(sources.filter((file) => FETCH.test(withoutComments(read(file))))).toEqual([...CALLERS_OF_FETCH])
  })

  test('takes time and chance from one clock, which an entry hands in', () => {
    const others = files.filter((file) => !isIn(file, CLOCKS) && !file.startsWith('test/'))
    expect(others.length).toBeGreaterThan(200)
    expect(others.filter((file) => TIME_OR_CHANCE.test(withoutComments(read(file))))).toEqual([])
    const ours = others.filter((file) => !file.startsWith('lab/'))
    expect(ours.filter((file) => HIDDEN_TIME_OR_CHANCE.test(withoutComments(read(file))))).toEqual([])
    const product = files.filter((file) => isIn(file, PRODUCT) && !ENTRIES.includes(file))
    expect(product.filter((file) => /\bsystem(?:Clock|Disk)\b/.test(withoutComments(read(file))))).toEqual([])
  })
})

test('no server shares its port with another one', () => {
  const count = (file: string, text: RegExp) => read(file).match(text)?.length ?? 0
  const servers = files.filter((file) => count(file, /Bun\.serve\(\{/g) > 0)
  expect(servers).toContain('platform/platform.ts')
  expect(
    servers.filter((file) => count(file, /Bun\.serve\(\{/g) !== count(file, /\breusePort: false,/g)),
  ).toEqual([])
})

function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8')
}

function isIn(file: string, places: readonly string[]): boolean {
  return places.some((place) => (place.endsWith('/') ? file.startsWith(place) : file === place))
}

/** Left to the transpiler: no pattern tells a comment from a text that looks like one. */
function withoutComments(source: string): string {
  return new Bun.Transpiler({ loader: 'ts', trimUnusedImports: false }).transformSync(source)
}

/** The files of the repository, those not yet committed included. */
function listFiles(pattern: string): readonly string[] {
  const command = ['git', 'ls-files', '--cached', '--others', '--exclude-standard', pattern]
  return Bun.spawnSync(command, { cwd: ROOT }).stdout.toString().trim().split('\n')
}

/** The lines of the first code block under a heading of ARCHITECTURE.md. */
function blockUnder(heading: string): readonly string[] {
  const text = readFileSync(join(ROOT, 'ARCHITECTURE.md'), 'utf8')
  const [, block = ''] = text.split(`\n## ${heading}\n`)[1]?.split(/^```(?:text)?\n/m) ?? []
  return block.trim().split('\n')
}

/** `a/`, `a/b/` and so on, for `a/b/c.ts`. */
function foldersOf(file: string): readonly string[] {
  return [...file.matchAll(/\//g)].map(({ index }) => file.slice(0, index + 1))
}

/** Down to the second level, and below `plugin/host/` to the third. Tests mirror the components. */
function isComponent(folder: string): boolean {
  const depth = folder.split('/').length - 1
  if (folder.startsWith('test/')) return depth === 1
  return depth <= 2 || (depth === 3 && folder.startsWith('plugin/host/'))
}

function allImports(): readonly Import[] {
  const transpiler = new Bun.Transpiler({ loader: 'ts' })
  return files.flatMap((from) => {
    const source = read(from)
    // The transpiler leaves out what is imported as a type alone.
    const typed = [...source.matchAll(/\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/g)].map(
      ([, one, other]) => one ?? other ?? '',
    )
    const run = transpiler.scanImports(source).map(({ path }) => path)
    return (
      [...new Set([...typed, ...run])]
        .filter((path) => path.startsWith('.'))
        // Bun and the compiler find a file without its extension, too.
        .map((path) => (posix.extname(path) === '' ? `${path}.ts` : path))
        .filter((path) => path.endsWith('.ts'))
        .map((path) => ({ from, to: posix.join(dirname(from), path) }))
    )
  })
}

function componentOf(file: string): string | undefined {
  return [...LAYERS.flat(), APART].find((component) => isIn(file, [component]))
}

function mayImport({ from, to }: Import): boolean {
  const [above, below] = [componentOf(from), componentOf(to)]
  if (above === undefined || below === undefined) return false
  if (above === below) return true
  if (below === APART) return OUTSIDE.includes(above)
  if (above === APART) return false
  return layerOf(above) < layerOf(below)
}

function layerOf(component: string): number {
  return LAYERS.findIndex((layer) => layer.includes(component))
}
