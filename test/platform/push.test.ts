/** Agents that take pushes. */
import { afterAll, expect, test } from 'bun:test'
import { until as eventually } from '../../lab/driver/until.ts'
import { transport } from '../../platform/work/push.ts'
import { CountingProxy } from '../fixtures/counting-proxy.ts'
import { type Answer, Client, rowsOf, textField, until } from './contract/client.ts'
import { ManualClock } from './manual-clock.ts'
import { beat, delegate, delegations, inbox, platformWithTeam, say, send } from './platform.ts'
import { run } from './program.ts'
import { ANSWER, agentThat, pushTo, servers, stopAgents } from './push-agent.ts'

afterAll(stopAgents)

test("a push agent's answer reaches the sender unchanged, and the log keeps both", async () => {
  await using fixture = await platformWithTeam()
  const agent = agentThat(() => Response.json(ANSWER))
  const secret = textField(await pushTo(fixture, agent.url), 'platform_inbound_secret')
  const answer = await send(fixture, fixture.builder, say('do it'), fixture.lead)
  expect([answer.status, answer.json]).toEqual([200, ANSWER])
  expect(agent.received).toMatchObject([{ path: '/a2a', authorization: `Bearer ${secret}` }])
  const [row] = rowsOf(await inbox(fixture, fixture.builder))
  expect(row).toMatchObject({ status: 'ok', source_id: fixture.lead.id, response_body: ANSWER })
})

test("an agent's refusal reaches the sender with its status and text; a redirect is not followed", async () => {
  await using fixture = await platformWithTeam()
  const answers = [
    Response.json({ error: 'too much' }, { status: 429 }),
    new Response(null, { status: 302, headers: { Location: 'http://localhost:1/' } }),
  ]
  await pushTo(fixture, agentThat(() => answers.shift() ?? new Response('no')).url)
  const refused = await send(fixture, fixture.builder, say('x'), fixture.lead)
  expect([refused.status, refused.json]).toEqual([429, { error: 'too much' }])
  expect((await send(fixture, fixture.builder, say('x'), fixture.lead)).status).toBe(302)
  const [row] = rowsOf(await inbox(fixture, fixture.builder))
  expect(row).toMatchObject({ status: 'error', error_detail: 'agent error' })
})

test('an unreachable agent is 502, one without a URL 503', async () => {
  await using fixture = await platformWithTeam()
  await pushTo(fixture, 'http://localhost:1/')
  const gone = await send(fixture, fixture.builder, say('x'), fixture.lead)
  expect([gone.status, gone.json]).toEqual([502, { error: 'failed to reach workspace agent' }])
  const created = await fixture.client.call('POST', '/workspaces', {
    token: fixture.platform.adminToken,
    body: { name: 'no url', external: true, delivery_mode: 'push', parent_id: fixture.lead.id },
  })
  const homeless = { id: textField(created, 'id'), name: '', token: '' }
  fixture.platform.setStatus(homeless.id, 'online')
  const answer = await send(fixture, homeless, say('x'), fixture.lead)
  expect([answer.status, answer.json]).toEqual([503, { error: 'workspace has no URL', status: 'online' }])
})

test('a name is resolved again for each call, and not called once it points inside', async () => {
  const addresses = ['127.0.0.1']
  await using fixture = await platformWithTeam({ resolve: async () => addresses })
  const agent = agentThat(() => Response.json(ANSWER))
  await pushTo(fixture, `http://agent.example:${agent.port}/a2a`)
  expect((await send(fixture, fixture.builder, say('x'), fixture.lead)).status).toBe(200)
  expect(agent.received[0]?.host).toBe(`agent.example:${agent.port}`)
  addresses[0] = '169.254.169.254'
  const answer = await send(fixture, fixture.builder, say('x'), fixture.lead)
  expect([answer.status, answer.json]).toEqual([502, { error: 'workspace URL is not publicly routable' }])
  expect(agent.received).toHaveLength(1)
})

test('a name that does not resolve, or has a blocked address among others, cannot register', async () => {
  const addresses: string[] = []
  await using fixture = await platformWithTeam({ resolve: async () => addresses })
  expect((await pushTo(fixture, 'http://agent.example/')).status).toBe(400)
  addresses.push('93.184.216.34', '10.0.0.1')
  expect((await pushTo(fixture, 'http://agent.example/')).json).toEqual({
    error: 'url targets a blocked address: RFC 1918 private',
  })
})

test("the person's chat is told of a push agent's answer", async () => {
  await using fixture = await platformWithTeam()
  const { builder, client, platform } = fixture
  await pushTo(fixture, agentThat(() => Response.json(ANSWER)).url)
  const stream = client.open('GET', `/workspaces/${builder.id}/events/stream`, { token: builder.token })
  const events = (await stream).text()
  await send(fixture, builder, say('from the person'))
  platform.closeStreams()
  expect(await events).toContain('"type":"A2A_RESPONSE"')
})

test('a delegation to a push agent completes with the text of its answer', async () => {
  await using fixture = await platformWithTeam()
  await pushTo(fixture, agentThat(() => Response.json(ANSWER)).url)
  await delegate(fixture)
  const list = await until(
    () => delegations(fixture),
    (page) => page.text.includes('completed'),
  )
  expect(rowsOf(list)[0]).toMatchObject({ status: 'completed', response_preview: 'done', direction: 'sent' })
})

test('stopping does not wait for an agent that never answers', async () => {
  const fixture = await platformWithTeam()
  const agent = agentThat(() => new Promise<Response>(() => {}))
  await pushTo(fixture, agent.url)
  await delegate(fixture)
  // The clock stands still, so nothing but the stop itself can end the push.
  await fixture.platform.stop()
})

test('stopping does not wait for a late write', async () => {
  const fixture = await platformWithTeam()
  fixture.platform.setFaults({ late_write_ms: 60_000 })
  await send(fixture, fixture.builder, say('x'))
  await fixture.platform.stop()
})

test('stopping does not wait for a name that never resolves', async () => {
  const addresses = [Promise.resolve(['127.0.0.1']), new Promise<never>(() => {})]
  const asked = Promise.withResolvers<void>()
  const fixture = await platformWithTeam({
    resolve: () => {
      if (addresses.length === 1) asked.resolve()
      return addresses.shift() ?? Promise.resolve([])
    },
  })
  await pushTo(fixture, 'http://agent.example/')
  await delegate(fixture)
  await asked.promise
  await fixture.platform.stop()
})

test('a push ends as busy once its agent was silent for the idle time that its beats set', async () => {
  await using fixture = await platformWithTeam()
  const arrived = Promise.withResolvers<void>()
  const agent = agentThat(() => {
    arrived.resolve()
    return new Promise<Response>(() => {})
  })
  await pushTo(fixture, agent.url)
  await beat(fixture, fixture.builder, { runtime_metadata: { idle_timeout_seconds: 60 } })
  const answer = send(fixture, fixture.builder, say('x'), fixture.lead)
  await arrived.promise
  fixture.clock.advance(59)
  await beat(fixture, fixture.builder, { runtime_metadata: { idle_timeout_seconds: 60 } })
  fixture.clock.advance(59)
  await fixture.client.call('GET', '/health')
  expect(Bun.peek.status(answer)).toBe('pending')
  fixture.clock.advance(1)
  expectBusy(await answer)
})

test('a push lasts while its answer keeps coming, and ends once that stands still', async () => {
  const IDLE_MS = 60_000
  const clock = new ManualClock()
  let waits = 0
  const after: ManualClock['after'] = (ms, run) => {
    if (ms === IDLE_MS) waits++
    return clock.after(ms, run)
  }
  const counting = { now: clock.now, after, every: clock.every }
  await using fixture = await platformWithTeam({ clock: counting })
  const parts = new TransformStream<Uint8Array, Uint8Array>()
  const writer = parts.writable.getWriter()
  await pushTo(fixture, agentThat(() => new Response(parts.readable)).url)
  await beat(fixture, fixture.builder, { runtime_metadata: { idle_timeout_seconds: IDLE_MS / 1000 } })
  const answer = send(fixture, fixture.builder, say('x'), fixture.lead)
  for (let part = 0; part < 3; part++) {
    const before = waits
    await writer.write(Buffer.alloc(1_000, 'x'))
    await eventually('a new wait after the part', () => waits > before)
    clock.advance(59)
  }
  expect(Bun.peek.status(answer)).toBe('pending')
  clock.advance(1)
  expect((await answer).json).toMatchObject({ delivery_confirmed: true })
})

/** The message may have arrived, so the sender must wait before it tries again. */
function expectBusy(answer: Answer): void {
  expect(answer.status).toBe(503)
  expect(answer.json).toMatchObject({ busy: true, retry_after: 30 })
  expect(answer.headers.get('Retry-After')).toBe('30')
}

test('an agent that answers 503 counts as busy or restarting', async () => {
  await using fixture = await platformWithTeam()
  await pushTo(fixture, agentThat(() => new Response('later', { status: 503 })).url)
  expectBusy(await send(fixture, fixture.builder, say('x'), fixture.lead))
})

test('a form for a push agent is forwarded to it, and its answer comes back', async () => {
  await using fixture = await platformWithTeam()
  const names: string[] = []
  const server = Bun.serve({
    reusePort: false,
    port: 0,
    hostname: '127.0.0.1',
    fetch: async (request) => {
      if (new URL(request.url).pathname !== '/base/internal/chat/uploads/ingest')
        return new Response('', { status: 404 })
      const file = (await request.formData()).get('files')
      names.push(file instanceof File ? file.name : '')
      return Response.json({ files: [{ uri: 'workspace:/workspace/.molecule/chat-uploads/1-a.txt' }] })
    },
  })
  servers.push(server)
  const upload = () => {
    const raw = new FormData()
    raw.append('files', new File(['content'], 'a.txt'))
    const path = `/workspaces/${fixture.builder.id}/chat/uploads`
    return fixture.client.call('POST', path, { token: fixture.builder.token, raw })
  }
  await pushTo(fixture, `http://localhost:${server.port}/base/`)
  expect((await upload()).text).toContain('workspace:/workspace')
  expect(names).toEqual(['a.txt'])
  await pushTo(fixture, `http://localhost:${server.port}/elsewhere`)
  const lost = await upload()
  expect([lost.status, lost.json]).toEqual([502, { error: 'workspace unreachable' }])
})

test("a loopback URL is accepted on a developer's machine and refused where other machines can connect", async () => {
  const url = 'http://127.0.0.1:9/'
  await using own = await platformWithTeam()
  expect((await pushTo(own, url)).status).toBe(200)
  await using open = await platformWithTeam({ host: '0.0.0.0' })
  const elsewhere = new Client(`http://127.0.0.1:${open.platform.port}`)
  const refused = await pushTo({ ...open, client: elsewhere }, url)
  expect([refused.status, refused.json]).toEqual([400, { error: 'url targets a blocked address: loopback' }])
})

test('a push over plain http goes to no proxy, and is not printed', async () => {
  await using proxy = await CountingProxy.start()
  const variables = ['HTTP_PROXY', 'http_proxy', 'ALL_PROXY', 'HTTPS_PROXY']
  const environment = {
    ...Object.fromEntries(variables.map((name) => [name, proxy.url])),
    NO_PROXY: 'example.com',
    no_proxy: 'example.com',
    BUN_CONFIG_VERBOSE_FETCH: 'curl',
  }
  const { child, readUntil, errors } = run(['--port', '0', '--db', ':memory:'], environment)
  const printed = await readUntil('Stop with')
  const [, id = '', token = ''] =
    /^MOLECULE_WORKSPACE_IDS=(\S+)\nMOLECULE_WORKSPACE_TOKENS=(\S+)$/m.exec(printed) ?? []
  const client = new Client(/^Platform: +(\S+)$/m.exec(printed)?.[1] ?? '')
  const agent = agentThat(() => Response.json(ANSWER))
  const body = { id, agent_card: {}, delivery_mode: 'push', url: agent.url }
  const secret = textField(
    await client.call('POST', '/registry/register', { token, body }),
    'platform_inbound_secret',
  )
  const admin = /#token=(\S+)$/m.exec(printed)?.[1] ?? ''
  const message = { jsonrpc: '2.0', id: 'rpc-1', method: 'message/send', params: { message: say('do it') } }
  expect((await client.call('POST', `/workspaces/${id}/a2a`, { token: admin, body: message })).json).toEqual(
    ANSWER,
  )
  child.kill('SIGTERM')
  expect([agent.received[0]?.authorization, proxy.asked]).toEqual([`Bearer ${secret}`, []])
  expect(await errors()).not.toContain(secret)
})

test.each<[string, boolean, ReturnType<typeof transport>]>([
  ['http://10.0.0.9:8000/a2a', false, { verbose: false, proxy: false }],
  ['https://127.0.0.1:8443/a2a', false, { verbose: false, proxy: false }],
  ['https://[::1]/a2a', false, { verbose: false, proxy: false }],
  ['https://93.184.216.34/a2a', true, { verbose: false, proxy: false }],
  ['https://93.184.216.34/a2a', false, { verbose: false }],
])(
  'a push to %s (in NO_PROXY: %s) goes through a proxy only as a tunnel to another machine',
  (url, isExempt, expected) => {
    expect(transport(new URL(url), isExempt)).toEqual(expected)
  },
)
