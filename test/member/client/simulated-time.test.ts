/** The client waits for its clock and its network alone: `SimClock.runUntil` never gives the event loop a turn. */
import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import type { Clock } from '../../../base/clock.ts'
import { sleep } from '../../../base/sleep.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { PlatformClient } from '../../../member/client/client.ts'
import { followEvents } from '../../../member/client/events.ts'
import { uploadFile } from '../../../member/client/uploads.ts'
import { OWN_ID, TOKEN } from '../../fixtures/lying-platform.ts'
import { type NetworkAnswer, observe, silence, simulateClient } from '../../fixtures/simulated-client.ts'

const PATH = '/health'
const ANYTHING = z.unknown()

/** An open stream of events, and what feeds it. */
function eventStream() {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const writer = writable.getWriter()
  writer.closed.catch(() => undefined)
  const send = (text: string): void => {
    // A reader that has gone rejects the write.
    writer.write(new TextEncoder().encode(text)).catch(() => undefined)
  }
  const answer: NetworkAnswer = () =>
    new Response(readable, { headers: { 'Content-Type': 'text/event-stream' } })
  const end = (): void => {
    writer.close().catch(() => undefined)
  }
  return { answer, send, end }
}

describe('a call', () => {
  test('ends at once when the network answers at once, and leaves no timer', () => {
    const { client, timers, run } = simulateClient(() => Response.json({ here: true }))
    const call = observe(client.json({ path: PATH }, ANYTHING))
    run(0)
    expect(call.state).toEqual({ here: true })
    expect(timers()).toBe(0)
  })

  test('ends after its time limit when no answer comes', () => {
    const { client, run } = simulateClient(silence)
    const call = observe(client.json({ path: PATH, timeoutMs: 2_000 }, ANYTHING))
    run(1_999)
    expect(call.state).toBe('pending')
    run(1)
    expect(call.state).toContain('no answer within 2000 ms')
  })

  /** An answer of so many parts, one a second. */
  const slowly =
    (clock: () => Clock, parts: number, part: string, status = 200): NetworkAnswer =>
    (_url, signal) => {
      const body = new ReadableStream<Uint8Array>({
        start: async (controller) => {
          signal.addEventListener('abort', () => controller.error(signal.reason), { once: true })
          for (let sent = 0; sent < parts && !signal.aborted; sent++) {
            controller.enqueue(Buffer.from(sent === 0 ? '"' : part))
            await sleep(1_000, signal, clock())
          }
          if (signal.aborted) return
          controller.enqueue(Buffer.from('"'))
          controller.close()
        },
      })
      return new Response(body, { status })
    }

  test('lasts while its answer keeps coming, and ends when that only drips', () => {
    for (const [part, isOver] of [
      ['x'.repeat(4_000), true],
      ['x', false],
    ] as const) {
      const world = simulateClient(slowly(() => world.clock, 300, part))
      const call = observe(
        world.client.json({ path: PATH, timeoutMs: 2_000 }, ANYTHING).catch((error: unknown) => error),
      )
      world.run(isOver ? 301_000 : 30_000)
      if (isOver) expect(call.state).toHaveLength(299 * 4_000)
      else expect(call.state).toMatchObject({ kind: 'retry', status: 200 })
      expect(world.timers()).toBe(0)
    }
  })

  test('counts the status of an error even if its body never ends', () => {
    const world = simulateClient(slowly(() => world.clock, 1_000, 'x', 401))
    const call = observe(world.client.json({ path: PATH }, ANYTHING).catch((error: unknown) => error))
    world.run(30_000)
    expect(call.state).toMatchObject({ kind: 'gone', status: 401 })
  })

  test('with a large body has longer until it is answered, for a slow line out', () => {
    const { client, run } = simulateClient(silence)
    const call = observe(client.json({ path: PATH, body: 'x'.repeat(999_998), timeoutMs: 2_000 }, ANYTHING))
    run(62_999)
    expect(call.state).toBe('pending')
    run(1)
    expect(call.state).toContain('no answer within')
  })

  test('with a file lasts while parts of the file are taken, and ends when that stops', () => {
    const FILE = { name: 'a', mimeType: '', size: 10_000_000 }
    for (const stops of [false, true]) {
      const world = simulateClient(async (_url, signal, init) => {
        let parts = 0
        if (!(init?.body instanceof ReadableStream)) throw new Error('no stream')
        for await (const _ of init.body) {
          await sleep(stops && ++parts > 20 ? 400_000 : 60_000, signal, world.clock)
        }
        return Response.json({ files: [{ uri: 'x:' }] })
      })
      async function* read(): AsyncGenerator<Uint8Array> {
        for (let part = 0; part < 40; part++) yield new Uint8Array(250_000)
      }
      const upload = observe(uploadFile(world.client, { ...FILE, read }))
      world.run(43 * 60_000)
      if (stops) expect(upload.state).toContain('no answer within 300000 ms')
      else expect(upload.state).toMatchObject({ uri: 'x:' })
    }
  })

  test('waits as long as the platform asks before the next attempt', () => {
    const date = new Date(9_000).toUTCString()
    const { client, asked, run } = simulateClient(() =>
      asked.length === 1
        ? new Response('', { status: 503, headers: { 'Retry-After': '3' } })
        : new Response('', { status: 503, headers: { 'Retry-After': date } }),
    )
    const call = observe(client.json({ path: PATH, attempts: 3 }, ANYTHING))
    run(60_000)
    expect(asked).toEqual([0, 3_000, 9_000])
    expect(call.state).toContain('503')
  })

  test('waits its own time when the platform asks to wait for nothing', () => {
    const { client, asked, run } = simulateClient(
      () => new Response('', { status: 503, headers: { 'Retry-After': '0' } }),
    )
    observe(client.json({ path: PATH, attempts: 3 }, ANYTHING))
    run(60_000)
    expect(new Set(asked).size).toBe(3)
  })

  test.each(['120', new Date(120_000).toUTCString()])(
    'is not made again when the platform asks to wait for more than ten seconds (%s), which the error says',
    (retryAfter) => {
      const { client, asked, run } = simulateClient(
        () => new Response('', { status: 429, headers: { 'Retry-After': retryAfter } }),
      )
      const failed = observe(
        client.json({ path: PATH, attempts: 3 }, ANYTHING).catch((error: unknown) => error),
      )
      run(0)
      expect(failed.state).toMatchObject({
        kind: 'retry',
        retryAfterMs: 120_000,
        message: expect.stringMatching(/asks to wait 120 s$/),
      })
      run(300_000)
      expect(asked).toHaveLength(1)
    },
  )

  test('ends at once on abort, whether it waits for the answer or for the next attempt', () => {
    for (const answer of [
      silence,
      () => new Response('', { status: 503, headers: { 'Retry-After': '9' } }),
    ]) {
      const { client, run, timers } = simulateClient(answer)
      const stop = new AbortController()
      const call = observe(client.json({ path: PATH, attempts: 3, signal: stop.signal }, ANYTHING))
      run(1_000)
      expect(call.state).toBe('pending')
      stop.abort(new Error('stopped'))
      run(0)
      expect(call.state).toBe('Error: stopped')
      expect(timers()).toBe(0)
    }
  })
})

describe('the event stream', () => {
  const follow = (world: ReturnType<typeof simulateClient>, silenceMs = 60_000) => {
    const seen = { opened: 0, hints: 0 }
    const ended = observe(
      followEvents(world.client, {
        signal: new AbortController().signal,
        silenceMs,
        onOpen: () => {
          seen.opened++
        },
        onHint: () => {
          seen.hints++
        },
      }),
    )
    return { seen, ended }
  }
  const HINT = 'data: {"type": "ACTIVITY_LOGGED"}\n\n'

  test('ends after too long a silence, counted from the last byte', () => {
    const stream = eventStream()
    const world = simulateClient(stream.answer)
    const { seen, ended } = follow(world)
    world.run(50_000)
    stream.send(HINT)
    world.run(59_999)
    expect([seen, ended.state]).toEqual([{ opened: 1, hints: 1 }, 'pending'])
    world.run(1)
    expect(ended.state).toBeUndefined()
    expect(world.timers()).toBe(0)
  })

  test('may bring 900 events each second, even after the clock was set back', () => {
    const stream = eventStream()
    const world = simulateClient(stream.answer)
    const { seen, ended } = follow(world)
    for (let second = 1; second <= 5; second++) {
      stream.send(HINT.repeat(900))
      world.run(1_000)
      if (second === 2) world.setBack(3_600_000)
    }
    expect([seen.hints, ended.state]).toEqual([4_500, 'pending'])
  })

  test('ends in the second in which it floods', () => {
    const stream = eventStream()
    const world = simulateClient(stream.answer)
    const { ended } = follow(world)
    stream.send('\n'.repeat(2_001))
    world.run(0)
    expect(ended.state).toBeUndefined()
  })

  test('leaves no timer when the platform ends it', () => {
    const stream = eventStream()
    const world = simulateClient(stream.answer)
    const { seen, ended } = follow(world)
    stream.send(HINT)
    world.run(1_000)
    stream.end()
    world.run(0)
    expect([seen.hints, ended.state]).toEqual([1, undefined])
    expect(world.timers()).toBe(0)
  })

  test('gives everything else a turn at least every ten milliseconds of reading', async () => {
    const CHUNKS = 1_000
    let chunk = 0
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (chunk++ < CHUNKS) controller.enqueue(new Uint8Array([0x20]))
        else controller.close()
      },
    })
    const answer = () =>
      Promise.resolve(new Response(body, { headers: { 'Content-Type': 'text/event-stream' } }))
    // Each look at this clock takes a millisecond.
    let now = 0
    let turns = 0
    const clock: Clock = {
      ...new SimClock(),
      now: () => now++,
      after: (ms, run) => {
        if (ms === 0) queueMicrotask(run)
        if (ms === 0) turns++
        return () => {}
      },
    }
    const client = new PlatformClient(
      { platformUrl: 'https://platform.example', workspaceId: OWN_ID, token: TOKEN },
      { network: Object.assign(answer, { preconnect: () => {} }), clock },
    )
    const { signal } = new AbortController()
    await followEvents(client, { signal, silenceMs: 60_000, onOpen: () => {}, onHint: () => {} })
    expect(chunk).toBeGreaterThan(CHUNKS)
    expect(turns).toBeGreaterThan(CHUNKS / 10)
  })

  test('may be silent for longer than the runtime allows a request by default', () => {
    const options: (RequestInit | undefined)[] = []
    const stream = eventStream()
    const world = simulateClient((url, signal, init) => {
      options.push(init)
      return stream.answer(url, signal)
    })
    follow(world)
    world.run(0)
    expect(options).toEqual([expect.objectContaining({ timeout: false })])
  })

  test('is given up when it is not opened within ten seconds', () => {
    const world = simulateClient(silence)
    const { seen, ended } = follow(world)
    world.run(10_000)
    expect(ended.state).toContain('no answer within 10000 ms')
    expect(seen.opened).toBe(0)
  })
})
