import { describe, expect, test } from 'bun:test'
import {
  type BeatResult,
  type HeartbeatLoopOptions,
  type HeartbeatMetrics,
  type HeartbeatTimers,
  startHeartbeatLoop,
} from '../heartbeat.ts'
import { accepted, startHeartbeatPlatform } from './fixtures/heartbeat-platform.ts'

const ID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const METRICS: HeartbeatMetrics = {
  error_rate: 0,
  sample_error: '',
  active_tasks: 0,
  current_task: '',
  uptime_seconds: 1,
  runtime_metadata: {},
}

/** Timers that run only when the test says so, and that know what is still armed. */
class ManualTimers implements HeartbeatTimers {
  readonly #armed = new Set<{
    readonly kind: 'after' | 'every'
    readonly ms: number
    readonly run: () => void
  }>()

  get armed(): readonly string[] {
    return [...this.#armed].map(({ kind, ms }) => `${kind} ${ms}`)
  }

  after = (ms: number, run: () => void): (() => void) => this.#arm('after', ms, run)
  every = (ms: number, run: () => void): (() => void) => this.#arm('every', ms, run)

  fire(): void {
    for (const timer of [...this.#armed]) {
      if (timer.kind === 'after') this.#armed.delete(timer)
      timer.run()
    }
  }

  #arm(kind: 'after' | 'every', ms: number, run: () => void): () => void {
    const timer = { kind, ms, run }
    this.#armed.add(timer)
    return () => void this.#armed.delete(timer)
  }
}

type Answer = () => Response | Promise<Response>

/** A loop without a network. `beats` counts what was sent; `next()` is one tick and waits for its result. */
function startLoop(answer: Answer, more: Partial<HeartbeatLoopOptions> = {}) {
  const timers = new ManualTimers()
  const stop = new AbortController()
  const sent: RequestInit[] = []
  const lines: string[] = []
  const results: BeatResult[] = []
  let onNext: () => void = () => {}
  const fetchImpl = (async (_url: unknown, init: RequestInit) => {
    sent.push(init)
    return answer()
  }) as unknown as typeof fetch
  startHeartbeatLoop({
    target: { workspaceId: ID, platformUrl: 'https://platform.example' },
    intervalMs: 30_000,
    staggerMs: 500,
    metrics: () => METRICS,
    token: () => 'a-token',
    log: (line) => lines.push(line.replace(`heartbeat ${ID} `, '')),
    signal: stop.signal,
    timers,
    fetchImpl,
    ...more,
    onResult: async (result) => {
      results.push(result)
      onNext()
      await more.onResult?.(result)
    },
  })
  const next = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>()
    onNext = resolve
    timers.fire()
    await promise
    // The tick still has to come back from `onResult`.
    await settled()
  }
  return { timers, stop, sent, lines, results, next }
}

/** Lets every callback run that is ready; what is being waited for here is that nothing more happens. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

const failing: Answer = () => new Response('no', { status: 500 })

describe('when it beats', () => {
  test('first one stagger and one interval after the start', async () => {
    const { timers, sent, next } = startLoop(accepted)
    expect(timers.armed).toEqual(['after 500'])
    timers.fire()
    expect(timers.armed).toEqual(['every 30000'])
    await settled()
    expect(sent).toHaveLength(0)
    await next()
    expect(sent).toHaveLength(1)
    await next()
    expect(sent).toHaveLength(2)
  })

  test.each([0, -1, Number.NaN])('never, with an interval of %p', (intervalMs) => {
    expect(startLoop(accepted, { intervalMs }).timers.armed).toEqual([])
  })

  test('not while the last beat is under way', async () => {
    const { promise: answer, resolve } = Promise.withResolvers<Response>()
    const { timers, sent, next, results } = startLoop(() => answer)
    timers.fire()
    timers.fire()
    timers.fire()
    await settled()
    expect(sent).toHaveLength(1)
    resolve(accepted())
    while (results.length === 0) await settled()
    await next()
    expect(sent).toHaveLength(2)
  })

  test('not while the owner is busy with the last result', async () => {
    const { promise: handled, resolve } = Promise.withResolvers<void>()
    const { timers, sent, next } = startLoop(accepted, { onResult: () => handled })
    timers.fire()
    await next()
    timers.fire()
    await settled()
    expect(sent).toHaveLength(1)
    resolve()
    await settled()
    await next()
    expect(sent).toHaveLength(2)
  })
})

describe('what it sends', () => {
  test('is the state and the token of that moment', async () => {
    let uptime = 0
    const tokens = ['old', 'new']
    const { timers, sent, next } = startLoop(accepted, {
      metrics: () => ({ ...METRICS, uptime_seconds: ++uptime }),
      token: () => tokens.shift() ?? '',
    })
    timers.fire()
    await next()
    await next()
    expect(sent.map(({ body }) => JSON.parse(String(body)).uptime_seconds)).toEqual([1, 2])
    expect(sent.map(({ headers }) => new Headers(headers).get('authorization'))).toEqual([
      'Bearer old',
      'Bearer new',
    ])
  })
})

describe('what it tells', () => {
  test('the owner hears of every beat, a refusal by its name, and the loop goes on', async () => {
    const answers = [
      accepted(),
      new Response('no', { status: 401 }),
      accepted({ auth_token: 'fresh-t0ken-1234' }),
    ]
    const { timers, results, next } = startLoop(() => answers.shift() ?? accepted())
    timers.fire()
    for (let beats = 0; beats < 3; beats++) await next()
    expect(results).toEqual([
      { kind: 'ok', secrets: {} },
      { kind: 'refused', detail: 'HTTP 401 — no' },
      { kind: 'ok', secrets: { authToken: 'fresh-t0ken-1234' } },
    ])
  })

  test('failures are logged for the first three and then every tenth, with their count', async () => {
    const { timers, lines, next } = startLoop(failing)
    timers.fire()
    for (let beats = 0; beats < 25; beats++) await next()
    expect(lines).toEqual([1, 2, 3, 10, 20].map((count) => `HTTP 500 — no (failure ${count} in a row)`))
  })

  test('a success ends the row, and says so once', async () => {
    let healthy = false
    const { timers, lines, next } = startLoop(() => (healthy ? accepted() : failing()))
    timers.fire()
    await next()
    healthy = true
    await next()
    await next()
    healthy = false
    await next()
    expect(lines).toEqual([
      'HTTP 500 — no (failure 1 in a row)',
      'accepted again, after 1 failed in a row',
      'HTTP 500 — no (failure 1 in a row)',
    ])
  })

  test('an owner that throws, and a state that cannot be read, do not end the loop', async () => {
    const onResult = (): never => {
      throw new Error('disk full')
    }
    const metrics = (): never => {
      throw new Error('ledger closed')
    }
    const { timers, lines, sent, next } = startLoop(accepted, { onResult, metrics })
    timers.fire()
    await next()
    await next()
    expect(sent).toHaveLength(0)
    expect(lines.slice(0, 2)).toEqual([
      'not sent: Error: ledger closed (failure 1 in a row)',
      'result not handled: Error: disk full',
    ])
    expect(lines).toHaveLength(4)
  })
})

describe('when it is stopped', () => {
  test('no timer is left, before the first tick and after it', async () => {
    const early = startLoop(accepted)
    early.stop.abort()
    expect(early.timers.armed).toEqual([])
    const late = startLoop(accepted)
    late.timers.fire()
    await late.next()
    late.stop.abort()
    expect(late.timers.armed).toEqual([])
  })

  test('it never started, where the signal came first', () => {
    expect(startLoop(accepted, { signal: AbortSignal.abort() }).timers.armed).toEqual([])
  })

  test('the owner can stop it from within, and hears no more', async () => {
    const { timers, stop, results, next } = startLoop(failing, { onResult: () => stop.abort() })
    timers.fire()
    await next()
    timers.fire()
    await settled()
    expect(results).toHaveLength(1)
    expect(timers.armed).toEqual([])
  })

  test('the beat under way is cut off, without a line and without a result', async () => {
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
    const { timers, stop, lines, results } = startLoop(accepted, { target, fetchImpl })
    timers.fire()
    timers.fire()
    await arrived
    stop.abort()
    expect(signal?.aborted).toBe(true)
    release(accepted())
    for (let turns = 0; turns < 20; turns++) await settled()
    expect(lines).toEqual([])
    expect(results).toEqual([])
  })
})

test('with the timers of the system it beats, and stops', async () => {
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
  })
  await third
  stop.abort()
  const seen = platform.seen.length
  const { promise: later, resolve: elapse } = Promise.withResolvers<void>()
  setTimeout(elapse, 30)
  await later
  expect(platform.seen.length).toBeLessThanOrEqual(seen + 1)
  expect(JSON.parse(platform.seen[0]?.body ?? '')).toEqual({ workspace_id: ID, ...METRICS })
})
