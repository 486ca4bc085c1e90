import { describe, expect, test } from 'bun:test'
import { brotliCompressSync, deflateSync } from 'node:zlib'
import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { startRawServer } from '../../fixtures/heartbeat-platform.ts'
import { rejection, type SeenRequest, startLyingPlatform, TOKEN } from '../../fixtures/lying-platform.ts'

const anything = z.unknown()
const HTML = '<!doctype html><html><body>Not here</body></html>'
const html = (status: number): Response =>
  new Response(HTML, { status, headers: { 'Content-Type': 'text/html' } })
const json = (status: number, error: unknown): Response => Response.json({ error }, { status })

/** The error of a call that gets this answer. */
async function errorFor(
  answer: (request: SeenRequest) => Response,
  maxBytes = 1_000_000,
): Promise<PlatformError> {
  await using platform = startLyingPlatform(answer)
  const error = await rejection(platform.client.json({ path: '/x', maxBytes }, z.object({ a: z.number() })))
  if (!(error instanceof PlatformError)) throw error
  return error
}

describe('the status of an error', () => {
  const table: readonly (readonly [number, 'retry' | 'refused' | 'gone'])[] = [
    [400, 'refused'],
    [401, 'gone'],
    [402, 'refused'],
    [403, 'refused'],
    [404, 'refused'],
    [408, 'retry'],
    [409, 'refused'],
    [410, 'gone'],
    [413, 'refused'],
    [425, 'retry'],
    [429, 'retry'],
    [500, 'retry'],
    [502, 'retry'],
    [503, 'retry'],
  ]
  test.each(table)('%i means %s, whatever the body', async (status, kind) => {
    const bodies = [
      () => json(status, 'said so'),
      () => html(status),
      () => new Response(null, { status }),
      () => new Response('{"error": "hal', { status }),
      () => new Response('x'.repeat(2_000_000), { status }),
    ]
    for (const body of bodies) {
      const error = await errorFor(body)
      expect([error.kind, error.status]).toEqual([kind, status])
      expect(error.message).not.toContain('<')
    }
  })

  test("comes with the platform's own words as one line, cleaned and cut", async () => {
    const text = `no\u001b[2J \u202esuch\nworkspace ${'x'.repeat(10_000)}`
    const { message } = await errorFor(() => json(400, text))
    expect(message).toStartWith('the platform answered 400 no [2J such workspace xxx')
    expect(message.length).toBeLessThan(300)
    expect(describeError(new Error(text))).toStartWith('no [2J such workspace …')
  })

  test('comes with the message of a JSON-RPC error, and with nothing of any other object', async () => {
    expect((await errorFor(() => json(400, { code: 1, message: 'bad parts' }))).message).toEndWith(
      'bad parts',
    )
    expect((await errorFor(() => json(400, { code: 1 }))).message).toBe('the platform answered 400')
  })

  test('points to the organization for an empty 404 and to the address for an empty 403, but not for one with text', async () => {
    expect((await errorFor(() => new Response(null, { status: 404 }))).message).toContain('MOLECULE_ORG_ID')
    expect((await errorFor(() => new Response(null, { status: 403 }))).message).toContain(
      'MOLECULE_PLATFORM_URL',
    )
    for (const status of [403, 404]) {
      for (const body of [() => json(status, 'denied'), () => html(status)])
        expect((await errorFor(body)).message).not.toContain('MOLECULE_')
    }
  })
})

describe('an unreadable success', () => {
  test('is a retry error that says what it was and quotes nothing', async () => {
    const cases: readonly (readonly [() => Response, string])[] = [
      [() => html(200), 'a web page instead of JSON'],
      [() => new Response('{"a": 1'), 'broken JSON'],
      [() => new Response('\u0000\u0001garbage'), 'broken JSON'],
      [() => Response.json({ a: 'text' }), 'JSON of an unknown shape'],
      [() => Response.json(null), 'JSON of an unknown shape'],
      [() => new Response(null, { status: 204 }), 'an empty body'],
      [() => new Response('', { headers: { 'Content-Type': 'application/json' } }), 'an empty body'],
    ]
    for (const [answer, words] of cases) {
      const error = await errorFor(answer)
      expect(error.kind).toBe('retry')
      expect(error.message).toContain(words)
      expect(error.message).not.toContain('garbage')
    }
  })

  test('is refused when it is too large, whether or not it announces its length', async () => {
    const tenMegabytes = 'x'.repeat(10_000_000)
    const chunked = (): Response =>
      new Response(
        new ReadableStream({
          start(controller) {
            for (let at = 0; at < 10; at++)
              controller.enqueue(new TextEncoder().encode(tenMegabytes.slice(0, 1e6)))
            controller.close()
          },
        }),
      )
    for (const answer of [() => new Response(tenMegabytes), chunked]) {
      const error = await errorFor(answer)
      expect([error.kind, error.status]).toEqual(['refused', 200])
      expect(error.message).toContain('larger than 1000000 bytes')
    }
  })

  const PACKERS: readonly (readonly [string, (text: Uint8Array<ArrayBuffer>) => Uint8Array<ArrayBuffer>])[] =
    [
      ['gzip', (bytes) => Bun.gzipSync(bytes)],
      ['GZIP', (bytes) => Bun.gzipSync(bytes)],
      ['deflate', (bytes) => new Uint8Array(deflateSync(bytes))],
      ['br', (bytes) => new Uint8Array(brotliCompressSync(bytes))],
      ['zstd', (bytes) => new Uint8Array(Bun.zstdCompressSync(bytes))],
    ]

  test.each(PACKERS)(
    'is read if a proxy compresses it with %s, which is never asked for',
    async (name, pack) => {
      await using platform = startLyingPlatform(({ headers }) => {
        const body = pack(Buffer.from(JSON.stringify({ asked: headers.get('accept-encoding') })))
        return new Response(body, { headers: { 'Content-Encoding': name } })
      })
      expect(await platform.client.json({ path: '/x' }, anything)).toEqual({ asked: 'identity' })
    },
  )

  test.each(PACKERS)(
    'is refused when it unpacks to more than its limit, however small it came (%s)',
    async (name, pack) => {
      const bomb = pack(new Uint8Array(20_000_000))
      const error = await errorFor(() => new Response(bomb, { headers: { 'Content-Encoding': name } }))
      expect([error.kind, error.message]).toEqual([
        'refused',
        expect.stringContaining('larger than 1000000 bytes'),
      ])
    },
  )

  test('is a retry error when its compression is broken, cut off or unknown', async () => {
    const packed = Bun.gzipSync(Buffer.from(JSON.stringify({ a: 'x'.repeat(5_000) })))
    const broken: readonly (readonly [Uint8Array<ArrayBuffer>, string])[] = [
      [Buffer.from('no gzip'), 'gzip'],
      [packed.slice(0, -20), 'gzip'],
      [packed, 'gzip, gzip'],
      [packed, 'constructor'],
    ]
    for (const [body, name] of broken) {
      const error = await errorFor(() => new Response(body, { headers: { 'Content-Encoding': name } }))
      expect(error).toMatchObject({ kind: 'retry', status: 200 })
    }
  })

  test('is a retry error when it breaks off', async () => {
    using platform = startRawServer('HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"a":')
    await using lying = startLyingPlatform(() => new Response())
    const call = lying.clientWith({ platformUrl: platform.url }).json({ path: '/x' }, anything)
    expect(await rejection(call)).toMatchObject({ kind: 'retry' })
  })
})

describe('redirects', () => {
  test.each([301, 302, 303, 307, 308])(
    'a %i to another host is refused, and that host sees nothing',
    async (status) => {
      await using other = startLyingPlatform(() => Response.json({ a: 1 }))
      const to = { Location: `${other.url}/x` }
      await using platform = startLyingPlatform(() => new Response(null, { status, headers: to }))
      const calls = [
        platform.client.json({ path: '/x', attempts: 3 }, anything),
        platform.client.json({ path: '/x', body: {}, attempts: 3 }, anything),
        platform.client.stream('/x', 1_000, new AbortController().signal),
      ]
      for (const call of calls) {
        const error = await rejection(call)
        expect(error).toMatchObject({ kind: 'refused', status })
        expect(describeError(error)).toContain(`${platform.url} redirects`)
      }
      expect(other.seen).toHaveLength(0)
      expect(platform.seen).toHaveLength(calls.length)
    },
  )
})

describe('the token', () => {
  test('is in no error, even when the platform repeats it', async () => {
    const echoes: readonly ((seen: { headers: Headers }) => Response)[] = [
      ({ headers }) => json(400, `I got ${headers.get('authorization')}`),
      ({ headers }) => json(500, `I got ${headers.get('authorization')}`),
      ({ headers }) => new Response(headers.get('authorization'), { status: 401 }),
      ({ headers }) => new Response(headers.get('authorization')),
      ({ headers }) => Response.json({ a: headers.get('authorization') }),
    ]
    for (const echo of echoes) {
      await using platform = startLyingPlatform(echo)
      const error = await rejection(platform.client.json({ path: '/x' }, z.object({ a: z.number() })))
      if (!(error instanceof PlatformError)) throw error
      expect(`${error.message} ${error.body} ${error.stack} ${String(error.cause)}`).not.toContain(TOKEN)
    }
  })

  test('is not in a success either', async () => {
    await using platform = startLyingPlatform(({ headers }) => Response.json(headers.get('authorization')))
    expect(await platform.client.json({ path: '/x' }, anything)).toBe('Bearer [token]')
  })

  test('is not in the error about a header that cannot be sent', async () => {
    await using platform = startLyingPlatform(() => Response.json({}))
    const token = `${TOKEN}\nX-Other: 1`
    const error = await rejection(platform.clientWith({ token }).json({ path: '/x' }, anything))
    expect(describeError(error)).not.toContain(TOKEN)
    expect(platform.seen).toHaveLength(0)
  })
})
