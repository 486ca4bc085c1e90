/** Fault injection. */
import { expect, test } from 'bun:test'
import { rowsOf, until } from './contract/client.ts'
import {
  beat,
  delegate,
  delegations,
  inbox,
  platformWithTeam,
  register,
  say,
  send,
  statusOf,
} from './platform.ts'

test('only the operator can read, inject and reset faults over HTTP', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, lead } = fixture
  const token = platform.adminToken
  const turned = await client.call('PUT', '/admin/faults', { token, body: { sse_drop: 2 } })
  expect(turned.json).toMatchObject({ contract: 'v2', sse_drop: 2, heartbeat_blackout: false })
  expect((await client.call('GET', '/admin/faults', { token: lead.token })).status).toBe(401)
  const wrong = await client.call('PUT', '/admin/faults', { token, body: { nonsense: 1 } })
  expect([wrong.status, wrong.text]).toEqual([400, expect.stringContaining('nonsense')])
  const negative = await client.call('PUT', '/admin/faults', { token, body: { sse_drop: -1 } })
  expect([negative.status, negative.text]).toEqual([
    400,
    expect.stringContaining('invalid faults: sse_drop: '),
  ])
  expect((await client.call('DELETE', '/admin/faults', { token })).json).toMatchObject({ sse_drop: 0 })
})

test('the fault endpoint does not exist off loopback', async () => {
  await using fixture = await platformWithTeam({ host: '0.0.0.0' })
  const { platform } = fixture
  const response = await fetch(`http://127.0.0.1:${platform.port}/admin/faults`, {
    headers: { Authorization: `Bearer ${platform.adminToken}` },
  })
  expect(response.status).toBe(404)
})

test('an injected answer applies to the matching requests, as many times as it says', async () => {
  await using fixture = await platformWithTeam()
  fixture.platform.setFaults({ answers: [{ kind: 'unauthorized', path: '/activity', times: 2 }] })
  const statuses = []
  for (let request = 0; request < 3; request++) {
    statuses.push(
      (await inbox(fixture, fixture.builder)).status,
      (await beat(fixture, fixture.builder)).status,
    )
  }
  expect(statuses).toEqual([401, 200, 401, 200, 200, 200])
})

test.each([
  ['datastore_503', 503, 'platform_unavailable'],
  ['empty_404', 404, ''],
  ['empty_403', 403, ''],
  ['cursor_gone', 410, 'since_id cursor not found'],
  ['html', 200, '<!doctype html>'],
  ['rate_limited', 429, 'rate limit exceeded'],
  ['error_500', 500, 'internal error'],
  ['half_json', 200, '[{"id":"'],
  ['null_rows', 200, '[null,'],
  ['redirect', 302, ''],
] as const)('the answer %s is a %d', async (kind, status, text) => {
  await using fixture = await platformWithTeam()
  fixture.platform.setFaults({ answers: [{ kind }] })
  const answer = await inbox(fixture, fixture.builder)
  expect(answer.status).toBe(status)
  expect(answer.text).toContain(text)
  if (text === '') expect(answer.text).toBe('')
})

test('a huge answer exceeds ten megabytes, a cut one breaks off, a hanging one never comes', async () => {
  await using fixture = await platformWithTeam()
  const { platform, client, builder } = fixture
  platform.setFaults({ answers: [{ kind: 'huge' }, { kind: 'cut' }, { kind: 'hang' }] })
  expect((await inbox(fixture, builder)).text.length).toBeGreaterThan(10_000_000)
  expect(inbox(fixture, builder)).rejects.toThrow()
  const hanging = fetch(`${client.url}/health`, { signal: AbortSignal.timeout(50) })
  expect(hanging).rejects.toThrow('timed out')
  await hanging.catch(() => undefined)
})

test('with equal timestamps the sequence still tells rows apart, and the older cursor skips them', async () => {
  await using fixture = await platformWithTeam()
  fixture.platform.setFaults({ equal_created_at: true })
  for (const text of ['one', 'two', 'three']) await send(fixture, fixture.builder, say(text))
  const rows = rowsOf(await inbox(fixture, fixture.builder))
  expect(new Set(rows.map((row) => row.created_at)).size).toBe(1)
  const after = () => inbox(fixture, fixture.builder, `&since_id=${rows.at(-1)?.id}`)
  expect(rowsOf(await after())).toHaveLength(2)
  fixture.platform.setFaults({ timestamp_cursor: true })
  expect(rowsOf(await after())).toHaveLength(0)
})

test('a late row lies behind the cursor, and an overlapping read finds it', async () => {
  await using fixture = await platformWithTeam()
  await send(fixture, fixture.builder, say('in time'))
  const [first] = rowsOf(await inbox(fixture, fixture.builder))
  fixture.platform.setFaults({ late_commit_ms: 5000 })
  await send(fixture, fixture.builder, say('late'))
  expect(rowsOf(await inbox(fixture, fixture.builder, `&since_id=${first?.id}`))).toEqual([])
  expect((await inbox(fixture, fixture.builder, '&since_secs=60')).text).toContain('late')
})

test('a late write is answered at once and visible later', async () => {
  await using fixture = await platformWithTeam()
  fixture.platform.setFaults({ late_write_ms: 60_000 })
  expect((await send(fixture, fixture.builder, say('late'))).json).toMatchObject({ status: 'queued' })
  expect(rowsOf(await inbox(fixture, fixture.builder))).toEqual([])
  fixture.clock.advance(60)
  expect((await inbox(fixture, fixture.builder)).text).toContain('late')
})

test('an answer can be given verbatim, such as that of an exhausted budget', async () => {
  await using fixture = await platformWithTeam()
  const body = { error: 'workspace budget limit exceeded', exceeded_periods: ['monthly'] }
  fixture.platform.setFaults({
    answers: [
      { kind: 'given', path: '/a2a', status: 402, body },
      { kind: 'given', path: '/a2a', status: 502 },
    ],
  })
  const refused = await send(fixture, fixture.builder, say('x'))
  expect([refused.status, refused.json]).toEqual([402, body])
  const empty = await send(fixture, fixture.builder, say('x'))
  expect([empty.status, empty.text]).toEqual([502, ''])
  expect((await send(fixture, fixture.builder, say('x'))).status).toBe(200)
})

test('a socket without an Origin can be refused', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, lead } = fixture
  platform.setFaults({ ws_origin_required: true })
  const answer = async (headers: Record<string, string>) => {
    const given = { token: lead.token, headers: { 'X-Workspace-ID': lead.id, ...headers } }
    const { status, text } = await client.call('GET', '/ws', given)
    return [status, text]
  }
  expect(await answer({})).toEqual([403, ''])
  expect(await answer({ Origin: client.url })).toEqual([426, expect.stringContaining('upgrade')])
})

test('in a heartbeat blackout every beat is answered and the status becomes awaiting_agent', async () => {
  await using fixture = await platformWithTeam()
  await register(fixture, fixture.builder)
  fixture.platform.setFaults({ heartbeat_blackout: true })
  fixture.clock.advance(181)
  expect((await beat(fixture, fixture.builder)).status).toBe(200)
  expect(await statusOf(fixture, fixture.builder)).toBe('awaiting_agent')
})

test('the faults of single endpoints do what they say', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, builder, reviewer } = fixture
  platform.setFaults({
    register_no_echo: true,
    talk_to_user_disabled: true,
    unauthenticated_user: true,
    null_params_envelopes: 1,
    peers_query_crash: true,
  })
  expect((await register(fixture, builder)).json).not.toHaveProperty('delivery_mode')
  const notice = { token: builder.token, body: { message: 'x' } }
  const refused = await client.call('POST', `/workspaces/${builder.id}/notify`, notice)
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('talk_to_user_disabled')])
  for (const text of ['lost', 'kept']) await send(fixture, builder, say(text))
  const [kept, lost] = rowsOf(await inbox(fixture, builder))
  expect(lost?.request_body).toMatchObject({ method: null, params: null })
  expect(kept?.request_body).toMatchObject({
    params: { metadata: { user_identity_status: 'UNAUTHENTICATED' } },
  })
  expect(JSON.stringify(kept)).not.toContain('local-operator')
  platform.setFaults({ unauthenticated_user: false })
  await send(fixture, builder, say('verified'))
  expect(rowsOf(await inbox(fixture, builder))[0]?.request_body).toMatchObject({
    params: { metadata: { user_identity_status: 'AUTHENTICATED', user_id: 'local-operator' } },
  })
  platform.createWorkspace({ name: 'without a role', parentId: fixture.lead.id })
  const peers = (query: string) =>
    client.call('GET', `/registry/${reviewer.id}/peers${query}`, { token: reviewer.token })
  const crashed = await peers('?q=build')
  expect([crashed.status, crashed.text]).toEqual([500, ''])
  expect((await peers('')).status).toBe(200)
})

test('with the Origin trap a same-origin sender is a canvas user, whoever it claims to be', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, builder, lead } = fixture
  platform.setFaults({ same_origin_canvas: true })
  const trapped = (headers: Record<string, string>) =>
    client.call('POST', `/workspaces/${builder.id}/a2a`, {
      headers: { Origin: client.url, ...headers },
      body: { jsonrpc: '2.0', method: 'message/send', params: { message: say('x') } },
    })
  expect((await trapped({})).status).toBe(200)
  await trapped({ 'X-Workspace-ID': lead.id })
  const rows = rowsOf(await inbox(fixture, builder))
  expect(rows.map((row) => row.source_id)).toEqual([lead.id, null])
  for (const row of rows)
    expect(row.request_body).toMatchObject({ params: { metadata: { source: 'canvas_user' } } })
})

test("a delegation can wait for its peer's answer, and its result can come to the inbox", async () => {
  await using fixture = await platformWithTeam()
  const { platform, lead, builder } = fixture
  platform.setFaults({ delegation_completes: 'answer', delegation_results_in_inbox: true })
  const [first, second] = [await delegate(fixture), await delegate(fixture)]
  const list = () => delegations(fixture)
  expect(rowsOf(await list()).map((row) => row.status)).toEqual(['in_progress', 'in_progress'])
  await send(fixture, lead, { ...say('of the second'), metadata: { delegation_id: second } }, builder)
  await send(fixture, lead, say('of the first'), builder)
  const done = await until(list, (page) => !page.text.includes('in_progress'))
  expect(rowsOf(done)).toMatchObject([
    { delegation_id: second, status: 'completed', response_preview: 'of the second' },
    { delegation_id: first, status: 'completed', response_preview: 'of the first' },
  ])
  const results = rowsOf(await inbox(fixture, lead)).filter((row) => row.method === 'delegate_result')
  expect(results).toMatchObject([
    { source_id: lead.id, target_id: builder.id, request_body: { delegation_id: first } },
    { response_body: { text: 'of the second', delegation_id: second }, status: 'ok' },
  ])
})

test('events can be lost or duplicated, and open streams ended', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, builder } = fixture
  const path = `/workspaces/${builder.id}/events/stream`
  const stream = (await client.open('GET', path, { token: builder.token })).text()
  const notify = (message: string) =>
    client.call('POST', `/workspaces/${builder.id}/notify`, { token: builder.token, body: { message } })
  platform.setFaults({ sse_drop: 1 })
  await notify('lost')
  platform.setFaults({ sse_duplicate: true })
  await notify('doubled')
  platform.closeStreams()
  const text = await stream
  expect(text).not.toContain('lost')
  expect(text.match(/doubled/g)).toHaveLength(2)
  expect((await client.open('GET', path, { token: builder.token })).status).toBe(200)
})

test('the contract can change while the platform runs', async () => {
  await using fixture = await platformWithTeam()
  fixture.platform.setFaults({ contract: 'v1' })
  await send(fixture, fixture.builder, say('x'))
  expect(rowsOf(await inbox(fixture, fixture.builder))[0]).not.toHaveProperty('seq')
  fixture.platform.resetFaults()
  expect(rowsOf(await inbox(fixture, fixture.builder))[0]).toHaveProperty('seq')
})

test('uploaded files keep their names, or lose all but ASCII as on the hosted platform', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder, platform } = fixture
  const upload = async () => {
    const raw = new FormData()
    raw.append('files', new File(['x'], '売上 1.xlsx'))
    const path = `/workspaces/${builder.id}/chat/uploads`
    const answer = await client.call('POST', path, { token: builder.token, raw })
    return Reflect.get(Object(answer.json), 'files')[0].name
  }
  expect(await upload()).toBe('売上 1.xlsx')
  platform.setFaults({ upload_names: 'contract' })
  expect(await upload()).toBe('___1.xlsx')
})
