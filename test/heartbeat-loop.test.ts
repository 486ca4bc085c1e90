import { describe, expect, test } from 'bun:test'
import { systemClock } from '../base/clock.ts'
import {
  type BeatResult,
  type HeartbeatLoopOptions,
  type HeartbeatMetrics,
  startHeartbeatLoop,
} from '../heartbeat.ts'
import { SimClock, settled } from '../lab/simulation/sim-clock.ts'
import { jsonResponse, textResponse } from '../lab/simulation/sim-response.ts'
import { startHeartbeatPlatform } from './fixtures/heartbeat-platform.ts'

const ID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const STAGGER_MS = 500
const INTERVAL_MS = 30_000
const METRICS: HeartbeatMetrics = {
  error_rate: 0,
  sample_error: '',
  active_tasks: 0,
  current_task: '',
  uptime_seconds: 1,
  runtime_metadata: {},
}

type Answer = () => Response | Promise<Response>

const accepted = (more: Readonly<Record<string, unknown>> = {}): Response =>
  jsonResponse(200, { status: 'ok', ...more })
const failing: Answer = () => textResponse(500, 'no')

/** A loop without a network. `next()` lets one interval pass. */
function startLoop(answer: Answer, more: Partial<HeartbeatLoopOptions> = {}) {
  const clock = new SimClock()
  const stop = new AbortController()
  const sent: RequestInit[] = []
  const lines: string[] = []
  const results: BeatResult[] = []
  const fetchImpl = (async (_url: unknown, init: RequestInit) => {
    sent.push(init)
    return answer()
  }) as unknown as typeof fetch
  startHeartbeatLoop({
    target: { workspaceId: ID, platformUrl: 'https://platform.example' },
    intervalMs: INTERVAL_MS,
    staggerMs: STAGGER_MS,
    metrics: () => METRICS,
    token: () => 'a-token',
    log: (line) => lines.push(line),
    signal: stop.signal,
    clock,
    fetchImpl,
    ...more,
    onResult: async (result) => {
      results.push(result)
      await more.onResult?.(result)
    },
  })
  const next = (): Promise<void> => clock.advance(INTERVAL_MS)
  return { clock, stop, sent, lines, results, next }
}

/** A loop whose first interval has begun. */
async function startedLoop(answer: Answer, more: Partial<HeartbeatLoopOptions> = {}) {
  const loop = startLoop(answer, more)
  await loop.clock.advance(STAGGER_MS)
  return loop
}

describe('the loop beats', () => {
  test('first after one stagger and one interval, then every interval', async () => {
    const { clock, sent } = startLoop(accepted)
    await clock.advance(STAGGER_MS + INTERVAL_MS - 1)
    expect(sent).toHaveLength(0)
    await clock.advance(1)
    expect(sent).toHaveLength(1)
    await clock.advance(INTERVAL_MS - 1)
    expect(sent).toHaveLength(1)
    await clock.advance(1)
    expect(sent).toHaveLength(2)
  })

  test.each([0, -1, Number.NaN])('never, with an interval of %p', (intervalMs) => {
    expect(startLoop(accepted, { intervalMs }).clock.armed).toBe(0)
  })

  test('not while the last beat is under way', async () => {
    const { promise: answer, resolve } = Promise.withResolvers<Response>()
    const { sent, next } = await startedLoop(() => answer, { timeoutMs: 10 * INTERVAL_MS })
    for (let ticks = 0; ticks < 3; ticks++) await next()
    expect(sent).toHaveLength(1)
    resolve(accepted())
    await next()
    expect(sent).toHaveLength(2)
  })

  test('not while the owner is busy with the last result', async () => {
    const { promise: handled, resolve } = Promise.withResolvers<void>()
    const { sent, next } = await startedLoop(accepted, { onResult: () => handled })
    await next()
    await next()
    expect(sent).toHaveLength(1)
    resolve()
    await next()
    expect(sent).toHaveLength(2)
  })

  test('with the state and the token of that moment', async () => {
    let uptime = 0
    const tokens = ['old', 'new']
    const { sent, next } = await startedLoop(accepted, {
      metrics: () => ({ ...METRICS, uptime_seconds: ++uptime }),
      token: () => tokens.shift() ?? '',
    })
    await next()
    await next()
    expect(sent.map(({ body }) => JSON.parse(String(body)).uptime_seconds)).toEqual([1, 2])
    expect(sent.map(({ headers }) => new Headers(headers).get('authorization'))).toEqual([
      'Bearer old',
      'Bearer new',
    ])
  })

  test('on after a platform that never answers: the deadline is the clock it was handed', async () => {
    const { sent, results, next } = await startedLoop(() => new Promise<Response>(() => {}), {
      timeoutMs: 1_000,
      fetchImpl: ((_url: unknown, init: RequestInit) =>
        new Promise<Response>((_resolve, reject) => {
          sent.push(init)
          init.signal?.addEventListener('abort', () => reject(init.signal?.reason))
        })) as unknown as typeof fetch,
    })
    await next()
    await next()
    await next()
    expect(sent).toHaveLength(3)
    expect(results.map(({ kind }) => kind)).toEqual(['failed', 'failed'])
  })
})

describe('what the loop tells', () => {
  test('is every result, a refusal among them, and the loop goes on', async () => {
    const answers = [accepted(), textResponse(401, 'no'), accepted({ auth_token: 'fresh-t0ken-1234' })]
    const { results, next } = await startedLoop(() => answers.shift() ?? accepted())
    for (let beats = 0; beats < 3; beats++) await next()
    expect(results).toEqual([
      { kind: 'ok', secrets: {} },
      { kind: 'refused', detail: 'HTTP 401 — no' },
      { kind: 'ok', secrets: { authToken: 'fresh-t0ken-1234' } },
    ])
  })

  test('is, in the log, the first three failures in a row and then every tenth, with their count', async () => {
    const { lines, next } = await startedLoop(failing)
    for (let beats = 0; beats < 25; beats++) await next()
    expect(lines).toEqual(
      [1, 2, 3, 10, 20].map((count) => `heartbeat: HTTP 500 — no (failure ${count} in a row)`),
    )
  })

  test('is, in the log and once, that failures have ended', async () => {
    let healthy = false
    const { lines, next } = await startedLoop(() => (healthy ? accepted() : failing()))
    await next()
    healthy = true
    await next()
    await next()
    healthy = false
    await next()
    expect(lines).toEqual([
      'heartbeat: HTTP 500 — no (failure 1 in a row)',
      'heartbeat: accepted again, after 1 failed in a row',
      'heartbeat: HTTP 500 — no (failure 1 in a row)',
    ])
  })

  test('is, in the log, that the owner threw or the state could not be read, and the loop goes on', async () => {
    const onResult = (): never => {
      throw new Error('disk full')
    }
    const metrics = (): never => {
      throw new Error('ledger closed')
    }
    const { lines, sent, next } = await startedLoop(accepted, { onResult, metrics })
    await next()
    await next()
    expect(sent).toHaveLength(0)
    expect(lines.slice(0, 2)).toEqual([
      'heartbeat: not sent: Error: ledger closed (failure 1 in a row)',
      'heartbeat: the result was not handled: Error: disk full',
    ])
    expect(lines).toHaveLength(4)
  })
})

describe('a stopped loop', () => {
  test('leaves no timer, whether it stops before its first beat or after it', async () => {
    const early = startLoop(accepted)
    expect(early.clock.armed).toBe(1)
    early.stop.abort()
    expect(early.clock.armed).toBe(0)
    const late = await startedLoop(accepted)
    await late.next()
    expect([late.sent.length, late.clock.armed]).toEqual([1, 1])
    late.stop.abort()
    expect(late.clock.armed).toBe(0)
  })

  test('never starts when the signal came first', () => {
    expect(startLoop(accepted, { signal: AbortSignal.abort() }).clock.armed).toBe(0)
  })

  test('may be stopped by its owner from within, who then hears no more', async () => {
    const { clock, results, next, stop } = await startedLoop(failing, { onResult: () => stop.abort() })
    await next()
    await next()
    expect(results).toHaveLength(1)
    expect(clock.armed).toBe(0)
  })

  test('cuts off the beat under way, without a line and without a result', async () => {
    const { promise: never, resolve: release } = Promise.withResolvers<Response>()
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    await using platform = startHeartbeatPlatform(() => {
      arrive()
      return never
    })
    let signal: AbortSignal | null | undefined
    const fetchImpl = (async (url: string, init: RequestInit) => {
      signal = init.signal
      return fetch(url, init)
    }) as unknown as typeof fetch
    const target = { workspaceId: ID, platformUrl: platform.url }
    const { stop, lines, results, next } = await startedLoop(accepted, { target, fetchImpl })
    await next()
    await arrived
    stop.abort()
    expect(signal?.aborted).toBe(true)
    release(Response.json({ status: 'ok' }))
    for (let turns = 0; turns < 20; turns++) await settled()
    expect(lines).toEqual([])
    expect(results).toEqual([])
  })
})

test('on the clock of the system the loop beats, and stops', async () => {
  await using platform = startHeartbeatPlatform()
  const stop = new AbortController()
  const { promise: third, resolve } = Promise.withResolvers<void>()
  let beats = 0
  startHeartbeatLoop({
    target: { workspaceId: ID, platformUrl: platform.url },
    intervalMs: 5,
    staggerMs: 1,
    metrics: () => METRICS,
    token: () => 'a-token',
    onResult: () => {
      if (++beats === 3) resolve()
    },
    log: () => {},
    signal: stop.signal,
    clock: systemClock,
  })
  await third
  stop.abort()
  const seen = platform.seen.length
  await Bun.sleep(30)
  expect(platform.seen.length).toBeLessThanOrEqual(seen + 1)
  expect(JSON.parse(platform.seen[0]?.body ?? '')).toEqual({ workspace_id: ID, ...METRICS })
})
