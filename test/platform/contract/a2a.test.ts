/** Messages to an agent that polls, and who may send them. */
import { expect, test } from 'bun:test'
import { type Row, rowsOf, statusAndJson } from './client.ts'
import { type Agent, contract, SINCE_V1, say, type Target, V2 } from './target.ts'

const QUEUED = { status: 'queued', delivery_mode: 'poll', method: 'message/send' }
const DENIED = { error: 'access denied: workspaces cannot communicate per hierarchy rules' }

const post = (target: Target, agent: Agent, body: unknown, headers = {}, token?: string) =>
  target.call('POST', `/workspaces/${agent.id}/a2a`, {
    ...(token === undefined ? {} : { token }),
    headers,
    body,
  })

async function newest(target: Target, agent: Agent): Promise<Row | undefined> {
  return rowsOf(await target.inbox(agent, '&limit=1'))[0]
}

contract('a2a to a poll target', SINCE_V1, (target) => {
  test(`a peer gets "queued" at once, and the row carries the peer's id and the whole request`, async () => {
    const { builder, reviewer } = await target.team()
    const message = say('look at this')
    expect(statusAndJson(await target.send(builder, message, reviewer))).toEqual([200, QUEUED])
    expect(await newest(target, builder)).toMatchObject({
      activity_type: 'a2a_receive',
      method: 'message/send',
      source_id: reviewer.id,
      target_id: builder.id,
      status: 'ok',
      request_body: { jsonrpc: '2.0', id: 'rpc-1', method: 'message/send', params: { message } },
    })
  })

  test('parents, children and siblings may talk, and a workspace may talk to itself', async () => {
    const { lead, builder, reviewer } = await target.team()
    for (const [from, to] of [
      [lead, builder],
      [builder, lead],
      [builder, reviewer],
      [builder, builder],
    ] as const) {
      expect(statusAndJson(await target.send(to, say('x'), from))).toEqual([200, QUEUED])
    }
  })

  test('cousins may not talk, and an unknown target looks the same', async () => {
    const { lead, builder } = await target.team()
    const second = await target.agent('second lead', { parent: lead })
    const cousin = await target.agent('cousin', { parent: second })
    expect(statusAndJson(await target.send(cousin, say('x'), builder))).toEqual([403, DENIED])
    const nobody = { ...builder, id: crypto.randomUUID() }
    expect(statusAndJson(await target.send(nobody, say('x'), builder))).toEqual([403, DENIED])
    expect(rowsOf(await target.inbox(cousin))).toEqual([])
  })

  test('an envelope without jsonrpc is accepted and loses its content', async () => {
    const { builder } = await target.team()
    const answer = await post(
      target,
      builder,
      { parts: [{ kind: 'text', text: 'x' }] },
      {},
      target.adminToken,
    )
    expect(answer.status).toBe(200)
    const row = await newest(target, builder)
    expect(row).toMatchObject({ method: null, request_body: { jsonrpc: '2.0', method: null, params: null } })
  })

  test.each(['', '{', '[]', '"text"', '5'])('a body of %p is invalid JSON', async (raw) => {
    const { builder } = await target.team()
    const path = `/workspaces/${builder.id}/a2a`
    const answer = await target.call('POST', path, { token: target.adminToken, raw })
    expect(statusAndJson(answer)).toEqual([400, { error: 'invalid JSON' }])
  })

  test('a reserved sender is refused', async () => {
    const { builder } = await target.team()
    for (const prefix of ['webhook:', 'system:', 'test:', 'channel:']) {
      const answer = await post(target, builder, {}, { 'X-Workspace-ID': `${prefix}x` }, target.adminToken)
      expect(statusAndJson(answer)).toEqual([403, { error: 'invalid caller ID' }])
    }
  })
})

contract('a2a caller', V2, (target) => {
  test('a missing token, a wrong token, and a header that contradicts the token are refused', async () => {
    const { lead, builder, reviewer } = await target.team()
    const body = { jsonrpc: '2.0', method: 'message/send', params: { message: say('x') } }
    expect(statusAndJson(await post(target, builder, body))).toEqual([
      401,
      { error: 'missing caller auth token' },
    ])
    const own = { 'X-Workspace-ID': reviewer.id }
    expect(statusAndJson(await post(target, builder, body, own))).toEqual([
      401,
      { error: 'missing caller auth token' },
    ])
    expect(statusAndJson(await post(target, builder, body, own, 'wrong'))).toEqual([
      401,
      { error: 'invalid caller auth token' },
    ])
    expect(
      statusAndJson(await post(target, builder, body, { 'X-Workspace-ID': lead.id }, reviewer.token)),
    ).toEqual([401, { error: 'caller ID does not match workspace auth token' }])
    expect(rowsOf(await target.inbox(builder))).toEqual([])
  })

  test('the sender is the owner of the token, with or without the header', async () => {
    const { builder, reviewer } = await target.team()
    const body = { jsonrpc: '2.0', method: 'message/send', params: { message: say('x') } }
    await post(target, builder, body, { 'X-Source-Workspace-Id': builder.id }, reviewer.token)
    expect(await newest(target, builder)).toMatchObject({ source_id: reviewer.id })
  })

  test('the operator is a canvas user: no source, but metadata and a context of its own', async () => {
    const { builder } = await target.team()
    const forged = { source: 'telegram', user_id: 'someone', trace: 1 }
    await target.call('POST', `/workspaces/${builder.id}/a2a`, {
      token: target.adminToken,
      body: { jsonrpc: '2.0', method: 'message/send', params: { message: say('x'), metadata: forged } },
    })
    const row = await newest(target, builder)
    expect(row).toMatchObject({
      source_id: null,
      request_body: {
        params: {
          message: { contextId: `canvas-${builder.id}` },
          metadata: { source: 'canvas_user', user_identity_status: expect.any(String), trace: 1 },
        },
      },
    })
    expect(JSON.stringify(row)).not.toContain('someone')
  })
})

contract('a2a caller', ['v1'], (target) => {
  test('without a header the sender is the owner of the token; without either it is the person', async () => {
    const { builder, reviewer } = await target.team()
    const body = { jsonrpc: '2.0', method: 'message/send', params: { message: say('x') } }
    await post(target, builder, body, {}, reviewer.token)
    expect(await newest(target, builder)).toMatchObject({ source_id: reviewer.id })
    await post(target, builder, body)
    expect(await newest(target, builder)).toMatchObject({ source_id: null })
  })

  test('a row is marked as queued for poll, and a repeated message id makes another row', async () => {
    const { builder, reviewer } = await target.team()
    const message = say('x')
    await target.send(builder, message, reviewer)
    await target.send(builder, message, reviewer)
    expect(rowsOf(await target.inbox(builder))).toHaveLength(2)
    expect(String((await newest(target, builder))?.summary)).toEndWith('(queued for poll)')
  })
})

contract('a2a caller', ['v0'], (target) => {
  test('a header that names another workspace needs its token', async () => {
    const { builder, reviewer } = await target.team()
    const body = { jsonrpc: '2.0', method: 'message/send', params: { message: say('x') } }
    const own = { 'X-Workspace-ID': reviewer.id }
    expect(statusAndJson(await post(target, builder, body, own))).toEqual([
      401,
      { error: 'missing caller auth token' },
    ])
    expect(statusAndJson(await post(target, builder, body, own, builder.token))).toEqual([
      401,
      { error: 'invalid caller auth token' },
    ])
  })
})

contract('a2a normalization', V2, (target) => {
  test('role, id and kinds are filled in; content becomes a text part', async () => {
    const { builder, reviewer } = await target.team()
    await target.send(builder, { parts: [{ type: 'text', text: 'a' }, 'odd', null] }, reviewer)
    expect(await newest(target, builder)).toMatchObject({
      request_body: {
        params: {
          message: {
            role: 'user',
            messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
            parts: [{ kind: 'text', text: 'a' }, 'odd', null],
          },
        },
      },
    })
    await target.send(builder, { content: 'plain' }, reviewer)
    expect(await newest(target, builder)).toMatchObject({
      request_body: { params: { message: { parts: [{ kind: 'text', text: 'plain' }] } } },
    })
  })

  test('a message with neither parts nor content is refused', async () => {
    const { builder, reviewer } = await target.team()
    expect((await target.send(builder, { role: 'user' }, reviewer)).status).toBe(400)
  })

  test('a repeated message id gets the same answer and adds no row, even with another text', async () => {
    const { builder, reviewer } = await target.team()
    const message = say('first')
    await target.send(builder, message, reviewer)
    expect(statusAndJson(await target.send(builder, { ...message, parts: [] }, reviewer))).toEqual([
      200,
      QUEUED,
    ])
    expect(rowsOf(await target.inbox(builder))).toHaveLength(1)
    expect(JSON.stringify(await newest(target, builder))).toContain('first')
  })

  test('more than 16 MiB is refused', async () => {
    const { builder, reviewer } = await target.team()
    const answer = await target.send(builder, say('x'.repeat(16 * 1024 * 1024)), reviewer)
    expect(answer.status).toBe(413)
    expect(answer.json).toMatchObject({ truncated: true, max_bytes: 16_777_216 })
  })

  test('JSON that nests too deeply is invalid', async () => {
    const { builder } = await target.team()
    const raw = `{"jsonrpc":"2.0","params":${'['.repeat(100_000)}${']'.repeat(100_000)}}`
    const path = `/workspaces/${builder.id}/a2a`
    expect((await target.call('POST', path, { token: target.adminToken, raw })).status).toBe(400)
  })

  test('unrelated roots may not talk', async () => {
    const { builder } = await target.team()
    const ghost = await target.ghost()
    expect(statusAndJson(await target.send(builder, say('x'), ghost))).toEqual([403, DENIED])
  })
})
