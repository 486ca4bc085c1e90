/** `./molecule bench:platform [--quick]`: prints three tables and writes the plot beside this file. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatformProcess } from '../../driver/platform-process.ts'
import { type LoadResult, load } from './load.ts'
import { pageCosts } from './page-cost.ts'
import { plot } from './plot.ts'
import { responsiveness } from './responsiveness.ts'

const quick = process.argv.includes('--quick')
const SIZES = quick ? [10, 100] : [10, 30, 100, 300, 1000]
const SECONDS = quick ? 3 : 20

const results: LoadResult[] = []
for (const workspaces of SIZES) results.push(await measured(workspaces))

console.log(
  `\nLoad: 200 messages a second for ${SECONDS} s; for each workspace a stream, and a heartbeat every 30 s`,
)
console.table(
  results.map((result) => ({
    workspaces: result.workspaces,
    messages: result.messages,
    'p50 ms': round(result.p50),
    'p95 ms': round(result.p95),
    'p99 ms': round(result.p99),
    failures: result.failures,
    'memory MiB': result.memoryMib === undefined ? '' : Math.round(result.memoryMib),
  })),
)
if (!quick) writeFileSync(join(import.meta.dir, 'scale.svg'), plot(results))

console.log('\nA page of activity, by rows in the workspace')
const costs = await pageCosts()
console.table(costs.map((cost) => ({ ...cost, p50: round(cost.p50), p95: round(cost.p95) })))

console.log('\nHow long `/health` takes while each of three members asks twice at once for')
console.table(
  (await responsiveness()).map(({ meanwhile, p50, p99, worst, memoryMib }) => ({
    meanwhile,
    'p50 ms': round(p50),
    'p99 ms': round(p99),
    'worst ms': round(worst),
    'memory MiB': memoryMib === undefined ? '' : Math.round(memoryMib),
  })),
)

async function measured(workspaces: number): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), 'platform-load-'))
  const platform = await startPlatformProcess(join(folder, 'platform.db'))
  try {
    return await load(platform, workspaces, SECONDS)
  } finally {
    await platform.stop()
    rmSync(folder, { recursive: true })
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
