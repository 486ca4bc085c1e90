/** From a message that the platform has stored to its answer stored, by the platform's own clock. */
import { systemClock } from '../../../base/clock.ts'
import { answerId } from '../../../runner/reply-route.ts'
import { pause } from '../../driver/pause.ts'
import { Peer, type PeerMessage } from '../../driver/peer.ts'
import type { Member, Scene } from '../../driver/scene.ts'
import { until } from '../../driver/until.ts'
import { milliseconds, quantile, spread } from '../../statistics.ts'
import type { Line } from '../line.ts'
import { startRunner } from './runner.ts'

const WARM_UP = 10
const STREAM_SAMPLES = 200
const POLL_SAMPLES = 40
const MAX_WITH_STREAM_MS = 20
const POLL_INTERVAL_MS = 500
const MAX_OVER_INTERVAL_MS = 50

export async function measureAnswers(scene: Scene): Promise<readonly Line[]> {
  const pauseMs = (): number => 15 + systemClock.random() * 30
  const mock = await sample(scene, ['--backend', 'mock'], STREAM_SAMPLES, pauseMs)
  const command = ['--backend', 'exec', '--backend-opt', 'cmd=cat']
  const exec = await sample(scene, command, STREAM_SAMPLES, pauseMs)
  scene.platform.setFaults({ answers: [{ kind: 'empty_404', path: '/events/stream', times: 0 }] })
  const polled = await sample(
    scene,
    ['--backend', 'mock'],
    POLL_SAMPLES,
    () => systemClock.random() * POLL_INTERVAL_MS,
  )
  return [
    line('event stream open, mock', mock, MAX_WITH_STREAM_MS),
    { what: `${WHAT}, event stream open, exec with cat`, measured: spread(exec), budget: '' },
    line(
      `no stream, polling every ${POLL_INTERVAL_MS} ms, mock`,
      polled,
      POLL_INTERVAL_MS + MAX_OVER_INTERVAL_MS,
    ),
  ]
}

const WHAT = 'message stored to answer stored'

function line(how: string, samples: readonly number[], maxMs: number): Line {
  return {
    what: `${WHAT}, ${how}`,
    measured: spread(samples),
    budget: `p95 <= ${milliseconds(maxMs)}`,
    met: quantile(samples, 0.95) <= maxMs,
  }
}

async function sample(
  scene: Scene,
  backend: readonly string[],
  count: number,
  pauseMs: () => number,
): Promise<readonly number[]> {
  const [asking, answering] = scene.platform.createTeam()
  if (asking === undefined || answering === undefined) throw new Error('no team')
  const peer = new Peer(scene.platform.url, asking)
  const interval = { MOLECULE_POLL_INTERVAL_MS: String(POLL_INTERVAL_MS) }
  await using runner = await startRunner(scene, answering, backend, interval)
  await runner.serving()
  const all = WARM_UP + count
  for (let index = 0; index < all; index++) {
    await pause(pauseMs())
    await peer.write(answering.id, `sample ${index}`)
  }
  const answers = await until('all answers', async () => {
    const received = await peer.received()
    return received.length === all && received
  })
  return latencies(answering, await new Peer(scene.platform.url, answering).received(), answers).slice(
    WARM_UP,
  )
}

function latencies(
  { id }: Member,
  questions: readonly PeerMessage[],
  answers: readonly PeerMessage[],
): readonly number[] {
  const answeredAt = new Map(answers.map(({ messageId, createdAt }) => [messageId, createdAt]))
  return questions.map(({ activityId, createdAt }) => {
    const at = answeredAt.get(answerId(id, activityId))
    if (at === undefined) throw new Error(`${activityId} has no answer`)
    return instantMs(at) - instantMs(createdAt)
  })
}

/** A timestamp with microseconds, of which a `Date` keeps none. */
function instantMs(text: string): number {
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? []
  return Date.parse(text.replace(/\.\d+/, '')) + Number(`0.${fraction}`) * 1000
}
