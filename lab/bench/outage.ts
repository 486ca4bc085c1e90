/** How soon the plugin recovers after a platform outage, and how often it asks in the meantime. */

import { feedOnly, Gate, isFeed, never } from '../driver/gate.ts'
import type { Host } from '../driver/host.ts'
import { pause } from '../driver/pause.ts'
import type { Member, Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { milliseconds } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const SETTINGS = { MOLECULE_POLL_INTERVAL_MS: '250', MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }
const OUTAGE_MS = 20_000
const MAX_TRIES = 8
const BACK_WITHIN_MS = 2_000
/** The time limit of one request, and the first wait after it. */
const GIVEN_UP_WITHIN_MS = 16_000
/** Three heartbeats and 5 s, and what it takes to open the stream. */
const REOPENED_WITHIN_MS = 10_000
const WAIT_MS = 60_000

/** A session that receives, from a platform behind a gate. */
interface Behind {
  readonly scene: Scene
  readonly gate: Gate
  readonly member: Member
  readonly host: Host
}

export async function measureOutages(scene: Scene): Promise<readonly Line[]> {
  const lines = await Promise.all([
    behindGate(scene, 'fails', measureFailing),
    behindGate(scene, 'down', measureDown),
    behindGate(scene, 'hangs', measureHanging),
    behindGate(scene, 'silent', measureSilentStream),
  ])
  return lines.flat()
}

async function behindGate(
  scene: Scene,
  name: string,
  measure: (behind: Behind) => Promise<readonly Line[]>,
): Promise<readonly Line[]> {
  await using gate = new Gate(scene.platform.url)
  const member = scene.member()
  const host = await scene.host(
    scene.settings(member, { ...SETTINGS, MOLECULE_PLATFORM_URL: gate.url }, name),
  )
  await host.receiving()
  const lines = await measure({ scene, gate, member, host })
  await host.close()
  return lines
}

async function measureFailing({ scene, gate, member, host }: Behind): Promise<readonly Line[]> {
  let tries = 0
  gate.answer = (request) => {
    if (isFeed(request)) tries++
    return Response.json({ error: 'unwell' }, { status: 503 })
  }
  // An open stream would go on.
  await gate.reopen()
  const back = await timeToReturn({ scene, gate, member, host }, () => {
    gate.answer = () => undefined
  })
  return [
    {
      what: `platform answers 503 for ${OUTAGE_MS / 1000} s: looks at the inbox`,
      measured: String(tries),
      budget: `<= ${MAX_TRIES}`,
      met: tries <= MAX_TRIES,
    },
    returnLine('answers 503', back),
  ]
}

async function measureDown(behind: Behind): Promise<readonly Line[]> {
  const { gate } = behind
  await gate.shut()
  return [returnLine('is down', await timeToReturn(behind, () => gate.reopen()))]
}

/** Writes a message into an outage, and returns the milliseconds from its end to the event. */
async function timeToReturn({ scene, member, host }: Behind, end: () => unknown): Promise<number> {
  await scene.person.write(member.id, 'meanwhile')
  await pause(OUTAGE_MS)
  await end()
  const from = elapsedMs()
  const { at } = await host.event(({ content }) => content === 'meanwhile', WAIT_MS)
  return at - from
}

function returnLine(state: string, ms: number): Line {
  return {
    what: `platform ${state} for ${OUTAGE_MS / 1000} s: end to event`,
    measured: milliseconds(ms),
    budget: `<= ${milliseconds(BACK_WITHIN_MS)}`,
    met: ms <= BACK_WITHIN_MS,
  }
}

async function measureHanging({ scene, gate, member, host }: Behind): Promise<readonly Line[]> {
  let asked = 0
  gate.answer = feedOnly(() => (asked++ === 0 ? never() : undefined))
  await until('a request that hangs', () => asked > 0)
  const from = elapsedMs()
  await scene.person.write(member.id, 'late')
  const { at } = await host.event(({ content }) => content === 'late', WAIT_MS)
  return [
    {
      what: 'a look at the inbox hangs: message sent to event',
      measured: milliseconds(at - from),
      budget: `<= ${milliseconds(GIVEN_UP_WITHIN_MS)}`,
      met: at - from <= GIVEN_UP_WITHIN_MS,
    },
  ]
}

/** How long the plugin holds on to an event stream that has died without a word. */
async function measureSilentStream({ gate }: Behind): Promise<readonly Line[]> {
  const opened: number[] = []
  gate.answer = (request) => {
    if (!new URL(request.url).pathname.endsWith('/events/stream')) return undefined
    opened.push(elapsedMs())
    const silent = new ReadableStream<string>({ start: (controller) => controller.enqueue(': ping\n\n') })
    return new Response(silent, { headers: { 'Content-Type': 'text/event-stream' } })
  }
  await gate.reopen()
  await until('the stream to be opened again', () => opened.length > 1, WAIT_MS)
  const [first = 0, second = 0] = opened
  const ms = second - first
  return [
    {
      what: 'event stream falls silent: time until reopened',
      measured: milliseconds(ms),
      budget: `<= ${milliseconds(REOPENED_WITHIN_MS)}`,
      met: ms <= REOPENED_WITHIN_MS,
    },
  ]
}
