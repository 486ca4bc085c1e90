/** Event streams and sockets. */
import { expect, test } from 'bun:test'
import { statusAndJson, textField } from './client.ts'
import { Stream } from './stream.ts'
import { type Agent, ALL, contract, SINCE_V1, say, type Target, V2 } from './target.ts'

async function open(target: Target, agent: Agent): Promise<Stream> {
  const path = `/workspaces/${agent.id}/events/stream`
  return new Stream(await target.client.open('GET', path, { token: agent.token }))
}

contract('event stream', ALL, (target) => {
  test('it opens with a comment and carries only data lines', async () => {
    const agent = await target.agent('agent')
    const stream = await open(target, agent)
    expect(stream.response.headers.get('Content-Type')).toStartWith('text/event-stream')
    expect(await stream.block()).toBe(': ping')
    await target.call('POST', '/registry/heartbeat', {
      token: agent.token,
      body: { workspace_id: agent.id, current_task: 'reading', active_tasks: 1, uptime_seconds: 5 },
    })
    const task = await stream.next('TASK_UPDATED')
    expect(task.data).toEqual({ current_task: 'reading', active_tasks: 1 })
    const beat = await stream.next('WORKSPACE_HEARTBEAT')
    expect(beat.data).toEqual({ active_tasks: 1, uptime_seconds: 5 })
    expect(Math.abs(beat.timestamp - Date.now())).toBeLessThan(60_000)
    await stream.close()
  })

  test('a notice is announced with its text, and other workspaces do not hear it', async () => {
    const { lead, builder } = await target.team()
    const [own, others] = [await open(target, builder), await open(target, lead)]
    const notify = (agent: Agent, message: string) =>
      target.call('POST', `/workspaces/${agent.id}/notify`, { token: agent.token, body: { message } })
    await notify(builder, 'for builder')
    await notify(lead, 'for lead')
    expect((await own.next('AGENT_MESSAGE')).data).toMatchObject({
      message: 'for builder',
      workspace_id: builder.id,
    })
    expect((await others.next('AGENT_MESSAGE')).data).toMatchObject({ message: 'for lead' })
    await Promise.all([own.close(), others.close()])
  })

  test("it needs the workspace's own token", async () => {
    const { lead, builder } = await target.team()
    const path = `/workspaces/${builder.id}/events/stream`
    expect((await target.call('GET', path)).status).toBe(401)
    expect((await target.call('GET', path, { token: lead.token })).status).toBe(401)
  })
})

contract('event stream', SINCE_V1, (target) => {
  test('a wedge is announced as such, and a high error rate after it', async () => {
    const agent = await target.agent('agent')
    await target.register(agent)
    const stream = await open(target, agent)
    const body = { workspace_id: agent.id, runtime_state: 'wedged', sample_error: 'stuck', error_rate: 0.5 }
    await target.call('POST', '/registry/heartbeat', { token: agent.token, body })
    const data = [await stream.next('WORKSPACE_DEGRADED'), await stream.next('WORKSPACE_DEGRADED')].map(
      (event) => event.data,
    )
    expect(data).toEqual([
      { runtime_state: 'wedged', sample_error: 'stuck' },
      { error_rate: 0.5, sample_error: 'stuck' },
    ])
    await stream.close()
  })

  test('a heartbeat that ends a status announces which', async () => {
    const agent = await target.agent('agent')
    const stream = await open(target, agent)
    await target.call('POST', '/registry/heartbeat', { token: agent.token, body: { workspace_id: agent.id } })
    expect((await stream.next('WORKSPACE_ONLINE')).data).toEqual({ recovered_from: 'awaiting_agent' })
    await stream.close()
  })

  test('a change of status is announced by the name of the new status', async () => {
    const agent = await target.agent('agent')
    await target.register(agent)
    const stream = await open(target, agent)
    const beat = (body: object) =>
      target.call('POST', '/registry/heartbeat', {
        token: agent.token,
        body: { workspace_id: agent.id, ...body },
      })
    await beat({ error_rate: 0.9, sample_error: 'out of disk' })
    expect((await stream.next('WORKSPACE_DEGRADED')).data).toEqual({
      error_rate: 0.9,
      sample_error: 'out of disk',
    })
    await beat({})
    expect((await stream.next('WORKSPACE_ONLINE')).data).toEqual({})
    await stream.close()
  })

  test('a message is readable by the time it is announced', async () => {
    const { builder, reviewer } = await target.team()
    const stream = await open(target, builder)
    const sent = target.send(builder, say('hello'), reviewer)
    const event = await stream.next('ACTIVITY_LOGGED')
    expect(event.data).toMatchObject({
      activity_type: 'a2a_receive',
      source_id: reviewer.id,
      duration_ms: null,
    })
    expect((await target.inbox(builder)).text).toContain('hello')
    await sent
    await stream.close()
  })

  test('the delegator hears each step of its delegation', async () => {
    const { lead, builder } = await target.team()
    const stream = await open(target, lead)
    const body = { target_id: builder.id, task: 'build it' }
    const answer = await target.call('POST', `/workspaces/${lead.id}/delegate`, { token: lead.token, body })
    const delegation_id = textField(answer, 'delegation_id')
    for (const step of ['SENT', 'STATUS', 'COMPLETE'])
      expect((await stream.next(`DELEGATION_${step}`)).data).toMatchObject({ delegation_id })
    await stream.close()
  })
})

contract('event stream', V2, (target) => {
  test('a poll message is announced twice, with its body and id', async () => {
    const { builder, reviewer } = await target.team()
    const stream = await open(target, builder)
    const message = say('hello')
    await target.send(builder, message, reviewer)
    const first = await stream.next('ACTIVITY_LOGGED')
    expect(first.data).toMatchObject({
      message_id: Reflect.get(message, 'messageId'),
      request_body: { jsonrpc: '2.0' },
    })
    expect((await stream.next('ACTIVITY_LOGGED')).data).toEqual(first.data)
    await stream.close()
  })
})

contract('event stream', V2, (target) => {
  test('a body of more than 64 KiB stays out of the event', async () => {
    const { builder, reviewer } = await target.team()
    const stream = await open(target, builder)
    await target.send(builder, say('x'.repeat(70_000)), reviewer)
    expect((await stream.next('ACTIVITY_LOGGED')).data).not.toHaveProperty('request_body')
    await stream.close()
  })
})

contract('web socket', V2, (target) => {
  const address = () => `${target.client.url.replace(/^http/, 'ws')}/ws`
  const connect = (options: object) => new WebSocket(address(), options)
  const opened = (socket: WebSocket) =>
    new Promise<boolean>((resolve) => {
      socket.onopen = () => resolve(true)
      socket.onerror = () => resolve(false)
    })

  test('an agent hears only of the workspaces it may talk to', async () => {
    const { lead, builder, reviewer } = await target.team()
    const second = await target.agent('second', { parent: lead })
    const cousin = await target.agent('cousin', { parent: second })
    const socket = connect({
      headers: { Authorization: `Bearer ${builder.token}`, 'X-Workspace-ID': builder.id },
    })
    expect(await opened(socket)).toBe(true)
    const heard = new Promise<{ workspace_id: string; payload: object }>((resolve) => {
      socket.onmessage = (message) => {
        const event = JSON.parse(String(message.data))
        if (event.event === 'AGENT_MESSAGE') resolve(event)
      }
    })
    for (const agent of [cousin, reviewer]) {
      await target.call('POST', `/workspaces/${agent.id}/notify`, {
        token: agent.token,
        body: { message: 'hi' },
      })
    }
    expect(await heard).toMatchObject({ workspace_id: reviewer.id, payload: { message: 'hi' } })
    socket.close()
  })

  test('a credential that is not hexadecimal is refused with its own text', async () => {
    const headers = { 'Sec-WebSocket-Protocol': 'molecule, molecule-auth.xyz' }
    expect(statusAndJson(await target.call('GET', '/ws', { headers }))).toEqual([
      401,
      { error: 'invalid WebSocket credential' },
    ])
  })

  test('it needs a token, which a browser sends as a subprotocol that is never echoed', async () => {
    const { builder } = await target.team()
    const hex = (text: string) => Buffer.from(text).toString('hex')
    expect(await opened(connect({}))).toBe(false)
    expect(await opened(connect({ headers: { Authorization: `Bearer ${builder.token}` } }))).toBe(false)
    expect(await opened(connect({ protocols: ['molecule', `molecule-auth.${hex('wrong')}`] }))).toBe(false)
    const socket = connect({ protocols: ['molecule', `molecule-auth.${hex(target.adminToken)}`] })
    expect([await opened(socket), socket.protocol]).toEqual([true, 'molecule'])
    socket.close()
  })
})
