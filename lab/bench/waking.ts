/** A process that stood still, as on a machine that slept: how soon it is present again, and how often it asks then. */
import { pause } from '../driver/pause.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { milliseconds } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

/** Longer than every wait of these settings. */
const STOPPED_MS = 4_000
const WATCHED_MS = 5_000
const SETTINGS = { MOLECULE_POLL_INTERVAL_MS: '250', MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }
const MAX_BEAT_MS = 1_500
/** Four looks a second, a beat a second, and re-reading the window once. */
const MAX_REQUESTS_A_SECOND = 8

export async function measureWaking(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member, SETTINGS))
  await host.receiving()
  process.kill(host.pid, 'SIGSTOP')
  await scene.person.write(member.id, 'while it stood still')
  await pause(STOPPED_MS)
  const before = scene.requests.length
  const since = (): readonly string[] => scene.requests.slice(before)
  process.kill(host.pid, 'SIGCONT')
  const from = elapsedMs()
  const beat = await until('a heartbeat', () => since().includes('POST /registry/heartbeat') && elapsedMs())
  const { at } = await host.event(({ content }) => content === 'while it stood still')
  await pause(WATCHED_MS)
  const perSecond = since().length / ((elapsedMs() - from) / 1000)
  await host.close()
  return [
    {
      what: 'process continued after standing still: time until heartbeat',
      measured: milliseconds(beat - from),
      budget: `<= ${milliseconds(MAX_BEAT_MS)}`,
      met: beat - from <= MAX_BEAT_MS,
    },
    {
      what: 'process continued after standing still: time until the waiting message',
      measured: milliseconds(at - from),
      budget: '',
    },
    {
      what: 'process continued after standing still: requests',
      measured: `${perSecond.toFixed(1)} a second`,
      budget: `<= ${MAX_REQUESTS_A_SECOND} a second`,
      met: perSecond <= MAX_REQUESTS_A_SECOND,
    },
  ]
}
