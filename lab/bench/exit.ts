/** End of stdin -> process gone, while the platform hangs. */
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { startHangingPlatform } from './hanging-platform.ts'
import { type Line, quantile, spread } from './line.ts'

const PROCESSES = 12
const MOST_MS = 50

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
    const from = performance.now()
    plugin.endInput()
    await plugin.exited()
    samples.push(performance.now() - from)
  }
  return [
    {
      what: 'end of stdin to process gone, platform hanging',
      measured: spread(samples),
      budget: `<= ${MOST_MS} ms`,
      met: quantile(samples, 0.95) <= MOST_MS,
    },
  ]
}
