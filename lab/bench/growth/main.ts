/**
 * `./molecule bench:growth [--quick]`: prints what things cost with histories of different lengths as a Markdown table,
 * and draws the plot beside this file. With `--quick`, no longer history than 100,000 rows, and no plot.
 */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { machine } from '../../machine.ts'
import { elapsedMs } from '../../stopwatch.ts'
import type { Cost } from './cost.ts'
import { platformCosts } from './platform-costs.ts'
import { plot } from './plot.ts'
import { pluginCosts } from './plugin-costs.ts'

const quick = process.argv.includes('--quick')
const SIZES = quick ? [1_000, 100_000] : [1_000, 100_000, 1_000_000]

const costs: Cost[] = []
for (const rows of SIZES) {
  const from = elapsedMs()
  costs.push(...(await pluginCosts(rows)), ...(await platformCosts(rows)))
  console.error(`${rows.toLocaleString('en')} rows: ${((elapsedMs() - from) / 1000).toFixed(1)} s`)
}

console.log(`${machine()}\n`)
console.log('Median time and mean processor time, by rows in the ledger or on the platform:\n')
console.log(table(costs))
if (!quick) writeFileSync(join(import.meta.dir, 'growth.svg'), plot(costs))

function table(all: readonly Cost[]): string {
  const head = ['What', ...SIZES.map((rows) => `${rows.toLocaleString('en')} rows`)]
  const lines = [...Map.groupBy(all, ({ of, what }) => `${of}: ${what}`)].map(([name, line]) => [
    name,
    ...line.map(
      ({ ms, cpuMs }) => `${figure(ms)}${cpuMs === undefined ? '' : `, ${figure(cpuMs)} of processor time`}`,
    ),
  ])
  return [head, ['---', ...SIZES.map(() => '---:')], ...lines]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n')
}

function figure(ms: number): string {
  return `${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`
}
