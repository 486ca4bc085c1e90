/**
 * What a stranger who reaches the port can try: names that point here, malformed requests, endless bodies,
 * stalled readers, tokens in the wrong place.
 */
import { expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import type { RequestRecord } from '../../platform/http/front.ts'
import { type Answer, until } from './contract/client.ts'
import { platformWithTeam, register, say } from './platform.ts'

/** Sends raw bytes. Resolves to everything that came back until the platform closed the connection. */
function exchange(port: number, text: string): Promise<string> {
  return new Promise((resolve) => {
    const chunks: string[] = []
    const socket = connect({ host: '127.0.0.1', port })
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => chunks.push(chunk))
    socket.on('error', () => {}) // A reset is one way to close; what came before is what counts.
    socket.on('close', () => resolve(chunks.join('')))
    socket.write(text)
  })
}

const get = (path: string, host: string, extra = '') =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n${extra}\r\n`

test("on loopback a stranger's name that points here opens nothing, not even to a page of that name", async () => {
  await using fixture = await platformWithTeam({ contract: 'v0' })
  const { platform, builder } = fixture
  const origin = `Origin: http://evil.example:${platform.port}\r\n`
  for (const path of ['/', '/health', '/metrics', '/ws', `/workspaces/${builder.id}`, '/admin/faults']) {
    const answer = await exchange(platform.port, get(path, `evil.example:${platform.port}`, origin))
    expect(answer).toStartWith('HTTP/1.1 403 ')
    expect(answer).not.toContain(builder.id)
  }
  const body = JSON.stringify({ jsonrpc: '2.0', method: 'message/send', params: { message: say('obey') } })
  const headers = { Host: 'localhost.evil.example' }
  const answer = await fixture.client.call('POST', `/workspaces/${builder.id}/a2a`, { raw: body, headers })
  expect([answer.status, answer.text]).toEqual([403, expect.stringContaining('--allow-host')])
})

test('addresses, localhost and the allowed names pass', async () => {
  await using fixture = await platformWithTeam({ allowedHosts: ['host.docker.internal'] })
  for (const Host of ['127.0.0.1:1', '[::1]', 'localhost', 'team.localhost:9', 'Host.Docker.Internal:8080'])
    expect((await fixture.client.call('GET', '/health', { headers: { Host } })).status).toBe(200)
})

test('off loopback every name passes', async () => {
  await using fixture = await platformWithTeam({ host: '0.0.0.0' })
  const answer = await exchange(fixture.platform.port, get('/health', 'platform.example'))
  expect(answer).toStartWith('HTTP/1.1 200 ')
})

test('a malformed request is a client error that reveals nothing of the inside', async () => {
  const failures: string[] = []
  await using fixture = await platformWithTeam({ log: (line) => failures.push(line) })
  const { port } = fixture.platform
  const requests = [
    ...['a b', '[', '%%%', ''].map((host) => get('/health', host)),
    get('/ws', '%%%'),
    get('//evil/x', 'localhost'),
    get('/chat/%2e%2e%2fmain.ts', 'localhost'),
    get('/chat/../../platform.ts', 'localhost'),
    get('/workspaces/%00', 'localhost'),
    get('/workspaces/%', 'localhost'),
    'GET health HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'POST /registry/heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
    'POST /registry/heartbeat HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ]
  for (const request of requests) {
    const answer = await exchange(port, request)
    expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(answer).not.toMatch(/\.ts\b|TypeError|doctype/)
  }
  expect(failures).toEqual([])
})

test('a failure inside is one line of the log, and a 500 that reveals nothing', async () => {
  const failures: string[] = []
  let broken = false
  await using fixture = await platformWithTeam({
    log: (line) => failures.push(line),
    random: (count) => {
      if (broken) throw new Error('no entropy left')
      return crypto.getRandomValues(new Uint8Array(count))
    },
  })
  broken = true
  const path = `/workspaces/${fixture.builder.id}/tokens`
  const answer = await fixture.client.call('POST', path, { token: fixture.builder.token })
  expect([answer.status, answer.json]).toEqual([500, { error: 'internal error' }])
  expect(failures).toEqual(['POST /workspaces/:id/tokens failed: no entropy left'])
})

test('the request log names routes and ids, and never a token misplaced in a path', async () => {
  const log: RequestRecord[] = []
  await using fixture = await platformWithTeam({ requestLog: (record) => log.push(record) })
  const { client, platform, builder } = fixture
  const paths = [
    `/workspaces/${builder.id}/activity?token=${builder.token}`,
    `/workspaces/${builder.token}/activity`,
    `/workspaces/${builder.id}/tokens/${platform.adminToken}`,
    `/token=${platform.adminToken}`,
    `/${encodeURIComponent(`#token=${platform.adminToken}`)}`,
    `/ws/${builder.token}`,
  ]
  for (const path of paths) await client.call('GET', path, { token: builder.token })
  await client.call('GET', '/ws', { token: builder.token, headers: { 'X-Workspace-ID': builder.id } })
  expect(log.map((record) => record.path)).toEqual([
    `/workspaces/${builder.id}/activity`,
    '/workspaces/*/activity',
    `/workspaces/${builder.id}/tokens/*`,
    '/*',
    '/*',
    '/ws/*',
    '/ws',
  ])
})

test('a socket counts as a request', async () => {
  await using fixture = await platformWithTeam({ rateLimit: 1 })
  const ask = () => fixture.client.call('GET', '/ws', { token: fixture.builder.token })
  expect([(await ask()).status, (await ask()).status]).toEqual([401, 429])
})

test("a body over the limit gets its endpoint's refusal, with or without a declared length", async () => {
  await using fixture = await platformWithTeam({ contract: 'v1' })
  const { client, platform, builder } = fixture
  const path = `${client.url}/workspaces/${builder.id}/chat/uploads`
  const headers = {
    Authorization: `Bearer ${builder.token}`,
    'Content-Type': 'multipart/form-data; boundary=x',
  }
  const endless = () => {
    let left = 52
    return new ReadableStream<Uint8Array>({
      pull: (controller) =>
        left-- > 0 ? controller.enqueue(new Uint8Array(1024 * 1024)) : controller.close(),
    })
  }
  for (const body of [new Uint8Array(150 * 1024 * 1024), endless()]) {
    const answer = await fetch(path, { method: 'POST', headers, body })
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'malformed multipart body' }])
  }
  platform.setFaults({ contract: 'v2' })
  const message = await fetch(`${client.url}/workspaces/${builder.id}/a2a`, {
    method: 'POST',
    headers,
    body: new Uint8Array(150 * 1024 * 1024),
  })
  expect([message.status, await message.json()]).toMatchObject([413, { truncated: true }])
})

test('what waits for a stalled reader stays small', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, builder } = fixture
  const path = `/workspaces/${builder.id}/events/stream`
  const reader = await new Promise<Socket>((resolve) => {
    const socket = connect({ host: '127.0.0.1', port: platform.port })
    socket.write(
      get(path, 'localhost', `Authorization: Bearer ${builder.token}\r\n`).replace('close', 'keep-alive'),
    )
    socket.once('data', () => resolve(socket.pause()))
  })
  const notice = { token: builder.token, body: { message: 'x'.repeat(250_000) } }
  for (let sent = 0; sent < 160; sent++) await client.call('POST', `/workspaces/${builder.id}/notify`, notice)
  let read = 0
  let tail = ''
  const ended = new Promise<void>((resolve) => {
    reader.on('data', (chunk: Buffer) => {
      read += chunk.byteLength
      tail = (tail + chunk.subarray(-7).toString('latin1')).slice(-7)
      if (tail === '\r\n0\r\n\r\n') resolve()
    })
  })
  platform.closeStreams()
  reader.resume()
  await ended
  reader.destroy()
  // Of forty megabytes, three notices may wait in the platform and some in the system's buffers.
  expect(read).toBeLessThan(15_000_000)
  const listeners = (answer: Answer) => answer.text.includes('molecule_event_listeners 0')
  await until(() => client.call('GET', '/metrics'), listeners)
})

test('registrations without a token make a hundred workspaces at most, and members still register', async () => {
  await using fixture = await platformWithTeam()
  const ghost = async (): Promise<number> => {
    const body = { id: crypto.randomUUID(), agent_card: {}, delivery_mode: 'poll' }
    return (await fixture.client.call('POST', '/registry/register', { body })).status
  }
  for (let n = 0; n < 100; n++) expect(await ghost()).toBe(200)
  expect([await ghost(), await ghost()]).toEqual([429, 429])
  expect((await register(fixture, fixture.builder)).status).toBe(200)
})
