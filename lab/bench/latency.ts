/** From a message sent to its event read by the host, with the event stream and without it. */
import { systemClock } from '../../base/clock.ts'
import type { Host } from '../driver/host.ts'
import { pause } from '../driver/pause.ts'
import type { Member, Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { milliseconds, quantile, spread } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const WARM_UP = 10
const STREAM_SAMPLES = 200
const POLL_SAMPLES = 40
const MAX_WITH_STREAM_MS = 10
const POLL_INTERVAL_MS = 500
const MAX_OVER_INTERVAL_MS = 50

export async function measureStreamLatency(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member))
  await until('the event stream', async () => (await host.call('status')).text.includes('event stream open'))
  const samples = await sample(scene, member, host, STREAM_SAMPLES, () => 10 + systemClock.random() * 20)
  await host.close()
  return [line('event stream open', samples, MAX_WITH_STREAM_MS)]
}

export async function measurePollLatency(scene: Scene): Promise<readonly Line[]> {
  scene.platform.setFaults({ answers: [{ kind: 'empty_404', path: '/events/stream', times: 0 }] })
  const member = scene.member()
  const settings = scene.settings(member, { MOLECULE_POLL_INTERVAL_MS: String(POLL_INTERVAL_MS) })
  const host = await scene.host(settings)
  await host.receiving()
  const pauseMs = (): number => systemClock.random() * POLL_INTERVAL_MS
  const samples = await sample(scene, member, host, POLL_SAMPLES, pauseMs)
  await host.close()
  const how = `no stream, polling every ${POLL_INTERVAL_MS} ms`
  return [line(how, samples, POLL_INTERVAL_MS + MAX_OVER_INTERVAL_MS)]
}

function line(how: string, samples: readonly number[], maxMs: number): Line {
  return {
    what: `message sent to event, ${how}`,
    measured: spread(samples),
    budget: `p95 <= ${milliseconds(maxMs)}`,
    met: quantile(samples, 0.95) <= maxMs,
  }
}

/** Measures from before the request, so the platform's own time counts too. */
async function sample(
  { person }: Scene,
  { id }: Member,
  host: Host,
  count: number,
  pauseMs: () => number,
): Promise<readonly number[]> {
  const samples: number[] = []
  for (let index = 0; index < WARM_UP + count; index++) {
    await pause(pauseMs())
    const text = `sample ${index}`
    const from = elapsedMs()
    await person.write(id, text)
    const { at } = await host.event(({ content }) => content === text)
    if (index >= WARM_UP) samples.push(at - from)
  }
  return samples
}
