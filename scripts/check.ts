/** Everything that a change must pass, cheapest first. Stops at the first failure. */
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock } from '../base/clock.ts'
import { builtFiles } from './build.ts'
import { BUILD_IS_FRESH } from './bundle.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

interface Step {
  readonly name: string
  readonly run: () => Promise<boolean>
}

function command(...words: readonly string[]): () => Promise<boolean> {
  // The tests come after the build: none of them has to build again to see that it is up to date.
  const env = { ...process.env, [BUILD_IS_FRESH]: '1' }
  return async () =>
    (await Bun.spawn([...words], { env, stdio: ['ignore', 'inherit', 'inherit'] }).exited) === 0
}

/** Users run what is committed, so it must be up to date, with nothing beside it. */
async function buildIsFresh(): Promise<boolean> {
  const built = await builtFiles()
  const committed = [...new Bun.Glob('dist/**').scanSync({ cwd: ROOT, dot: true })]
  const stale: string[] = committed.filter((path) => !built.has(path))
  for (const [path, bytes] of built) {
    const file = Bun.file(join(ROOT, path))
    if (!(await file.exists()) || !Buffer.from(bytes).equals(await file.bytes())) stale.push(path)
  }
  if (stale.length === 0) return true
  console.error(`${stale.join(', ')}: out of date. Run \`./molecule build\` and commit dist/.`)
  return false
}

// Bun runs these: their own shebang asks for Node.js, which a machine need not have.
const bin = (name: string): string => `node_modules/.bin/${name}`

const steps: readonly Step[] = [
  {
    name: 'format and lint',
    run: command(process.execPath, bin('biome'), 'check', '--error-on-warnings', '.'),
  },
  { name: 'types', run: command(process.execPath, bin('tsc'), '--noEmit') },
  { name: 'dead code', run: command(process.execPath, 'scripts/dead-code.ts') },
  { name: 'build', run: buildIsFresh },
  { name: 'tests', run: command(process.execPath, 'run', '--silent', 'test') },
]

for (const { name, run } of steps) {
  const from = systemClock.now()
  const passed = await run()
  console.log(
    `${passed ? 'passed' : 'FAILED'}: ${name} (${((systemClock.now() - from) / 1000).toFixed(1)} s)`,
  )
  if (!passed) process.exit(1)
}
