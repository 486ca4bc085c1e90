/** The receipt of the prompt hook, which every prompt waits for. */
import type { Scene } from '../driver/scene.ts'
import { type Line, quantile, spread } from './line.ts'

const CALLS = 200
const WARM_UP = 20
const MOST_MS = 5

export async function measureReceipt(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member, {}, 'receipt'))
  await host.receiving()
  await scene.person.write(member.id, 'to be confirmed')
  const { meta } = await host.event(({ content }) => content === 'to be confirmed')
  const prompt = `<channel source="plugin:molecule:molecule" workspace_id="${member.id}" activity_id="${meta.activity_id}">\nto be confirmed\n</channel>`
  const samples: number[] = []
  for (let index = 0; index < CALLS + WARM_UP; index++) {
    const from = performance.now()
    await host.call('channel_receipt', { prompt })
    if (index >= WARM_UP) samples.push(performance.now() - from)
  }
  await host.close()
  return [
    {
      what: 'receipt of a prompt answered',
      measured: spread(samples),
      budget: `p95 <= ${MOST_MS} ms`,
      met: quantile(samples, 0.95) <= MOST_MS,
    },
  ]
}
