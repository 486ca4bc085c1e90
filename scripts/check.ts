/** Everything that a change must pass, cheapest first. Stops at the first failure. */
import { systemClock } from '../base/clock.ts'
import { bundle, bundlePath, PROGRAMS, type Program } from './build.ts'

interface Step {
  readonly name: string
  readonly run: () => Promise<boolean>
}

function command(...words: readonly string[]): () => Promise<boolean> {
  return async () => (await Bun.spawn([...words], { stdio: ['ignore', 'inherit', 'inherit'] }).exited) === 0
}

/** Users start the committed bundles, so they must be up to date. */
async function bundlesAreFresh(): Promise<boolean> {
  for (const program of Object.keys(PROGRAMS) as Program[]) {
    const committed = await Bun.file(bundlePath(program)).text()
    if ((await bundle(program)) === committed) continue
    console.error(`dist/${program}.js is out of date: run \`./molecule build\` and commit it.`)
    return false
  }
  return true
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
  { name: 'bundles', run: bundlesAreFresh },
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
