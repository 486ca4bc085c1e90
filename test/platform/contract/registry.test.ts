/** Registering. */
import { expect, test } from 'bun:test'
import { textField } from './client.ts'
import { ALL, contract, SINCE_V1, V2 } from './target.ts'

contract('register', SINCE_V1, (target) => {
  test('a registered poll agent is online and learns its mode and its inbound secret', async () => {
    const agent = await target.agent('agent')
    const answer = await target.register(agent)
    expect(answer.status).toBe(200)
    expect(answer.json).toMatchObject({ status: 'registered', delivery_mode: 'poll' })
    expect(textField(answer, 'platform_inbound_secret')).not.toBe('')
    expect(answer.json).not.toHaveProperty('auth_token')
    const shown = await target.call('GET', `/workspaces/${agent.id}`)
    expect(shown.json).toMatchObject({ status: 'online', agent_card: { name: agent.name } })
  })

  test('a register for polling without a URL clears the one that was stored', async () => {
    const agent = await target.agent('agent')
    await target.register(agent, { delivery_mode: 'poll', url: 'http://localhost:8000' })
    await target.register(agent, { delivery_mode: 'poll' })
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({ url: '' })
  })

  test('an unknown mode is refused before the token is checked', async () => {
    const agent = await target.agent('agent')
    const answer = await target.register({ ...agent, token: 'wrong' }, { delivery_mode: 'smoke' })
    expect([answer.status, answer.json]).toEqual([400, { error: "delivery_mode must be 'push' or 'poll'" }])
  })

  test('an unknown id makes a ghost workspace and gets the first token for it', async () => {
    const ghost = await target.ghost()
    expect(ghost.token).toMatch(/^[A-Za-z0-9_-]{43}$/)
    expect((await target.inbox(ghost)).status).toBe(200)
    expect((await target.call('GET', `/workspaces/${ghost.id}`)).json).toMatchObject({ name: ghost.id })
    const again = await target.register(ghost)
    expect(again.json).not.toHaveProperty('auth_token')
  })

  test('a removed workspace can register, but nothing accepts its token', async () => {
    const agent = await target.agent('agent')
    await target.remove(agent)
    const answer = await target.register(agent)
    expect(answer.json).toMatchObject({ status: 'registered' })
    const inbox = await target.inbox({ ...agent, token: textField(answer, 'auth_token') })
    expect([inbox.status, inbox.json]).toEqual([401, { error: 'invalid workspace auth token' }])
    expect((await target.call('GET', `/workspaces/${agent.id}`)).status).toBe(410)
  })
})

contract('register', ['v0'], (target) => {
  test('a URL is always required, and the answer holds neither mode nor secret', async () => {
    const agent = await target.agent('agent')
    const without = await target.register(agent)
    expect(without.status).toBe(400)
    const answer = await target.register(agent, { url: 'http://localhost:9' })
    expect([answer.status, answer.json]).toEqual([200, { status: 'registered' }])
  })

  test('the URL is judged before the token', async () => {
    const agent = await target.agent('agent')
    const register = (url: string) => target.register({ ...agent, token: 'wrong' }, { url })
    expect((await register('http://169.254.169.254/')).status).toBe(400)
    expect((await register('http://localhost:9')).status).toBe(401)
  })
})

contract('register', ALL, (target) => {
  test('a URL on this machine with a port of its own survives another register; the default port does not', async () => {
    const agent = await target.agent('agent')
    const after = async (url: string) => {
      await target.register(agent, { delivery_mode: 'poll', url })
      return textField(await target.call('GET', `/workspaces/${agent.id}`), 'url')
    }
    expect(await after('http://localhost:8000')).toBe('http://localhost:8000')
    expect(await after('http://localhost:41234')).toBe('http://localhost:41234')
    expect(await after('http://localhost:8000')).toBe('http://localhost:41234')
  })

  test('names of fields match in any case, and text after the object does not count', async () => {
    const agent = await target.agent('agent')
    const body = { Workspace_ID: agent.id, ACTIVE_TASKS: 2, active_tasks: 3, Uptime_Seconds: 4 }
    const raw = `${JSON.stringify(body)} "}" and more`
    const beat = await target.call('POST', '/registry/heartbeat', { token: agent.token, raw })
    expect([beat.status, Reflect.get(Object(beat.json), 'status')]).toEqual([200, 'ok'])
    expect((await target.call('GET', `/workspaces/${agent.id}`)).json).toMatchObject({
      active_tasks: 3,
      uptime_seconds: 4,
    })
  })
})

contract('register', V2, (target) => {
  test('a card gets the name and role of its workspace unless it has its own', async () => {
    const lead = await target.agent('lead')
    const agent = await target.agent('agent', { parent: lead, role: 'Reads' })
    await target.register(agent, { delivery_mode: 'poll', agent_card: {} })
    const shown = await target.call('GET', `/workspaces/${agent.id}`)
    expect(shown.json).toMatchObject({ agent_card: { name: agent.name, role: 'Reads' } })
    await target.register(agent, { delivery_mode: 'poll', agent_card: { name: 'own', role: 'Own' } })
    const own = await target.call('GET', `/workspaces/${agent.id}`)
    expect(own.json).toMatchObject({ agent_card: { name: 'own', role: 'Own' } })
  })

  test('a card that shows the id as its name gets the name; a missing description falls back to the role', async () => {
    const agent = await target.agent('agent', { role: 'Reads' })
    await target.register(agent, {
      delivery_mode: 'poll',
      agent_card: { name: agent.id.toUpperCase(), description: '' },
    })
    const shown = await target.call('GET', `/workspaces/${agent.id}`)
    expect(shown.json).toMatchObject({ agent_card: { name: agent.name, description: 'Reads' } })
  })

  test('an agent that has only a minted token receives an instance token once', async () => {
    const { id, token } = await target.ghost()
    const minted = await target.call('POST', `/workspaces/${id}/tokens`, { token })
    const api = textField(minted, 'auth_token')
    const listed = await target.call('GET', `/workspaces/${id}/tokens`, { token: api })
    const rows = Reflect.get(Object(listed.json), 'tokens')
    const instance = rows.find((row: { prefix: string }) => token.startsWith(row.prefix))
    await target.call('DELETE', `/workspaces/${id}/tokens/${instance.id}`, { token: api })
    const again = await target.register({ id, name: 'x', token: api })
    expect(textField(again, 'auth_token')).not.toBe(token)
    expect((await target.inbox({ id, name: 'x', token: api })).status).toBe(200)
  })

  test('an agent may not claim to be the platform', async () => {
    const agent = await target.agent('agent')
    expect((await target.register(agent, { delivery_mode: 'poll', kind: 'platform' })).status).toBe(403)
  })
})

contract('register, bootstrap gate', ALL, (target) => {
  test('a workspace with a live token must show one of its own', async () => {
    const agent = await target.agent('agent')
    const body = { id: agent.id, agent_card: {}, delivery_mode: 'poll', url: 'http://localhost:9' }
    const missing = await target.call('POST', '/registry/register', { body })
    expect([missing.status, missing.json]).toEqual([401, { error: 'missing workspace auth token' }])
    const wrong = await target.call('POST', '/registry/register', { body, token: 'wrong' })
    expect([wrong.status, wrong.json]).toEqual([401, { error: 'invalid workspace auth token' }])
    const beat = await target.call('POST', '/registry/heartbeat', { body: { workspace_id: agent.id } })
    expect([beat.status, beat.json]).toEqual([401, { error: 'missing workspace auth token' }])
  })

  test.each([
    ['not JSON', '{"id":'],
    ['no object', '[]'],
    ['no card', JSON.stringify({ id: crypto.randomUUID() })],
    ['a card that is no object', JSON.stringify({ id: crypto.randomUUID(), agent_card: 'x' })],
    ['an id that is no text', JSON.stringify({ id: 5, agent_card: {} })],
  ])('a body with %s is refused', async (_, raw) => {
    const answer = await target.call('POST', '/registry/register', { raw })
    expect([answer.status, answer.json]).toEqual([400, { error: 'invalid request body' }])
  })
})

contract('push URL rules', V2, (target) => {
  test.each([
    'ftp://example.com/',
    'http://169.254.169.254/latest',
    'http://[fe80::1]/',
    'http://192.0.2.1/',
    'http://198.51.100.7/',
    'http://203.0.113.9/',
    'http://100.64.1.1/',
    'http://224.0.0.1/',
    'http://[fc00::1]/',
    'http://[2001:db8::1]/',
    'http://[::ffff:169.254.169.254]/',
  ])('%s is refused', async (url) => {
    const agent = await target.agent('agent')
    const answer = await target.register(agent, { delivery_mode: 'push', url })
    expect(answer.status).toBe(400)
  })

  test('a card must not hold a URL that the guard refuses', async () => {
    const agent = await target.agent('agent')
    const answer = await target.register(agent, {
      delivery_mode: 'push',
      url: 'http://localhost:9',
      agent_card: { url: 'http://169.254.169.254/' },
    })
    expect([answer.status, answer.json]).toEqual([400, { error: 'workspace agent_card URL not allowed' }])
    const update = await target.call('POST', '/registry/update-card', {
      token: agent.token,
      body: { workspace_id: agent.id, agent_card: { url: 'http://169.254.169.254/' } },
    })
    expect([update.status, update.json]).toEqual([400, { error: 'workspace URL not allowed' }])
  })
})
