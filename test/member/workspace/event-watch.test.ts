import { expect, test } from 'bun:test'
import { until } from '../../../lab/driver/until.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { EventWatch, type EventWatchOptions } from '../../../member/workspace/event-watch.ts'

const ID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const encoder = new TextEncoder()

interface OpenStream {
  readonly say: (text: string) => void
  readonly end: () => void
}

/** A platform with an event stream that the test speaks through. */
class Streams implements AsyncDisposable {
  readonly open: OpenStream[] = []
  asked = 0
  refusal: (() => Response) | undefined
  readonly #server = Bun.serve({
    hostname: '127.0.0.1',
    port: 0,
    idleTimeout: 0,
    fetch: () => {
      this.asked++
      if (this.refusal !== undefined) return this.refusal()
      const stream = new ReadableStream<Uint8Array>({
        start: (controller) => {
          controller.enqueue(encoder.encode(': ping\n\n'))
          this.open.push({
            say: (text) => controller.enqueue(encoder.encode(text)),
            end: () => controller.close(),
          })
        },
      })
      return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
    },
  })

  get url(): string {
    return `http://127.0.0.1:${this.#server.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.stop(true)
  }
}

function watch(url: string, more: Partial<EventWatchOptions> = {}) {
  const stop = new AbortController()
  const lines: string[] = []
  const scene = { hints: 0, lines, ended: false }
  const events = new EventWatch({
    client: new PlatformClient({ platformUrl: url, workspaceId: ID, token: 'a-token-of-a-test' }),
    signal: stop.signal,
    onHint: () => {
      scene.hints++
    },
    heartbeatIntervalMs: 30_000,
    log: (line) => lines.push(line),
    random: () => 0,
    ...more,
  })
  const running = events.run().then(() => {
    scene.ended = true
  })
  return {
    scene,
    events,
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
    },
  }
}

const activity = 'data: {"type":"ACTIVITY_LOGGED","data":{}}\n\n'

test('the opening of a stream is a hint, since what happened before left no event', async () => {
  await using streams = new Streams()
  await using watching = watch(streams.url)
  await until('the stream', () => watching.events.live)
  expect(watching.scene.hints).toBe(1)
})

test('each event that can mean something new is a hint, others are not', async () => {
  await using streams = new Streams()
  await using watching = watch(streams.url)
  await until('the stream', () => streams.open.length === 1 && watching.events.live)
  streams.open[0]?.say('data: {"type":"WORKSPACE_HEARTBEAT"}\n\n: ping\n\n')
  streams.open[0]?.say(activity)
  await until('a hint', () => watching.scene.hints === 2)
  streams.open[0]?.say(activity + activity)
  await until('two hints', () => watching.scene.hints === 4)
})

test('a stream that ends is a hint, is not live any more, and is opened again', async () => {
  await using streams = new Streams()
  await using watching = watch(streams.url)
  for (let n = 1; n <= 5; n++) {
    await until('the next stream', () => streams.open.length === n && watching.events.live)
    const before = watching.scene.hints
    streams.open[n - 1]?.end()
    await until('the news of its end', () => watching.scene.hints > before)
  }
  expect(watching.scene.lines).toEqual([])
})

test('where there is no stream that is said once, after three refusals, and asked again only after minutes', async () => {
  await using streams = new Streams()
  streams.refusal = () => Response.json({ error: 'workspace not found' }, { status: 404 })
  await using watching = watch(streams.url)
  await until('the word about it', () => watching.scene.lines.length === 1)
  expect(watching.scene.lines[0]).toContain('polling alone delivers')
  expect([watching.events.live, streams.asked, watching.scene.hints]).toEqual([false, 3, 0])
})

test('a refusal is said also when it comes after failures of another kind', async () => {
  await using streams = new Streams()
  streams.refusal = () =>
    streams.asked < 4 ? new Response('', { status: 503 }) : Response.json({ error: 'no' }, { status: 403 })
  await using watching = watch(streams.url)
  await until('the word about it', () => watching.scene.lines.length === 1)
  expect(streams.asked).toBe(6)
})

test('one answer that is no stream, such as the page of a proxy, does not end the watch for minutes', async () => {
  await using streams = new Streams()
  streams.refusal = () => new Response('<html>', { headers: { 'content-type': 'text/html' } })
  await using watching = watch(streams.url)
  await until('the first try', () => streams.asked > 0)
  streams.refusal = undefined
  await until('the stream', () => watching.events.live)
  expect(watching.scene.lines).toEqual([])
})

test('an unwell platform is asked again, without a word and without a hint', async () => {
  await using streams = new Streams()
  streams.refusal = () => new Response('', { status: 503 })
  await using watching = watch(streams.url)
  await until('a few tries', () => streams.asked >= 5)
  expect([watching.scene.lines, watching.scene.hints]).toEqual([[], 0])
  streams.refusal = undefined
  await until('the stream', () => watching.events.live)
})

test('a stream that falls silent is given up and opened again', async () => {
  await using streams = new Streams()
  // Three beats and five seconds: with a beat of less than nothing the silence is over soon.
  await using watching = watch(streams.url, { heartbeatIntervalMs: -1_650 })
  await until('the second stream', () => streams.open.length >= 2)
  expect(watching.scene.hints).toBeGreaterThanOrEqual(2)
})

test('the signal ends it at once, streaming, waiting or before it began', async () => {
  await using streams = new Streams()
  {
    await using watching = watch(streams.url)
    await until('the stream', () => watching.events.live)
  }
  streams.refusal = () => new Response('', { status: 404 })
  const waiting = watch(streams.url)
  await until('the pause', () => waiting.scene.lines.length === 1)
  await waiting[Symbol.asyncDispose]()
  expect(waiting.scene.ended).toBe(true)
  const before = streams.asked
  const stopped = watch(streams.url, { signal: AbortSignal.abort() })
  await stopped[Symbol.asyncDispose]()
  expect([streams.asked, stopped.events.live]).toEqual([before, false])
})
