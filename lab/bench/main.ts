/**
 * Measures what the plugin costs, each figure beside its budget, as a Markdown table. A missed budget is a line of the
 * table, not a failure: on a busy machine the figures say as much about the machine.
 */
import { Scene } from '../driver/scene.ts'
import { machine } from '../machine.ts'
import { elapsedMs } from '../stopwatch.ts'
import { measureBacklog } from './backlog.ts'
import { measureDoorbell } from './doorbell.ts'
import { measureExit } from './exit.ts'
import { measureFiles } from './files.ts'
import { measurePollLatency, measureStreamLatency } from './latency.ts'
import { type Line, renderTable } from './line.ts'
import { measureManyWorkspaces } from './many-workspaces.ts'
import { measureOutages } from './outage.ts'
import { measurePauses } from './pauses.ts'
import { measureReceipt } from './receipt.ts'
import { startResting } from './rest.ts'
import { measureStartup } from './startup.ts'
import { measureUnreadHost } from './unread-host.ts'
import { measureWaking } from './waking.ts'

const lines: Line[] = []

async function measure(name: string, run: (scene: Scene) => Promise<readonly Line[]>): Promise<void> {
  const from = elapsedMs()
  await using scene = await Scene.open()
  lines.push(...(await run(scene)))
  console.error(`${name}: ${((elapsedMs() - from) / 1000).toFixed(1)} s`)
}

await measure('start-up', measureStartup)
// It idles while the others are measured.
await using resting = await startResting()
await measure('latency with a stream', measureStreamLatency)
await measure('latency without a stream', measurePollLatency)
await measure('backlog', measureBacklog)
await measure('receipt', measureReceipt)
await measure('pauses', measurePauses)
await measure('exit', measureExit)
await measure('doorbell', measureDoorbell)
await measure('files', measureFiles)
await measure('many workspaces', measureManyWorkspaces)
await measure('unread host', measureUnreadHost)
await measure('waking', measureWaking)
await measure('outages', measureOutages)
await measure('rest', () => resting.lines())

console.log(`${machine()}\n`)
console.log(renderTable(lines))
