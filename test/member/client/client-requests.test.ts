import { describe, expect, test } from 'bun:test'
import { z } from 'zod'
import { until } from '../../../lab/driver/until.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { parseRetryAfter } from '../../../member/client/failure.ts'
import { workspacePath } from '../../../member/client/workspace-path.ts'
import { OWN_ID, rejection, startLyingPlatform, TOKEN } from '../../fixtures/lying-platform.ts'

const anything = z.unknown()
const never = (): Promise<Response> => new Promise(() => {})
const status = (code: number, headers: Record<string, string> = {}): Response =>
  new Response('{"error":"no"}', { status: code, headers })

/** An endless answer: the status at once, then a byte now and then. */
function drip(code = 200): Response {
  const timers: ReturnType<typeof setInterval>[] = []
  return new Response(
    new ReadableStream({
      start: (controller) => {
        timers.push(setInterval(() => controller.enqueue(new Uint8Array([0x20])), 5))
      },
      cancel: () => timers.forEach(clearInterval),
    }),
    { status: code },
  )
}

describe('every request', () => {
  test('carries the bearer token, the bare origin and the workspace, and the organization if it is set', async () => {
    await using platform = startLyingPlatform(() => Response.json({}))
    await platform.client.json({ path: '/x' }, anything)
    await platform
      .clientWith({ platformUrl: `${platform.url}/base`, orgId: 'org-1' })
      .json({ path: '/x', body: { a: 1 }, query: { b: 'c d', e: undefined } }, anything)
    const [first, second] = platform.seen
    expect([first?.method, first?.path, first?.body]).toEqual(['GET', '/x', ''])
    expect([second?.method, second?.path, second?.body]).toEqual(['POST', '/base/x?b=c+d', '{"a":1}'])
    for (const request of [first, second]) {
      expect(request?.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
      expect(request?.headers.get('origin')).toBe(platform.url)
      expect(request?.headers.get('x-workspace-id')).toBe(OWN_ID)
      expect(request?.headers.get('x-source-workspace-id')).toBeNull()
    }
    expect(first?.headers.has('x-molecule-org-id')).toBeFalse()
    expect(second?.headers.get('x-molecule-org-id')).toBe('org-1')
    expect(first?.headers.has('content-type')).toBeFalse()
    expect(second?.headers.get('content-type')).toBe('application/json')
  })

  test('has texts without zero characters, which a platform on PostgreSQL refuses, and is otherwise as it is', async () => {
    await using platform = startLyingPlatform(() => Response.json({}))
    const body = { text: 'bin\0ary \\u0000', parts: [{ text: '\0' }, null, 1] }
    await platform.client.json({ path: '/x', body }, anything)
    expect(JSON.parse(platform.seen[0]?.body ?? '')).toEqual({
      text: 'binary \\u0000',
      parts: [{ text: '' }, null, 1],
    })
  })

  test('is refused before it is made when an id is a path', () => {
    for (const id of [
      '',
      '../admin',
      `${OWN_ID}/tokens`,
      `${OWN_ID}?x`,
      `${OWN_ID}\n`,
      '%2e%2e',
      'x'.repeat(36),
    ]) {
      expect(() => workspacePath(id)).toThrow(PlatformError)
    }
    expect(workspacePath(OWN_ID, '/a2a')).toBe(`/workspaces/${OWN_ID}/a2a`)
  })
})

describe('a call with several attempts', () => {
  test('is repeated only as often as allowed, and only after a retry error', async () => {
    for (const [code, attempts, asked] of [
      [500, 1, 1],
      [500, 3, 3],
      [503, 2, 2],
      [400, 3, 1],
      [401, 3, 1],
      [404, 3, 1],
      [410, 3, 1],
    ] as const) {
      await using platform = startLyingPlatform(() => status(code))
      await rejection(platform.client.json({ path: '/x', attempts }, anything))
      expect([code, platform.seen.length]).toEqual([code, asked])
    }
  })

  test('is the exception: by default there is one attempt, with or without a body', async () => {
    await using platform = startLyingPlatform(() => status(500))
    await rejection(platform.client.json({ path: '/x' }, anything))
    await rejection(platform.client.json({ path: '/x', body: {} }, anything))
    expect(platform.seen).toHaveLength(2)
  })

  test('sends the same body again, and returns the answer that succeeds', async () => {
    await using platform = startLyingPlatform((_, index) =>
      index < 2 ? status(502) : Response.json({ index }),
    )
    const body = { id: crypto.randomUUID() }
    expect(await platform.client.json({ path: '/x', body, attempts: 3 }, anything)).toEqual({ index: 2 })
    expect(new Set(platform.seen.map((request) => request.body)).size).toBe(1)
  })

  test('ends when retryIf says so', async () => {
    await using platform = startLyingPlatform(() => status(500))
    await rejection(platform.client.json({ path: '/x', attempts: 3, retryIf: () => false }, anything))
    expect(platform.seen).toHaveLength(1)
  })

  test('leaves a long Retry-After to the caller, whether in seconds or a date', async () => {
    const later = new Date(Date.now() + 120_000).toUTCString()
    for (const value of ['120', later]) {
      await using platform = startLyingPlatform(() => status(429, { 'Retry-After': value }))
      const error = await rejection(platform.client.json({ path: '/x', attempts: 3 }, anything))
      if (!(error instanceof PlatformError)) throw error
      expect(error.retryAfterMs).toBeWithin(100_000, 120_001)
      expect(error.message).toMatch(/asks to wait 1[12]\d s$/)
      expect(platform.seen).toHaveLength(1)
    }
  })

  test('reads Retry-After as seconds or a date, from 0 to 5 minutes, and ignores garbage', () => {
    const now = Date.parse('2026-07-01T10:00:00Z')
    expect(parseRetryAfter('7', now)).toBe(7_000)
    expect(parseRetryAfter('Wed, 01 Jul 2026 10:00:30 GMT', now)).toBe(30_000)
    expect(parseRetryAfter('Wed, 01 Jul 2026 09:00:00 GMT', now)).toBe(0)
    expect(parseRetryAfter('99999999999999999999', now)).toBe(300_000)
    for (const value of [null, '', ' ', 'soon', '-']) expect(parseRetryAfter(value, now)).toBeUndefined()
  })
})

describe('time limits and aborts', () => {
  test('a platform that hangs is a retry error after the time limit', async () => {
    await using platform = startLyingPlatform(never)
    const error = await rejection(platform.client.json({ path: '/x', timeoutMs: 30 }, anything))
    expect(error).toMatchObject({ kind: 'retry' })
    expect(String(error)).toContain('no answer within 30 ms')
  })

  test('a platform that is not running is a retry error with its address', async () => {
    await using platform = startLyingPlatform(() => Response.json({}))
    const client = platform.clientWith({ platformUrl: 'http://127.0.0.1:1' })
    const error = await rejection(client.json({ path: '/x' }, anything))
    expect(error).toMatchObject({
      kind: 'retry',
      message: 'cannot reach http://127.0.0.1:1: nothing listens there; is the platform running?',
    })
  })

  test.each([
    ['closes the connection', '', 'the connection was closed before the answer came'],
    [
      'speaks another protocol',
      'HTTP/1.1 2OO OK\r\n\r\n',
      'what answers there does not speak HTTP; check the port',
    ],
    ['lies about its length', 'HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\n', 'does not speak HTTP'],
  ])('a server that %s is described without the words of the runtime', async (_, answer, words) => {
    using server = Bun.listen({
      hostname: '127.0.0.1',
      port: 0,
      socket: { data: (socket) => void socket.end(answer) },
    })
    await using platform = startLyingPlatform(() => Response.json({}))
    const client = platform.clientWith({ platformUrl: `http://127.0.0.1:${server.port}` })
    const error = await rejection(client.json({ path: '/x' }, anything))
    expect(error).toMatchObject({ kind: 'retry', message: expect.stringContaining(words) })
    expect(String(error)).not.toMatch(/verbose|fetch/)
  })

  test('an abort ends a request, a drip and a wait, with its own reason', async () => {
    const answers: readonly (() => Response | Promise<Response>)[] = [
      never,
      () => drip(),
      () => status(503, { 'Retry-After': '9' }),
    ]
    for (const answer of answers) {
      await using platform = startLyingPlatform(answer)
      const stop = new AbortController()
      const call = platform.client.json({ path: '/x', attempts: 3, signal: stop.signal }, anything)
      const ended = rejection(call)
      await until('the request', () => platform.seen.length === 1)
      // What the abort did not end would go on for longer than this test may take.
      const reason = new Error('stopped')
      stop.abort(reason)
      expect(await ended).toBe(reason)
      expect(platform.seen).toHaveLength(1)
    }
  })

  test('an aborted signal lets no request out', async () => {
    await using platform = startLyingPlatform(() => Response.json({}))
    const call = platform.client.json({ path: '/x', signal: AbortSignal.abort() }, anything)
    expect(await rejection(call)).toBeInstanceOf(DOMException)
    expect(platform.seen).toHaveLength(0)
  })
})
