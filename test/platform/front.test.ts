/** What stands before the endpoints, and what only the local platform has: limits, origins, the chat page. */
import { expect, test } from 'bun:test'
import { posix } from 'node:path'
import { startPlatform } from '../../platform/platform.ts'
import { textField, until } from './contract/client.ts'
import { ManualClock } from './manual-clock.ts'
import { inbox, platformWithTeam, register } from './platform.ts'

test('requests over the limit are refused with the time to wait until the next window', async () => {
  await using fixture = await platformWithTeam({ rateLimit: 3 })
  const { client, clock } = fixture
  const statuses = []
  for (let request = 0; request < 4; request++) statuses.push((await client.call('GET', '/health')).status)
  expect(statuses).toEqual([200, 200, 200, 429])
  clock.advance(20)
  const refused = await client.call('GET', '/health')
  expect(refused.json).toEqual({ error: 'rate limit exceeded', retry_after: 40 })
  expect(refused.headers.get('Retry-After')).toBe('40')
  expect(refused.headers.get('X-RateLimit-Remaining')).toBe('0')
  clock.advance(41)
  expect((await client.call('GET', '/health')).headers.get('X-RateLimit-Remaining')).toBe('2')
})

test("a foreign origin gets an empty 403, the platform's own passes", async () => {
  await using fixture = await platformWithTeam()
  const from = (Origin: string) => fixture.client.call('GET', '/health', { headers: { Origin } })
  const foreign = await from('http://elsewhere.example')
  expect([foreign.status, foreign.text]).toEqual([403, ''])
  expect((await from(`${fixture.client.url}/`)).status).toBe(403)
  expect((await from(fixture.client.url)).status).toBe(200)
})

test('behind a forwarder that rewrites Host, the page of an allowed name may write; any other is named in the log once', async () => {
  const log: string[] = []
  const options = { allowedHosts: ['Chat.Example'], log: (line: string) => log.push(line) }
  for (const host of ['127.0.0.1', '0.0.0.0']) {
    await using fixture = await platformWithTeam({ ...options, host })
    const from = (Origin: string) =>
      fixture.client.call('POST', '/registry/check-access', {
        headers: { Origin, Host: `localhost:${fixture.platform.port}` },
        body: { caller_id: fixture.lead.id, target_id: fixture.lead.id },
      })
    for (const page of ['https://chat.example', 'https://chat.example:8443', 'http://chat.example.'])
      expect((await from(page)).status).toBe(200)
    const strangers = ['https://evil.example', 'https://chat.example.evil', 'null', 'https://chat.example/x']
    for (const page of [...strangers, ...strangers]) expect((await from(page)).status).toBe(403)
    expect(log.splice(0).map((line) => /at "(.*?)"/.exec(line)?.[1])).toEqual(strangers)
  }
})

test('a blank address to listen on is loopback, with its checks', async () => {
  await using fixture = await platformWithTeam({ host: ' ' })
  expect(fixture.client.url).toStartWith('http://127.0.0.1:')
  const headers = { Host: 'evil.example' }
  expect((await fixture.client.call('GET', '/health', { headers })).status).toBe(403)
})

test('invented origins do not flood the log', async () => {
  const log: string[] = []
  await using fixture = await platformWithTeam({ log: (line) => log.push(line) })
  for (let count = 0; count < 50; count++) {
    const headers = { Origin: `https://page-${count}.example` }
    await fixture.client.call('GET', '/health', { headers })
  }
  expect(log).toHaveLength(20)
})

test('behind a forwarder, a new workspace is told the address that its client used', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform } = fixture
  const addressBehind = async (headers: Record<string, string>) => {
    const body = { name: 'x', external: true, parent_id: fixture.lead.id }
    const answer = await client.call('POST', '/workspaces', { token: platform.adminToken, body, headers })
    return textField(answer, 'connection', 'platform_url')
  }
  expect(await addressBehind({})).toBe(client.url)
  expect(
    await addressBehind({ 'X-Forwarded-Host': 'chat.example, inner', 'X-Forwarded-Proto': 'https' }),
  ).toBe('https://chat.example')
  expect(await addressBehind({ Host: 'localhost:1', 'X-Forwarded-Proto': 'https, http' })).toBe(
    'https://localhost:1',
  )
  expect(await addressBehind({ 'X-Forwarded-Host': 'a b' })).toBe(client.url)
})

test('a platform with an organization answers strangers with an empty 404, except for presence and health', async () => {
  const orgId = crypto.randomUUID()
  await using fixture = await platformWithTeam({ orgId })
  const { client, builder } = fixture
  const stranger = await inbox(fixture, builder)
  expect([stranger.status, stranger.text]).toEqual([404, ''])
  expect((await register(fixture, builder)).status).toBe(200)
  const path = `/workspaces/${builder.id}/activity`
  for (const headers of [{ 'X-Molecule-Org-Id': orgId }, { Origin: client.url }]) {
    expect((await client.call('GET', path, { token: builder.token, headers })).status).toBe(200)
  }
})

test('the page may run only its own files, and each of them is served', async () => {
  await using fixture = await platformWithTeam()
  const page = await fixture.client.call('GET', '/')
  const policy = page.headers.get('Content-Security-Policy') ?? ''
  expect(policy).toContain("default-src 'none'")
  expect(policy).not.toContain('unsafe')
  expect(page.text).not.toMatch(/<script>|<style|\son\w+=|\sstyle=/)
  const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '')
  for (const file of files) {
    expect(file).toMatch(/^\/(?:chat|contract|node_modules)\//)
    const answer = await fixture.client.call('GET', file)
    expect([file, answer.status, answer.headers.get('X-Content-Type-Options')]).toEqual([
      file,
      200,
      'nosniff',
    ])
    for (const [, imported = ''] of answer.text.matchAll(/from '(\.[^']+)'/g)) {
      const path = posix.join(posix.dirname(file), imported)
      if (!files.includes(path)) files.push(path)
    }
    // The sanitizer makes markup, which is its work.
    if (file.startsWith('/node_modules/')) continue
    expect(answer.text).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(/)
  }
})

test('loading the page again and again uses up no requests of those who have no token', async () => {
  await using fixture = await platformWithTeam({ rateLimit: 2 })
  const statuses = []
  for (let load = 0; load < 5; load++)
    statuses.push((await fixture.client.call('GET', '/chat/main.js')).status)
  expect(statuses).toEqual([200, 200, 200, 200, 200])
  expect((await fixture.client.call('GET', '/health')).status).toBe(200)
})

test('an unknown path and an unknown method are not found', async () => {
  await using fixture = await platformWithTeam()
  for (const [method, path] of [
    ['GET', '/nowhere'],
    ['POST', '/health'],
    ['DELETE', '/'],
    ['GET', '/workspaces/%'],
  ]) {
    expect((await fixture.client.call(method ?? '', path ?? '')).status).toBeWithin(400, 405)
  }
})

test('metrics name routes and statuses but no workspace', async () => {
  await using fixture = await platformWithTeam()
  await inbox(fixture, fixture.builder)
  const { text } = await fixture.client.call('GET', '/metrics')
  expect(text).toContain(
    'molecule_requests_total{method="GET",route="/workspaces/:id/activity",status="200"} 1',
  )
  expect(text).toContain('molecule_workspaces{status="awaiting_agent"} 3')
  expect(text).not.toContain(fixture.builder.id)
})

test('a reader that leaves an event stream is no longer a listener', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  const listeners = (count: number) =>
    until(
      () => client.call('GET', '/metrics'),
      (answer) => answer.text.includes(`molecule_event_listeners ${count}\n`),
    )
  const leaving = new AbortController()
  await fetch(`${client.url}/workspaces/${builder.id}/events/stream`, {
    headers: { Authorization: `Bearer ${builder.token}` },
    signal: leaving.signal,
  })
  await listeners(1)
  leaving.abort()
  await listeners(0)
})

test('a slow reader gets no more than its queue holds', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  const open = () => client.open('GET', `/workspaces/${builder.id}/events/stream`, { token: builder.token })
  const slow = await open()
  const message = 'x'.repeat(50_000)
  for (let count = 0; count < 300; count++) {
    await client.call('POST', `/workspaces/${builder.id}/notify`, { token: builder.token, body: { message } })
  }
  fixture.platform.closeStreams()
  expect((await slow.text()).length).toBeLessThan(300 * 50_000)
})

test('a given clock and given randomness make a run repeatable', async () => {
  const story = async () => {
    let next = 0
    const random = (count: number) => Uint8Array.from({ length: count }, () => next++ % 256)
    const platform = await startPlatform({ clock: new ManualClock(), random })
    const team = platform.createTeam()
    await platform.stop()
    return { adminToken: platform.adminToken, team }
  }
  expect(await story()).toEqual(await story())
})
