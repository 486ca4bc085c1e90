/** The receipt that the prompt hook sends: every prompt waits for its answer. */
import { promptOf } from '../driver/channel-event.ts'
import type { Scene } from '../driver/scene.ts'
import { quantile, spread } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const CALLS = 200
const WARM_UP = 20
const MAX_MS = 5

export async function measureReceipt(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member))
  await host.receiving()
  await scene.person.write(member.id, 'to be confirmed')
  const prompt = promptOf(await host.event(({ content }) => content === 'to be confirmed'))
  const samples: number[] = []
  for (let index = 0; index < CALLS + WARM_UP; index++) {
    const from = elapsedMs()
    await host.call('channel_receipt', { prompt })
    if (index >= WARM_UP) samples.push(elapsedMs() - from)
  }
  await host.close()
  return [
    {
      what: 'receipt of a prompt answered',
      measured: spread(samples),
      budget: `p95 <= ${MAX_MS} ms`,
      met: quantile(samples, 0.95) <= MAX_MS,
    },
  ]
}
