import { describe, expect, spyOn, test } from 'bun:test'
import fc from 'fast-check'
import { type BeatOptions, beat, type HeartbeatMetrics, sendHeartbeat } from '../heartbeat.ts'
import { accepted, startHeartbeatPlatform, startRawServer } from './fixtures/heartbeat-platform.ts'

const ID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const TOKEN = 'AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_AbCdE'
const UNREACHABLE = 'http://127.0.0.1:1'

const METRICS: HeartbeatMetrics = {
  error_rate: 0.25,
  sample_error: 'poll: HTTP 500',
  active_tasks: 2,
  current_task: 'Answering the canvas',
  uptime_seconds: 3600,
  runtime_metadata: { capabilities: { heartbeat: true } },
}

/** Sends one heartbeat and gives what was logged; fails unless the call resolves to nothing. */
async function linesOf(options: Partial<BeatOptions> & { readonly platformUrl: string }): Promise<string[]> {
  const lines: string[] = []
  const returned: unknown = await sendHeartbeat({
    workspaceId: ID,
    token: TOKEN,
    log: (line) => lines.push(line),
    ...options,
  })
  expect(returned).toBeUndefined()
  return lines
}

const line = (text: string): string => `molecule channel: heartbeat ${ID} ${text}`

describe('what is sent', () => {
  test('is the smallest body, byte for byte, without metrics', async () => {
    await using platform = startHeartbeatPlatform()
    await linesOf({ platformUrl: platform.url })
    await linesOf({ platformUrl: platform.url, workspaceId: 'ws-x' })
    expect(platform.seen.map(({ body }) => body)).toEqual([
      `{"workspace_id":"${ID}"}`,
      '{"workspace_id":"ws-x"}',
    ])
  })

  test('is one POST with bearer, content type and the bare origin', async () => {
    await using platform = startHeartbeatPlatform()
    await linesOf({ platformUrl: platform.url })
    const [seen] = platform.seen
    expect([seen?.method, seen?.path]).toEqual(['POST', '/registry/heartbeat'])
    expect(seen?.headers.get('authorization')).toBe(`Bearer ${TOKEN}`)
    expect(seen?.headers.get('content-type')).toBe('application/json')
    expect(seen?.headers.get('origin')).toBe(platform.url)
  })

  test('goes below the path of the platform URL, with or without a slash at its end', async () => {
    await using platform = startHeartbeatPlatform()
    await linesOf({ platformUrl: `${platform.url}/` })
    await linesOf({ platformUrl: `${platform.url}/base` })
    expect(platform.seen.map(({ path }) => path)).toEqual(['/registry/heartbeat', '/base/registry/heartbeat'])
    expect(platform.seen.map(({ headers }) => headers.get('origin'))).toEqual([platform.url, platform.url])
  })

  test('is the full state with metrics', async () => {
    await using platform = startHeartbeatPlatform()
    await linesOf({ platformUrl: platform.url, metrics: METRICS })
    expect(JSON.parse(platform.seen[0]?.body ?? '')).toEqual({ workspace_id: ID, ...METRICS })
  })

  test('names a runtime state only when it is wedged', async () => {
    await using platform = startHeartbeatPlatform()
    await linesOf({ platformUrl: platform.url, metrics: { ...METRICS, runtime_state: 'wedged' } })
    const healthy = { ...METRICS, runtime_state: 'ok' } as unknown as HeartbeatMetrics
    await linesOf({ platformUrl: platform.url, metrics: healthy })
    expect(JSON.parse(platform.seen[0]?.body ?? '').runtime_state).toBe('wedged')
    expect(JSON.parse(platform.seen[1]?.body ?? '')).not.toHaveProperty('runtime_state')
  })

  test('has numbers that the platform can take, whatever was measured', async () => {
    const bodies: string[] = []
    const keep = (async (_url: unknown, init: RequestInit) => {
      bodies.push(String(init.body))
      return accepted()
    }) as unknown as typeof fetch
    await fc.assert(
      fc.asyncProperty(
        fc.double(),
        fc.double(),
        fc.double(),
        async (error_rate, active_tasks, uptime_seconds) => {
          const metrics = { ...METRICS, error_rate, active_tasks, uptime_seconds }
          expect(await linesOf({ platformUrl: UNREACHABLE, metrics, fetchImpl: keep })).toEqual([])
          const sent = JSON.parse(bodies.pop() ?? '')
          expect(sent.error_rate >= 0 && sent.error_rate <= 1).toBe(true)
          expect(Number.isInteger(sent.active_tasks) && sent.active_tasks >= 0).toBe(true)
          expect(Number.isInteger(sent.uptime_seconds) && sent.uptime_seconds >= 0).toBe(true)
        },
      ),
    )
  })
})

describe('an answer of 2xx', () => {
  test('is silent', async () => {
    await using platform = startHeartbeatPlatform((_beat, index) =>
      index === 0 ? accepted() : new Response(null, { status: 204 }),
    )
    expect(await linesOf({ platformUrl: platform.url })).toEqual([])
    expect(await linesOf({ platformUrl: platform.url })).toEqual([])
  })

  test('is read to its end, so that the connection is used again', async () => {
    const chunk = 'x'.repeat(10_000)
    const inPieces = async function* (): AsyncGenerator<string> {
      for (let piece = 0; piece < 5; piece++) {
        yield chunk
        await Bun.sleep(1)
      }
    }
    await using platform = startHeartbeatPlatform(() => new Response(inPieces() as unknown as ReadableStream))
    let answer: Response | undefined
    const keep = (async (url: string, init: RequestInit) => {
      answer = await fetch(url, init)
      return answer
    }) as unknown as typeof fetch
    for (let beats = 0; beats < 4; beats++) {
      expect(await linesOf({ platformUrl: platform.url, fetchImpl: keep })).toEqual([])
      expect(answer?.bodyUsed).toBe(true)
    }
    expect(platform.seen).toHaveLength(4)
    expect(new Set(platform.seen.map(({ remotePort }) => remotePort)).size).toBe(1)
  })

  test('may carry secrets, which the result has and no line shows', async () => {
    const more = { platform_inbound_secret: 'inbound-s3cret-1234', auth_token: 'fresh-t0ken-1234' }
    await using platform = startHeartbeatPlatform(() => accepted(more))
    expect(await beat({ platformUrl: platform.url, workspaceId: ID, token: TOKEN })).toEqual({
      kind: 'ok',
      secrets: { inboundSecret: 'inbound-s3cret-1234', authToken: 'fresh-t0ken-1234' },
    })
    expect(await linesOf({ platformUrl: platform.url })).toEqual([])
  })

  test.each([
    '{"platform_inbound_secret":7,"auth_token":null}',
    '{"platform_inbound_secret":"a\\nb with a line break","auth_token":""}',
    '{"platform_inbound_secret":"the","auth_token":"fifteen-letters"}',
    `{"auth_token":"${'x'.repeat(4_097)}"}`,
    '[]',
    'null',
    '{"half":',
    '',
  ])('with a body of %s is a beat taken, without secrets', async (body) => {
    const headers = { 'content-type': 'application/json' }
    await using platform = startHeartbeatPlatform(() => new Response(body, { headers }))
    expect(await beat({ platformUrl: platform.url, workspaceId: ID, token: TOKEN })).toEqual({
      kind: 'ok',
      secrets: {},
    })
  })

  test('that is a web page is no beat taken', async () => {
    const headers = { 'content-type': 'text/html; charset=utf-8' }
    await using platform = startHeartbeatPlatform(() => new Response('<!doctype html>', { headers }))
    expect(await linesOf({ platformUrl: platform.url })).toEqual([line('HTTP 200 — <!doctype html>')])
  })
})

describe('what goes wrong is logged in one line', () => {
  test.each([400, 401, 403, 404, 410, 429, 500, 502, 503])('status %i', async (status) => {
    const body = { error: 'because' }
    await using platform = startHeartbeatPlatform(() => Response.json(body, { status }))
    expect(await linesOf({ platformUrl: platform.url })).toEqual([
      line(`HTTP ${status} — {"error":"because"}`),
    ])
    const result = await beat({ platformUrl: platform.url, workspaceId: ID, token: TOKEN })
    expect(result.kind).toBe(status === 401 ? 'refused' : 'failed')
  })

  test('a body of nothing', async () => {
    await using platform = startHeartbeatPlatform(() => new Response(null, { status: 404 }))
    expect(await linesOf({ platformUrl: platform.url })).toEqual([line('HTTP 404 — (empty body)')])
  })

  test('200 characters of a longer body', async () => {
    await using platform = startHeartbeatPlatform(() => new Response('x'.repeat(9_999), { status: 500 }))
    expect(await linesOf({ platformUrl: platform.url })).toEqual([line(`HTTP 500 — ${'x'.repeat(200)}`)])
  })

  test('control characters of the body as spaces, and the token not at all', async () => {
    const body = `a\r\nb\u001b[31m ${TOKEN} ${'y'.repeat(150)} ${TOKEN}`
    await using platform = startHeartbeatPlatform(() => new Response(body, { status: 500 }))
    const [logged = ''] = await linesOf({ platformUrl: platform.url })
    expect(logged).toStartWith(line('HTTP 500 — a b [31m [token] yyy'))
    expect(logged).not.toContain(TOKEN.slice(0, 4))
  })

  test('a token of any length not at all', async () => {
    await using platform = startHeartbeatPlatform(() => new Response('bad token s3c', { status: 500 }))
    expect(await linesOf({ platformUrl: platform.url, token: 's3c' })).toEqual([
      line('HTTP 500 — bad token [token]'),
    ])
  })

  test('a redirect, which is not followed', async () => {
    await using elsewhere = startHeartbeatPlatform()
    await using platform = startHeartbeatPlatform(() => Response.redirect(elsewhere.url, 307))
    expect(await linesOf({ platformUrl: platform.url })).toEqual([line('HTTP 307 — (empty body)')])
    expect(elsewhere.seen).toEqual([])
  })

  test('a platform that cannot be reached', async () => {
    const [logged = '', ...more] = await linesOf({ platformUrl: UNREACHABLE })
    expect(logged).toStartWith(line('fetch failed: '))
    expect(more).toEqual([])
  })

  test('a platform that does not answer in time', async () => {
    const { promise: never, resolve: release } = Promise.withResolvers<Response>()
    await using platform = startHeartbeatPlatform(() => never)
    expect(await linesOf({ platformUrl: platform.url, timeoutMs: 30 })).toEqual([
      line('fetch failed: TimeoutError: no answer within 30 ms'),
    ])
    release(accepted())
  })

  test('an error status whose body breaks off', async () => {
    using server = startRawServer('HTTP/1.1 500 Oops\r\nContent-Length: 100\r\n\r\nhalf')
    const [logged = '', ...more] = await linesOf({ platformUrl: server.url })
    expect(logged).toStartWith(line('HTTP 500 — (the answer was cut off'))
    expect(more).toEqual([])
  })

  test('an error status whose body is too large', async () => {
    await using platform = startHeartbeatPlatform(() => new Response('x'.repeat(10_000_000), { status: 500 }))
    expect(await linesOf({ platformUrl: platform.url })).toEqual([
      line('HTTP 500 — (the answer is larger than 65536 bytes)'),
    ])
  })

  test('a body that breaks off after 200 is a beat taken', async () => {
    using server = startRawServer('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"sta')
    expect(await linesOf({ platformUrl: server.url })).toEqual([])
  })

  test.each(['not a url', '', 'http://'])('a platform URL of %j', async (platformUrl) => {
    const [logged = ''] = await linesOf({ platformUrl })
    expect(logged).toStartWith(line('fetch failed: '))
  })

  test.each([new Error(`bad header Bearer ${TOKEN}`), 'text', null, undefined, Object.create(null)])(
    'whatever fetch throws, without the token',
    async (thrown) => {
      const fetchImpl = (() => Promise.reject(thrown)) as unknown as typeof fetch
      const [logged = ''] = await linesOf({ platformUrl: UNREACHABLE, fetchImpl })
      expect(logged).toStartWith(line('fetch failed: '))
      expect(logged).not.toContain(TOKEN)
    },
  )
})

describe('the log', () => {
  test('is standard error by default, one line for one failure', async () => {
    const written: unknown[] = []
    const stderr = spyOn(process.stderr, 'write').mockImplementation(
      (chunk: unknown) => written.push(chunk) > 0,
    )
    try {
      await using platform = startHeartbeatPlatform(() => new Response('no', { status: 500 }))
      await sendHeartbeat({ platformUrl: platform.url, workspaceId: ID, token: TOKEN })
    } finally {
      stderr.mockRestore()
    }
    expect(written).toEqual([`${line('HTTP 500 — no')}\n`])
  })

  test('may fail without harm', async () => {
    const log = (): never => {
      throw new Error('the pipe is broken')
    }
    await sendHeartbeat({ platformUrl: UNREACHABLE, workspaceId: ID, token: TOKEN, log })
  })
})

test('importing the module starts nothing', async () => {
  const script = `await import(${JSON.stringify(new URL('../heartbeat.ts', import.meta.url).pathname)})`
  const run = Bun.spawn([process.execPath, '-e', script], { stdout: 'pipe', stderr: 'pipe' })
  expect(await run.exited).toBe(0)
  expect(await new Response(run.stdout).text()).toBe('')
  expect(await new Response(run.stderr).text()).toBe('')
})
