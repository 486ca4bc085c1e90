/** Memory of a process with a hundred workspaces, beside a process with one. */
import { pause } from '../driver/pause.ts'
import type { PluginProcess } from '../driver/plugin-process.ts'
import { residentBytes } from '../driver/process-figures.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { mebibytes } from '../statistics.ts'
import { type Line, notKnown } from './line.ts'

const MANY = 100
const MAX_RATIO = 2
const SETTLE_MS = 8_000

export async function measureManyWorkspaces(scene: Scene): Promise<readonly Line[]> {
  const one = await watch(scene, 1)
  const many = await watch(scene, MANY)
  await pause(SETTLE_MS)
  const [small, large] = [residentBytes(one.pid), residentBytes(many.pid)]
  for (const plugin of [one, many]) {
    plugin.signal('SIGTERM')
    await plugin.exited()
  }
  const what = `memory with ${MANY} workspaces beside one (RSS)`
  if (small === undefined || large === undefined) return [notKnown(what)]
  return [
    {
      what,
      measured: `${mebibytes(large)} beside ${mebibytes(small)} (${(large / small).toFixed(2)} x)`,
      budget: `<= ${MAX_RATIO} x`,
      met: large / small <= MAX_RATIO,
    },
  ]
}

/** Starts a session with this many workspaces and waits until each has its event stream. */
async function watch(scene: Scene, count: number): Promise<PluginProcess> {
  const members = Array.from({ length: count }, () => scene.member())
  const plugin = scene.process(scene.settings(members, {}, `watch-${count}`))
  await plugin.connect()
  const streams = members.map(({ id }) => `GET /workspaces/${id}/events/stream`)
  await until('all streams', () => streams.every((stream) => scene.requests.includes(stream)), 30_000)
  return plugin
}
