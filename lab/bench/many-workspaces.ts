/** Memory of a process that watches a hundred workspaces beside one that watches a single one. */
import type { PluginProcess } from '../driver/plugin-process.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { type Line, mebibytes } from './line.ts'
import { residentBytes } from './process-figures.ts'

const MANY = 100
const MOST_TIMES_ONE = 2
const SETTLE_MS = 8_000

export async function measureManyWorkspaces(scene: Scene): Promise<readonly Line[]> {
  const one = await watch(scene, 1)
  const many = await watch(scene, MANY)
  await Bun.sleep(SETTLE_MS)
  const [small, large] = [residentBytes(one.pid), residentBytes(many.pid)]
  for (const plugin of [one, many]) {
    plugin.signal('SIGTERM')
    await plugin.exited()
  }
  const what = `memory with ${MANY} workspaces beside one (RSS)`
  if (small === undefined || large === undefined)
    return [{ what, measured: 'not known on this system', budget: '' }]
  return [
    {
      what,
      measured: `${mebibytes(large)} beside ${mebibytes(small)} (${(large / small).toFixed(2)} x)`,
      budget: `<= ${MOST_TIMES_ONE} x`,
      met: large / small <= MOST_TIMES_ONE,
    },
  ]
}

/** Starts a session of so many workspaces and waits until each has its event stream. */
async function watch(scene: Scene, count: number): Promise<PluginProcess> {
  const members = Array.from({ length: count }, () => scene.member())
  const plugin = scene.process({
    MOLECULE_STATE_DIR: scene.path(`watch-${count}`),
    MOLECULE_PLATFORM_URL: scene.platform.url,
    MOLECULE_WORKSPACE_IDS: members.map(({ id }) => id).join(','),
    MOLECULE_WORKSPACE_TOKENS: members.map(({ token }) => token).join(','),
  })
  await plugin.connect()
  const streams = members.map(({ id }) => `GET /workspaces/${id}/events/stream`)
  await until('all streams', () => streams.every((stream) => scene.requests.includes(stream)), 30_000)
  return plugin
}
