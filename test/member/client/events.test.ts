import { describe, expect, test } from 'bun:test'
import { until } from '../../../lab/driver/until.ts'
import { followEvents, isHint, readEvent } from '../../../member/client/events.ts'
import { countListeners } from '../../fixtures/listeners.ts'
import { OWN_ID, rejection, startLyingPlatform } from '../../fixtures/lying-platform.ts'

const LONG = 60_000
const event = (type: string): string => `data: ${JSON.stringify({ type, timestamp: 1, data: {} })}\n\n`

describe('isHint', () => {
  const hints = (line: string): boolean => {
    const event = readEvent(line)
    return event !== undefined && isHint(event)
  }

  test('is true of events that may mean a message, and of unreadable ones', () => {
    for (const type of [
      'ACTIVITY_LOGGED',
      'USER_MESSAGE',
      'A2A_RESPONSE',
      'DELEGATION_COMPLETE',
      'DELEGATION_FAILED',
    ])
      expect(hints(event(type).trim())).toBeTrue()
    for (const line of ['data: {"type": "ACTIV', 'data:', 'data: 7', 'data: {}', 'data: <html>'])
      expect(hints(line)).toBeTrue()
  })

  test('is false of our own heartbeat, comments and other fields', () => {
    for (const line of [event('WORKSPACE_HEARTBEAT').trim(), ': ping', '', 'event: x', 'id: 7', 'xdata: {}'])
      expect(hints(line)).toBeFalse()
  })
})

/** A stream fed by the test, which knows when its reader has gone. */
function feedableStream(type = 'text/event-stream') {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  const state = { gone: false }
  const answer = (): Response =>
    new Response(
      new ReadableStream<Uint8Array>({
        start: (own) => {
          controller = own
          own.enqueue(new TextEncoder().encode(': ping\n\n'))
        },
        cancel: () => {
          state.gone = true
        },
      }),
      { headers: { 'Content-Type': type } },
    )
  const send = (text: string | Uint8Array): void =>
    controller?.enqueue(typeof text === 'string' ? new TextEncoder().encode(text) : text)
  return { answer, send, end: () => controller?.close(), state }
}

function follow(platform: ReturnType<typeof startLyingPlatform>, silenceMs = LONG) {
  const stop = new AbortController()
  const seen = { opened: 0, hints: 0 }
  const done = followEvents(platform.client, {
    signal: stop.signal,
    silenceMs,
    onOpen: () => {
      seen.opened++
    },
    onHint: () => {
      seen.hints++
    },
  })
  return { seen, done, stop }
}

describe('followEvents', () => {
  test('passes hints on and resolves when the platform ends the stream', async () => {
    const stream = feedableStream()
    await using platform = startLyingPlatform(stream.answer)
    const { seen, done } = follow(platform)
    await until('the stream', () => seen.opened === 1)
    const text = event('WORKSPACE_HEARTBEAT') + event('ACTIVITY_LOGGED')
    stream.send(text.slice(0, 70))
    stream.send(text.slice(70))
    await until('the hint', () => seen.hints > 0)
    stream.end()
    await done
    expect(seen).toEqual({ opened: 1, hints: 1 })
    expect(platform.seen[0]?.path).toBe(`/workspaces/${OWN_ID}/events/stream`)
    expect(platform.seen[0]?.headers.get('accept')).toBe('text/event-stream')
  })

  test('gives up a stream that is silent for too long, and closes the connection', async () => {
    const stream = feedableStream()
    await using platform = startLyingPlatform(stream.answer)
    const { seen, done } = follow(platform, 30)
    await done
    expect(seen.opened).toBe(1)
    await until('the end of the connection', () => stream.state.gone)
  })

  test('ends on abort, and closes the connection', async () => {
    const stream = feedableStream()
    await using platform = startLyingPlatform(stream.answer)
    const { seen, done, stop } = follow(platform)
    await until('the stream', () => seen.opened === 1)
    stop.abort()
    await done
    await until('the end of the connection', () => stream.state.gone)
  })

  test('ends on abort while the stream is being opened, too', async () => {
    await using platform = startLyingPlatform(() => new Promise(() => {}))
    const { seen, done, stop } = follow(platform)
    const ended = rejection(done)
    await until('the request', () => platform.seen.length === 1)
    stop.abort()
    expect(await ended).toBeInstanceOf(DOMException)
    expect(seen.opened).toBe(0)
  })

  test('leaves no listener on the signal, whether opened or refused', async () => {
    const { signal } = new AbortController()
    const listeners = countListeners(signal)
    await using platform = startLyingPlatform((_, index) =>
      index === 0 ? new Response('no', { status: 404 }) : feedableStream().answer(),
    )
    const options = { signal, silenceMs: 10, onOpen: () => {}, onHint: () => {} }
    await rejection(followEvents(platform.client, options))
    await followEvents(platform.client, options)
    expect(listeners()).toBe(0)
  })

  test("refuses what is not an event stream, in the platform's words", async () => {
    const answers: readonly (readonly [() => Response, object])[] = [
      [feedableStream('application/json').answer, { kind: 'refused', status: 200 }],
      [() => new Response('<html>'), { kind: 'refused', status: 200 }],
      [
        () => Response.json({ error: 'workspace not found' }, { status: 404 }),
        { kind: 'refused', message: 'the platform answered 404 workspace not found' },
      ],
      [() => Response.json({ error: 'invalid workspace auth token' }, { status: 401 }), { kind: 'gone' }],
      [() => new Response('', { status: 503 }), { kind: 'retry' }],
    ]
    for (const [answer, expected] of answers) {
      await using platform = startLyingPlatform(answer)
      const { seen, done } = follow(platform)
      expect(await rejection(done)).toMatchObject(expected)
      expect(seen.opened).toBe(0)
    }
  })

  test('refuses at once a stream that a proxy compresses, which delays its events', async () => {
    const head = { 'Content-Type': 'text/event-stream', 'Content-Encoding': 'gzip' }
    // The beginning, and then never more.
    const held = (): Response => {
      const start = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
        controller.enqueue(Bun.gzipSync(': ping\n\n').slice(0, 12))
      return new Response(new ReadableStream({ start }), { headers: head })
    }
    await using platform = startLyingPlatform(held)
    const { seen, done } = follow(platform)
    expect(await rejection(done)).toMatchObject({
      kind: 'refused',
      message: expect.stringContaining('compresses the event stream'),
    })
    expect(seen.opened).toBe(0)
  })

  test('gives up a stream whose bytes are not events, however many come', async () => {
    const stream = feedableStream()
    await using platform = startLyingPlatform(stream.answer)
    const timer = setInterval(() => stream.send(new Uint8Array([31, 139, 8, 10, 10, 7])), 5)
    const { seen, done } = follow(platform, 50)
    await done
    clearInterval(timer)
    expect(seen).toEqual({ opened: 1, hints: 0 })
  })

  test('accepts the content type in any spelling', async () => {
    const stream = feedableStream('Text/Event-Stream; charset=utf-8')
    await using platform = startLyingPlatform(stream.answer)
    const { seen, done, stop } = follow(platform)
    await until('the stream', () => seen.opened === 1)
    stop.abort()
    await done
  })

  test('survives a flood in one line in bounded memory, and reads what comes after', async () => {
    const stream = feedableStream()
    await using platform = startLyingPlatform(stream.answer)
    const { seen, done } = follow(platform)
    await until('the stream', () => seen.opened === 1)
    stream.send('data: ')
    for (let sent = 0; sent < 32; sent++) stream.send(new Uint8Array(1024 * 1024).fill(0x78))
    stream.send(`\n${event('ACTIVITY_LOGGED')}`)
    await until('both hints', () => seen.hints === 2)
    stream.end()
    await done
    expect(seen.hints).toBe(2)
  })

  test.each([
    ['short lines', ': x\n'.repeat(500)],
    ['empty lines', '\n'.repeat(2_000)],
    ['long lines', `: ${'x'.repeat(30_000)}\n`.repeat(4)],
  ])('ends on a flood of %s, and closes the connection', async (_, chunk) => {
    let stop = (): void => {}
    const gone = Promise.withResolvers<void>()
    const bytes = new TextEncoder().encode(chunk)
    await using platform = startLyingPlatform(() => {
      const flood = new ReadableStream<Uint8Array>({
        start: (controller) => {
          const timer = setInterval(() => controller.enqueue(bytes), 1)
          stop = () => clearInterval(timer)
        },
        cancel: () => {
          stop()
          gone.resolve()
        },
      })
      return new Response(flood, { headers: { 'Content-Type': 'text/event-stream' } })
    })
    const { seen, done } = follow(platform)
    await done
    await gone.promise
    expect(seen).toEqual({ opened: 1, hints: 0 })
  })

  test('survives as many events as a busy workspace has', async () => {
    const stream = feedableStream()
    await using platform = startLyingPlatform(stream.answer)
    const { seen, done } = follow(platform)
    await until('the stream', () => seen.opened === 1)
    stream.send(event('ACTIVITY_LOGGED').repeat(900))
    await until('all hints', () => seen.hints === 900)
    stream.end()
    await done
  })
})
