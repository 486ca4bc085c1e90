/** Message stored -> channel event read by the host, with the event stream and without one. */
import type { Host } from '../driver/host.ts'
import type { Member, Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { type Line, milliseconds, quantile, spread } from './line.ts'

const WARM_UP = 10
const STREAM_SAMPLES = 200
const POLL_SAMPLES = 40
const MOST_WITH_STREAM_MS = 10
const POLL_INTERVAL_MS = 500
const MOST_OVER_INTERVAL_MS = 50

export async function measureStreamLatency(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member, {}, 'stream'))
  await until('the event stream', async () => (await host.call('status')).text.includes('event stream open'))
  const samples = await sample(scene, member, host, STREAM_SAMPLES, () => 10 + Math.random() * 20)
  await host.close()
  const p95 = quantile(samples, 0.95)
  return [
    {
      what: 'message stored to event, event stream open',
      measured: spread(samples),
      budget: `p95 <= ${MOST_WITH_STREAM_MS} ms`,
      met: p95 <= MOST_WITH_STREAM_MS,
    },
  ]
}

export async function measurePollLatency(scene: Scene): Promise<readonly Line[]> {
  scene.platform.setFaults({ answers: [{ kind: 'empty_404', path: '/events/stream', times: 0 }] })
  const member = scene.member()
  const host = await scene.host(
    scene.settings(member, { MOLECULE_POLL_INTERVAL_MS: String(POLL_INTERVAL_MS) }, 'poll'),
  )
  await host.receiving()
  const samples = await sample(scene, member, host, POLL_SAMPLES, () => Math.random() * POLL_INTERVAL_MS)
  await host.close()
  scene.platform.resetFaults()
  const budget = POLL_INTERVAL_MS + MOST_OVER_INTERVAL_MS
  return [
    {
      what: `message stored to event, no stream, polling every ${POLL_INTERVAL_MS} ms`,
      measured: spread(samples),
      budget: `p95 <= ${milliseconds(budget)}`,
      met: quantile(samples, 0.95) <= budget,
    },
  ]
}

/** From the moment the message is sent to the platform, so the platform's own time is counted in. */
async function sample(
  { person }: Scene,
  { id }: Member,
  host: Host,
  count: number,
  pauseMs: () => number,
): Promise<readonly number[]> {
  const samples: number[] = []
  for (let index = 0; index < WARM_UP + count; index++) {
    await Bun.sleep(pauseMs())
    const text = `sample ${index}`
    const from = performance.now()
    await person.write(id, text)
    const { at } = await host.event(({ content }) => content === text)
    if (index >= WARM_UP) samples.push(at - from)
  }
  return samples
}
