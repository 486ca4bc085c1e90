import { describe, expect, test } from 'bun:test'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { textResponse } from '../../../lab/simulation/sim-response.ts'
import type { Config } from '../../../member/settings/config.ts'
import { EventWatch } from '../../../member/workspace/event-watch.ts'
import { makeWorkspace } from '../../fixtures/workspace.ts'

const HEARTBEAT_MS = 30_000
/** Longer than any wait after a failure, shorter than the wait after a refusal that is believed. */
const A_WHILE_MS = 60_000
const ACTIVITY = 'data: {"type":"ACTIVITY_LOGGED","data":{}}\n\n'
const HEARTBEAT = 'data: {"type":"WORKSPACE_HEARTBEAT","data":{"uptime_seconds":30}}\n\n'
const encoder = new TextEncoder()

interface OpenStream {
  readonly say: (text: string) => void
  readonly end: () => void
}

/** A platform with an event stream that the test speaks through. */
class Streams {
  readonly open: OpenStream[] = []
  asked = 0
  refusal: (() => Response) | undefined

  readonly network = (): Response => {
    this.asked++
    if (this.refusal !== undefined) return this.refusal()
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        controller.enqueue(encoder.encode(': ping\n\n'))
        this.open.push({
          say: (text) => controller.enqueue(encoder.encode(text)),
          end: () => controller.close(),
        })
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
  }
}

class Watch implements AsyncDisposable {
  readonly streams = new Streams()
  readonly clock = new SimClock()
  readonly lines: string[] = []
  hints = 0
  readonly #stop = new AbortController()
  readonly #events: EventWatch
  #running: Promise<void> = Promise.resolve()

  constructor(config: Partial<Config> = {}) {
    const workspace = makeWorkspace({
      clock: this.clock,
      config: { heartbeatIntervalMs: HEARTBEAT_MS, ...config },
      network: this.streams.network,
      log: (line) => this.lines.push(line),
      signal: this.#stop.signal,
    })
    this.#events = new EventWatch(workspace, {
      onHint: () => {
        this.hints++
      },
    })
  }

  get live(): boolean {
    return this.#events.live
  }

  /** Lets our heartbeat come back as an event. */
  async beat(): Promise<void> {
    this.streams.open.at(-1)?.say(HEARTBEAT)
    await this.clock.advance(0)
  }

  /** Begins to watch, and opens the stream if it may. */
  async start(): Promise<void> {
    this.#running = this.#events.run()
    await this.clock.advance(0)
  }

  /** Resolves when the watch has ended. */
  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

test('the opening of a stream is a hint, because what happened before left no event', async () => {
  await using watch = new Watch()
  await watch.start()
  expect([watch.live, watch.hints]).toEqual([false, 1])
})

describe('a stream is live', () => {
  test('from its first event on, and not because it is open', async () => {
    await using watch = new Watch()
    await watch.start()
    // What a proxy lets through before it holds the rest back.
    watch.streams.open[0]?.say(': ping\n\nevent: message\nid: 7\n\n')
    await watch.clock.advance(1_000)
    expect(watch.live).toBe(false)
    await watch.beat()
    expect([watch.live, watch.hints]).toEqual([true, 1])
  })

  test('for a heartbeat and five seconds after an event; the end of that is a hint', async () => {
    await using watch = new Watch()
    await watch.start()
    await watch.beat()
    await watch.clock.advance(HEARTBEAT_MS)
    await watch.beat()
    await watch.clock.advance(HEARTBEAT_MS + 4_999)
    expect([watch.live, watch.hints]).toEqual([true, 1])
    await watch.clock.advance(1)
    expect([watch.live, watch.hints, watch.streams.open.length]).toEqual([false, 2, 1])
    await watch.beat()
    expect(watch.live).toBe(true)
  })

  test('for a minute after an event where no heartbeat can be expected', async () => {
    await using watch = new Watch({ heartbeatIntervalMs: 0 })
    await watch.start()
    watch.streams.open[0]?.say(ACTIVITY)
    await watch.clock.advance(64_999)
    expect(watch.live).toBe(true)
    await watch.clock.advance(1)
    expect(watch.live).toBe(false)
  })

  test('not because of bytes that are no event, or an event that cannot be read', async () => {
    await using watch = new Watch()
    await watch.start()
    watch.streams.open[0]?.say('<html>\n\u001f\u008b\n\n')
    watch.streams.open[0]?.say('data: {"type":"WORKS\n\n')
    await watch.clock.advance(1)
    expect([watch.live, watch.hints]).toEqual([false, 2])
  })
})

test('streams that open but bring no events are logged once, until one brings an event', async () => {
  await using watch = new Watch()
  await watch.start()
  await watch.clock.advance(10 * 60_000)
  expect(watch.streams.open.length).toBeGreaterThan(4)
  expect([watch.live, watch.lines]).toEqual([false, [expect.stringContaining('polled every 5 s')]])
  await watch.beat()
  await watch.clock.advance(10 * 60_000)
  expect(watch.lines).toHaveLength(2)
})

test('an event that may mean something new is a hint, any other is not', async () => {
  await using watch = new Watch()
  await watch.start()
  const [stream] = watch.streams.open
  stream?.say('data: {"type":"WORKSPACE_HEARTBEAT"}\n\n: ping\n\n')
  await watch.clock.advance(1)
  expect(watch.hints).toBe(1)
  stream?.say(ACTIVITY)
  await watch.clock.advance(1)
  expect(watch.hints).toBe(2)
  stream?.say(ACTIVITY + ACTIVITY)
  await watch.clock.advance(1)
  expect(watch.hints).toBe(4)
})

test('the end of a stream is a hint; the watch is then not live, and opens another stream', async () => {
  await using watch = new Watch()
  await watch.start()
  for (let n = 1; n <= 5; n++) {
    const before = watch.hints
    watch.streams.refusal = () => textResponse(503, '')
    watch.streams.open.at(-1)?.end()
    await watch.clock.advance(0)
    expect([watch.hints, watch.live]).toEqual([before + 1, false])
    watch.streams.refusal = undefined
    await watch.clock.advance(A_WHILE_MS)
    await watch.beat()
    expect([watch.streams.open.length, watch.live]).toEqual([n + 1, true])
  }
  expect(watch.lines).toEqual([])
})

test('a platform without a stream is logged once, after three refusals, and asked again only after minutes', async () => {
  await using watch = new Watch()
  watch.streams.refusal = () => textResponse(404, '{"error":"workspace not found"}')
  await watch.start()
  await watch.clock.advance(A_WHILE_MS)
  expect(watch.lines).toEqual([expect.stringContaining('messages arrive by polling alone')])
  expect([watch.live, watch.streams.asked, watch.hints]).toEqual([false, 3, 0])
  await watch.clock.advance(180_000)
  expect(watch.streams.asked).toBe(3)
  await watch.clock.advance(120_000)
  expect([watch.streams.asked, watch.lines.length]).toEqual([4, 1])
})

test('a refusal is logged even if it follows failures of another kind', async () => {
  await using watch = new Watch()
  const { streams } = watch
  streams.refusal = () => textResponse(streams.asked < 4 ? 503 : 403, '{"error":"no"}')
  await watch.start()
  await watch.clock.advance(A_WHILE_MS)
  expect([streams.asked, watch.lines.length]).toEqual([6, 1])
})

test('one answer that is no stream, such as a page of a proxy, does not pause the watch for minutes', async () => {
  await using watch = new Watch()
  watch.streams.refusal = () => textResponse(200, '<html>', { 'content-type': 'text/html' })
  await watch.start()
  expect([watch.streams.asked, watch.live]).toEqual([1, false])
  watch.streams.refusal = undefined
  await watch.clock.advance(A_WHILE_MS)
  await watch.beat()
  expect([watch.live, watch.lines]).toEqual([true, []])
})

test('an unwell platform is asked again, without a line in the log and without a hint', async () => {
  await using watch = new Watch()
  watch.streams.refusal = () => textResponse(503, '')
  await watch.start()
  await watch.clock.advance(A_WHILE_MS)
  expect(watch.streams.asked).toBeGreaterThanOrEqual(5)
  expect([watch.lines, watch.hints]).toEqual([[], 0])
  watch.streams.refusal = undefined
  await watch.clock.advance(A_WHILE_MS)
  await watch.beat()
  expect(watch.live).toBe(true)
})

test('a stream that is silent for three heartbeats and five seconds is given up, and another one opened', async () => {
  await using watch = new Watch()
  await watch.start()
  await watch.clock.advance(3 * HEARTBEAT_MS + 4_999)
  expect([watch.streams.open.length, watch.hints]).toEqual([1, 1])
  await watch.clock.advance(1_000)
  expect([watch.streams.open.length, watch.hints]).toEqual([2, 3])
})

test('without heartbeats, a stream may be silent for ten minutes', async () => {
  await using watch = new Watch({ heartbeatIntervalMs: 0 })
  await watch.start()
  await watch.clock.advance(10 * 60_000 - 1)
  expect(watch.streams.open).toHaveLength(1)
  await watch.clock.advance(1_000)
  expect(watch.streams.open).toHaveLength(2)
})

test('the signal ends the watch at once: streaming, waiting, or before it began', async () => {
  const streaming = new Watch()
  await streaming.start()
  await streaming.beat()
  expect(streaming.live).toBe(true)
  await streaming.stop()
  expect([streaming.live, streaming.clock.armed]).toEqual([false, 0])

  const waiting = new Watch()
  waiting.streams.refusal = () => textResponse(404, '')
  await waiting.start()
  await waiting.clock.advance(A_WHILE_MS)
  expect(waiting.lines).toHaveLength(1)
  await waiting.stop()
  expect(waiting.clock.armed).toBe(0)

  const stopped = new Watch()
  await stopped.stop()
  await stopped.start()
  expect([stopped.streams.asked, stopped.live, stopped.clock.armed]).toEqual([0, false, 0])
})
