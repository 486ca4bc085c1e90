/** From the end of stdin to the end of the process, while the platform hangs. */

import { startHangingPlatform } from '../driver/hanging-platform.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { quantile, spread } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const PROCESSES = 12
const MAX_MS = 50

export async function measureExit(scene: Scene): Promise<readonly Line[]> {
  using hanging = startHangingPlatform()
  const plugins = await Promise.all(
    Array.from({ length: PROCESSES }, async (_, index) => {
      const env = scene.settings(scene.member(), { MOLECULE_PLATFORM_URL: hanging.url }, `exit-${index}`)
      const plugin = scene.process(env)
      await plugin.connect()
      await until('the workspace to be held', async () => (await plugin.call('status')).includes('held here'))
      return plugin
    }),
  )
  const samples: number[] = []
  for (const plugin of plugins) {
    const from = elapsedMs()
    plugin.endInput()
    await plugin.exited()
    samples.push(elapsedMs() - from)
  }
  return [
    {
      what: 'end of stdin to end of process, platform hanging',
      measured: spread(samples),
      budget: `p95 <= ${MAX_MS} ms`,
      met: quantile(samples, 0.95) <= MAX_MS,
    },
  ]
}
