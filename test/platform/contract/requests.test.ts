/** Asking a person or an agent for something, and answering. */
import { expect, test } from 'bun:test'
import { type Answer, rowsOf, statusAndJson, textField, until } from './client.ts'
import { Stream } from './stream.ts'
import { type Agent, contract, type Target, V2 } from './target.ts'

const TASK = { kind: 'task', recipient_type: 'user', recipient_id: '', title: 'Which colour?' }
const NOBODY = '11111111-1111-4111-8111-111111111111'

const ofAgent = (target: Target, agent: Agent, method: string, end: string, body?: object) =>
  target.call(method, `/workspaces/${agent.id}/requests${end}`, {
    token: agent.token,
    ...(body === undefined ? {} : { body }),
  })
const ofPerson = (target: Target, method: string, end: string, body?: object) =>
  target.call(method, `/requests${end}`, {
    token: target.adminToken,
    ...(body === undefined ? {} : { body }),
  })
const raise = async (target: Target, agent: Agent, more: object = {}) =>
  textField(await ofAgent(target, agent, 'POST', '', { ...TASK, ...more }), 'request_id')
const read = async (target: Target, agent: Agent, id: string) =>
  (await ofAgent(target, agent, 'GET', `/${id}`)).json

/** The inbox once the platform has written `text` into it, as it does with a heartbeat. */
function noticed(target: Target, agent: Agent, text: string): Promise<Answer> {
  return until(
    async () => {
      await target.call('POST', '/registry/heartbeat', {
        token: agent.token,
        body: { workspace_id: agent.id },
      })
      return target.inbox(agent)
    },
    (page) => page.text.includes(text),
  )
}

contract('requests', V2, (target) => {
  test('a request is stored at once, and its requester and people find it', async () => {
    const { lead, builder } = await target.team()
    const made = await ofAgent(target, builder, 'POST', '', { ...TASK, detail: 'For the door.', priority: 3 })
    const id = textField(made, 'request_id')
    expect(statusAndJson(made)).toEqual([201, { request_id: id, status: 'pending' }])
    const row = {
      id,
      kind: 'task',
      requester_type: 'agent',
      requester_id: builder.id,
      recipient_type: 'user',
      recipient_id: '',
      title: 'Which colour?',
      detail: 'For the door.',
      status: 'pending',
      responder_type: null,
      responder_id: null,
      priority: 3,
      responded_at: null,
    }
    const own = rowsOf(await ofAgent(target, builder, 'GET', ''))
    expect(own).toMatchObject([row])
    expect(own[0]).not.toHaveProperty('workspace_name')
    expect(await read(target, builder, id)).toMatchObject({ messages: [], request: row })
    const pending = rowsOf(await ofPerson(target, 'GET', '/pending?kind=task'))
    expect(pending.find((one) => one.id === id)).toMatchObject({ ...row, workspace_name: builder.name })
    const others = rowsOf(await ofPerson(target, 'GET', `/pending?org_id=${NOBODY}`))
    expect([others, rowsOf(await ofAgent(target, lead, 'GET', ''))]).toEqual([[], []])
  })

  test('lists hold the newest fifty, newest first, and only those of the status asked for', async () => {
    const agent = await target.agent('asker')
    for (let n = 0; n < 51; n++) await raise(target, agent, { title: `question ${n}` })
    const titles = async (query: string) =>
      rowsOf(await ofAgent(target, agent, 'GET', query)).map(({ title }) => title)
    expect((await titles('')).slice(0, 2)).toEqual(['question 50', 'question 49'])
    expect([(await titles('')).length, (await titles('?status=pending')).length]).toEqual([50, 50])
    expect([await titles('?status=done'), await titles('?status=nonsense')]).toEqual([[], []])
  })

  test('what is no request is refused with the text for it', async () => {
    const agent = await target.agent('asker')
    const refusal = async (body: object) => statusAndJson(await ofAgent(target, agent, 'POST', '', body))
    expect(await refusal({ ...TASK, title: '' })).toEqual([400, { error: 'invalid request body' }])
    expect(await refusal({ ...TASK, kind: 'wish' })).toEqual([
      400,
      { error: "request: kind must be 'task' or 'approval'" },
    ])
    expect(await refusal({ ...TASK, recipient_type: 'dog' })).toEqual([
      400,
      { error: "request: type must be 'user' or 'agent'" },
    ])
    expect(await refusal({ ...TASK, priority: 40_000 })).toEqual([500, { error: 'failed to create request' }])
    expect(statusAndJson(await ofPerson(target, 'GET', '/pending?kind=wish'))).toEqual([
      400,
      { error: "kind must be 'task' or 'approval'" },
    ])
  })

  test('only the parties read a request, only its recipient answers it, only its requester withdraws it', async () => {
    const { lead, builder, reviewer } = await target.team()
    const id = await raise(target, builder, { recipient_type: 'agent', recipient_id: reviewer.id })
    expect(rowsOf(await ofAgent(target, reviewer, 'GET', '/inbox?status=pending'))).toMatchObject([{ id }])
    const errors: unknown[] = []
    for (const [agent, method, end, body] of [
      [lead, 'GET', `/${id}`, undefined],
      [lead, 'POST', `/${id}/messages`, { body: 'b', author_type: 'user' }],
      [
        lead,
        'POST',
        `/${id}/respond`,
        { action: 'done', responder_type: 'agent', responder_id: reviewer.id },
      ],
      [builder, 'POST', `/${id}/respond`, { action: 'done' }],
      [reviewer, 'POST', `/${id}/cancel`, undefined],
      [reviewer, 'GET', `/${NOBODY}`, undefined],
      [reviewer, 'POST', `/${NOBODY}/respond`, { action: 'done' }],
    ] as const)
      errors.push(statusAndJson(await ofAgent(target, agent, method, end, body)))
    expect(errors).toEqual([
      [403, { error: 'not a participant' }],
      [403, { error: 'not a participant' }],
      [403, { error: 'not the recipient' }],
      [403, { error: 'not the recipient' }],
      [403, { error: 'not the requester' }],
      [404, { error: 'request not found' }],
      [404, { error: 'request not found or already resolved' }],
    ])
    const stranger = await target.call('GET', '/requests/pending', { token: builder.token })
    expect(stranger.status).toBe(401)
    const foreign = await target.call('GET', `/workspaces/${builder.id}/requests`, { token: lead.token })
    expect(foreign.status).toBe(401)
    const answered = await ofAgent(target, reviewer, 'POST', `/${id}/respond`, {
      action: 'done',
      responder_type: 'user',
    })
    expect(statusAndJson(answered)).toEqual([200, { request_id: id, status: 'done' }])
    expect(await read(target, builder, id)).toMatchObject({
      request: { status: 'done', responder_type: 'agent', responder_id: reviewer.id },
    })
  })

  test('a kind has its own answers, and each request gets one', async () => {
    const agent = await target.agent('asker')
    const [task, approval] = [await raise(target, agent), await raise(target, agent, { kind: 'approval' })]
    const respond = async (id: string, body: object) =>
      statusAndJson(await ofPerson(target, 'POST', `/${id}/respond`, body))
    const invalid = [400, { error: 'request: invalid action for this request kind' }]
    expect(await respond(task, { action: 'approved' })).toEqual(invalid)
    expect(await respond(approval, { action: 'done' })).toEqual(invalid)
    expect(await respond(task, {})).toEqual([400, { error: 'invalid request body' }])
    expect(await respond(task, { action: 'done', responder_type: 'agent', responder_id: agent.id })).toEqual([
      400,
      { error: 'request: responder cannot be the requester' },
    ])
    expect(await respond(approval, { action: 'approved' })).toEqual([
      200,
      { request_id: approval, status: 'approved' },
    ])
    const over = [404, { error: 'request not found or already resolved' }]
    expect(await respond(approval, { action: 'rejected' })).toEqual(over)
    expect(await respond(NOBODY, { action: 'done' })).toEqual(over)
    expect(await read(target, agent, approval)).toMatchObject({
      request: { status: 'approved', responder_type: 'user', responder_id: 'human' },
    })
    const cancelled = await ofAgent(target, agent, 'POST', `/${task}/cancel`)
    expect(statusAndJson(cancelled)).toEqual([200, { request_id: task, status: 'cancelled' }])
    expect(statusAndJson(await ofAgent(target, agent, 'POST', `/${task}/cancel`))).toEqual(over)
  })

  test('a message of the other side asks for more information; one of the requester changes nothing', async () => {
    const agent = await target.agent('asker')
    const id = await raise(target, agent)
    const write = (body: object) => ofPerson(target, 'POST', `/${id}/messages`, body)
    expect((await write({ body: 'which door?' })).status).toBe(400)
    const sent = await write({ body: 'which door?', author_type: 'user', author_id: 'human' })
    const messageId = textField(sent, 'message_id')
    expect(statusAndJson(sent)).toEqual([201, { message_id: messageId, request_id: id, status: 'created' }])
    await ofAgent(target, agent, 'POST', `/${id}/messages`, { body: 'the front door', author_type: 'user' })
    expect(await read(target, agent, id)).toMatchObject({
      request: { status: 'info_requested' },
      messages: [
        { id: messageId, request_id: id, author_type: 'user', author_id: 'human', body: 'which door?' },
        { author_type: 'agent', author_id: agent.id, body: 'the front door' },
      ],
    })
    const inbox = await noticed(target, agent, `request-message:${messageId}-`)
    expect(inbox.text).toContain('which door?')
    expect(inbox.text).not.toContain('the front door')
  })

  test('the answer is announced, and reaches the inbox of its requester as a message of no sender', async () => {
    const agent = await target.agent('asker')
    const path = `/workspaces/${agent.id}/events/stream`
    const stream = new Stream(await target.client.open('GET', path, { token: agent.token }))
    const id = await raise(target, agent, { title: 'Say "yes"' })
    expect((await stream.next('REQUEST_CREATED')).data).toEqual({
      kind: 'task',
      recipient_id: '',
      recipient_type: 'user',
      request_id: id,
      title: 'Say "yes"',
    })
    await ofPerson(target, 'POST', `/${id}/respond`, { action: 'rejected' })
    expect((await stream.next('REQUEST_RESPONDED')).data).toEqual({
      kind: 'task',
      request_id: id,
      responder_id: 'human',
      responder_type: 'user',
      status: 'rejected',
      title: 'Say "yes"',
    })
    await stream.close()
    const inbox = await noticed(target, agent, `request-responded:${id}-`)
    const [row] = rowsOf(inbox)
    expect(row).toMatchObject({ source_id: null, method: 'message/send', status: 'ok' })
    expect(JSON.stringify(row)).toContain(
      JSON.stringify(`Your task request "Say \\"yes\\"" (id ${id}) was rejected by the user.`).slice(1, -1),
    )
  })
})
