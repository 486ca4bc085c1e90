/** Heartbeats and the updates of a card. */
import { expect, test } from 'bun:test'
import { textField } from './client.ts'
import { ALL, contract, SINCE_V1, V2 } from './target.ts'

contract('heartbeat', ALL, (target) => {
  test('a minimal beat is enough, and whatever it leaves out is stored as zero', async () => {
    const agent = await target.agent('agent')
    await target.register(agent, { delivery_mode: 'poll', url: 'http://localhost:9' })
    const beat = (body: object) =>
      target.call('POST', '/registry/heartbeat', {
        token: agent.token,
        body: { workspace_id: agent.id, ...body },
      })
    await beat({ active_tasks: 3, uptime_seconds: 9, error_rate: 0.2, current_task: 'reading' })
    const full = await target.call('GET', `/workspaces/${agent.id}`)
    expect(full.json).toMatchObject({ active_tasks: 3, uptime_seconds: 9, last_error_rate: 0.2 })
    expect(full.text).not.toContain('reading')
    const minimal = await beat({})
    expect(minimal.json).toMatchObject({ status: 'ok' })
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({
      active_tasks: 0,
      uptime_seconds: 0,
      last_error_rate: 0,
    })
  })

  test('a spend of up to 64 bits is taken, and only a whole number', async () => {
    const agent = await target.agent('agent')
    const beat = (monthly_spend: string) =>
      target.call('POST', '/registry/heartbeat', {
        token: agent.token,
        raw: `{"workspace_id":"${agent.id}","monthly_spend":${monthly_spend}}`,
      })
    for (const spend of ['9223372036854775807', '-9223372036854775808', '1000000000001'])
      expect((await beat(spend)).status).toBe(200)
    expect((await beat('1.5')).status).toBe(400)
    expect((await beat('1e19')).status).toBe(400)
  })

  test('an unknown workspace gets the same 200', async () => {
    const body = { workspace_id: crypto.randomUUID() }
    const answer = await target.call('POST', '/registry/heartbeat', { body })
    expect([answer.status, answer.json]).toEqual([200, { status: 'ok' }])
  })

  test('a wedged runtime or a high error rate degrades, and a calm beat recovers', async () => {
    const agent = await target.agent('agent')
    await target.register(agent, { delivery_mode: 'poll', url: 'http://localhost:9' })
    const statusAfter = async (body: object) => {
      await target.call('POST', '/registry/heartbeat', {
        token: agent.token,
        body: { workspace_id: agent.id, ...body },
      })
      return textField(await target.call('GET', `/workspaces/${agent.id}`), 'status')
    }
    expect(await statusAfter({ runtime_state: 'wedged' })).toBe('degraded')
    expect(await statusAfter({ runtime_state: 'ok' })).toBe('degraded')
    expect(await statusAfter({})).toBe('online')
    expect(await statusAfter({ error_rate: 0.5 })).toBe('degraded')
    expect(await statusAfter({ error_rate: 0.1 })).toBe('degraded')
    expect(await statusAfter({ error_rate: 0.09 })).toBe('online')
    const managed = { runtime_metadata: { capabilities: { status_mgmt: true } } }
    expect(await statusAfter({ error_rate: 0.9, ...managed })).toBe('online')
  })

  test.each([
    ['no id', {}],
    ['a text as a number', { workspace_id: 'x', active_tasks: '3' }],
  ])('a beat with %s is refused', async (_, body) => {
    const answer = await target.call('POST', '/registry/heartbeat', { body })
    expect([answer.status, answer.json]).toEqual([400, { error: 'invalid request body' }])
  })
})

contract('heartbeat', SINCE_V1, (target) => {
  test('a beat alone brings a workspace online that awaits its agent', async () => {
    const agent = await target.agent('agent')
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({
      status: 'awaiting_agent',
    })
    await target.call('POST', '/registry/heartbeat', { token: agent.token, body: { workspace_id: agent.id } })
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({ status: 'online' })
  })
})

contract('heartbeat', V2, (target) => {
  test('a refused register degrades a known agent until a register succeeds', async () => {
    const agent = await target.agent('agent')
    await target.register(agent)
    await target.register(agent, { delivery_mode: 'push' })
    const beat = () =>
      target.call('POST', '/registry/heartbeat', { token: agent.token, body: { workspace_id: agent.id } })
    await beat()
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({ status: 'degraded' })
    await target.register(agent)
    await beat()
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({ status: 'online' })
  })
})

contract('update card', ALL, (target) => {
  test('the card is replaced as a whole', async () => {
    const agent = await target.agent('agent')
    const body = { workspace_id: agent.id, agent_card: { version: '2' } }
    const answer = await target.call('POST', '/registry/update-card', { token: agent.token, body })
    expect([answer.status, answer.json]).toEqual([200, { status: 'updated' }])
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({
      agent_card: { version: '2' },
    })
    const half = await target.call('POST', '/registry/update-card', { body: { workspace_id: agent.id } })
    expect(half.status).toBe(400)
  })
})
