/** Public routes, gates, workspaces and tokens. */
import { expect, test } from 'bun:test'
import { statusAndJson, textField } from './client.ts'
import { ALL, contract, SINCE_V1, V2 } from './target.ts'

contract('public routes', ALL, (target) => {
  test('health is open to anyone', async () => {
    const answer = await target.call('GET', '/health')
    expect([answer.status, answer.json]).toEqual([200, { status: 'ok' }])
  })

  test('every answer carries the rate limit', async () => {
    const { headers } = await target.call('GET', '/health')
    expect([headers.has('X-RateLimit-Limit'), headers.has('X-RateLimit-Remaining')]).toEqual([true, true])
  })
})

contract('public routes', V2, (target) => {
  test('build and upload limits are open to anyone', async () => {
    expect((await target.call('GET', '/buildinfo')).json).toMatchObject({ git_sha: expect.any(String) })
    expect((await target.call('GET', '/uploads/limits')).json).toMatchObject({ per_file_bytes: 104_857_600 })
  })
})

contract('WorkspaceAuth', ALL, (target) => {
  const MISSING = [401, { error: 'missing workspace auth token' }]
  const INVALID = [401, { error: 'invalid workspace auth token' }]
  test("no token, a wrong one, another workspace's, an unknown workspace: 401 with the text for it, never 404", async () => {
    const { lead, builder } = await target.team()
    const path = `/workspaces/${builder.id}/activity`
    expect(statusAndJson(await target.call('GET', path))).toEqual(MISSING)
    expect(statusAndJson(await target.call('GET', path, { headers: { Authorization: 'bearer x' } }))).toEqual(
      MISSING,
    )
    expect(statusAndJson(await target.call('GET', path, { headers: { Authorization: 'Basic x' } }))).toEqual(
      MISSING,
    )
    expect(statusAndJson(await target.call('GET', path, { token: 'wrong' }))).toEqual(INVALID)
    expect(statusAndJson(await target.call('GET', path, { token: lead.token }))).toEqual(INVALID)
    const unknown = `/workspaces/${crypto.randomUUID()}/activity`
    expect(statusAndJson(await target.call('GET', unknown, { token: builder.token }))).toEqual(INVALID)
  })

  test('the token of a removed workspace is invalid', async () => {
    const agent = await target.agent('agent')
    await target.remove(agent)
    expect(statusAndJson(await target.inbox(agent))).toEqual(INVALID)
  })
})

contract('read a workspace', ALL, (target) => {
  test('a malformed id is 400, an unknown one 404', async () => {
    const wrong = await target.call('GET', '/workspaces/not-a-uuid')
    expect([wrong.status, wrong.json]).toEqual([400, { error: 'invalid workspace ID' }])
    const unknown = await target.call('GET', `/workspaces/${crypto.randomUUID()}`)
    expect([unknown.status, unknown.json]).toEqual([404, { error: 'workspace not found' }])
  })

  test('anyone may read a workspace, whatever the case of its id', async () => {
    const agent = await target.agent('agent')
    const answer = await target.call('GET', `/workspaces/${agent.id.toUpperCase()}`)
    expect(answer.json).toMatchObject({ id: agent.id, name: agent.name, runtime: 'external', role: null })
    expect(answer.json).not.toHaveProperty('delivery_mode')
  })
})

contract('read a workspace', SINCE_V1, (target) => {
  test('a removed workspace is gone, with the time and a hint, unless asked for', async () => {
    const agent = await target.agent('agent')
    await target.remove(agent)
    const gone = await target.call('GET', `/workspaces/${agent.id}`)
    expect(gone.status).toBe(410)
    expect(gone.json).toMatchObject({ error: 'workspace removed', id: agent.id, hint: expect.any(String) })
    const asked = await target.call('GET', `/workspaces/${agent.id}?include_removed=true`)
    expect([asked.status, textField(asked, 'status')]).toEqual([200, 'removed'])
  })
})

contract('read a workspace', ['v0'], (target) => {
  test('a removed workspace shows as removed', async () => {
    const agent = await target.agent('agent')
    await target.remove(agent)
    const answer = await target.call('GET', `/workspaces/${agent.id}`)
    expect([answer.status, textField(answer, 'status')]).toEqual([200, 'removed'])
  })
})

contract('create a workspace', ALL, (target) => {
  test.each([
    ['without a name', { external: true }],
    ['with a name of several lines', { name: 'a\nb' }],
    ['with a name of 256 characters', { name: 'a'.repeat(256) }],
    ['with a forbidden character', { name: 'a{b' }],
    ['with too long a role', { name: 'a', role: 'r'.repeat(1001) }],
    ['under a parent that is not there', { name: 'a', parent_id: crypto.randomUUID() }],
  ])('a workspace %s is refused', async (_, body) => {
    expect((await target.call('POST', '/workspaces', { token: target.adminToken, body })).status).toBe(400)
  })

  test('only the operator may create one', async () => {
    const agent = await target.agent('agent')
    for (const token of [undefined, 'wrong', agent.token]) {
      const options = { body: { name: 'x' }, ...(token === undefined ? {} : { token }) }
      expect((await target.call('POST', '/workspaces', options)).status).toBe(401)
    }
  })

  test('a second workspace of the same name under one parent gets a number', async () => {
    const lead = await target.agent('lead')
    const create = () =>
      target.call('POST', '/workspaces', {
        token: target.adminToken,
        body: { name: 'twin', external: true, parent_id: lead.id },
      })
    await create()
    const second = await target.call('GET', `/workspaces/${textField(await create(), 'id')}`)
    expect(textField(second, 'name')).toBe('twin (2)')
  })
})

contract('remove a workspace', V2, (target) => {
  test('the name must be confirmed, children are removed too, and a second try finds it gone', async () => {
    const { lead, builder } = await target.team()
    const path = `/workspaces/${lead.id}`
    const bare = await target.call('DELETE', path, { token: target.adminToken })
    expect(bare.status).toBe(400)
    expect(bare.json).toMatchObject({ error: 'destructive_action_requires_confirmation' })
    expect((await target.remove(lead)).status).toBe(200)
    expect((await target.call('GET', `/workspaces/${builder.id}`)).status).toBe(410)
    expect((await target.remove(lead)).status).toBe(410)
  })

  test('with purge nothing of the workspace is left', async () => {
    const agent = await target.agent('agent')
    const options = { token: target.adminToken, headers: { 'X-Confirm-Name': agent.name } }
    expect((await target.call('DELETE', `/workspaces/${agent.id}?purge=true`, options)).status).toBe(200)
    const shown = await target.call('GET', `/workspaces/${agent.id}?include_removed=true`)
    expect(shown.status).toBe(404)
  })
})

contract('remove a workspace', ['v0'], (target) => {
  test('removing a child needs a confirmation', async () => {
    const lead = await target.agent('lead')
    await target.agent('child', { parent: lead })
    const bare = await target.call('DELETE', `/workspaces/${lead.id}`, { token: target.adminToken })
    expect([bare.status, textField(bare, 'error')]).toEqual([409, 'confirmation_required'])
    expect((await target.remove(lead)).status).toBe(200)
  })
})

contract('workspace state', ALL, (target) => {
  test('a workspace can ask for its own state', async () => {
    const agent = await target.agent('agent')
    const answer = await target.call('GET', `/workspaces/${agent.id}/state`, { token: agent.token })
    expect(answer.json).toEqual({
      workspace_id: agent.id,
      status: 'awaiting_agent',
      paused: false,
      deleted: false,
    })
  })
})

contract('tokens', SINCE_V1, (target) => {
  test('a token can be minted, listed by its prefix, used and revoked', async () => {
    const agent = await target.agent('agent')
    const path = `/workspaces/${agent.id}/tokens`
    const minted = await target.call('POST', `/admin${path}`, { token: target.adminToken })
    expect(minted.status).toBe(201)
    expect(minted.json).toMatchObject({ workspace_id: agent.id, message: expect.any(String) })
    const token = textField(minted, 'auth_token')
    const listed = await target.call('GET', path, { token })
    expect(listed.json).toMatchObject({ count: 2 })
    expect(listed.text).not.toContain(token)
    const rows: readonly { id: string; prefix: string }[] = Reflect.get(Object(listed.json), 'tokens')
    const own = rows.find((row) => row.prefix === token.slice(0, 8))
    const revoked = await target.call('DELETE', `${path}/${own?.id}`, { token: agent.token })
    expect([revoked.status, revoked.json]).toEqual([200, { status: 'revoked' }])
    expect((await target.call('GET', path, { token })).status).toBe(401)
    expect((await target.call('DELETE', `${path}/${own?.id}`, { token: agent.token })).status).toBe(404)
  })

  test('a fifty-first live token is refused', async () => {
    const agent = await target.agent('agent')
    const mint = () => target.call('POST', `/workspaces/${agent.id}/tokens`, { token: agent.token })
    for (let count = 1; count < 50; count++) expect((await mint()).status).toBe(201)
    const answer = await mint()
    expect([answer.status, answer.json]).toEqual([429, { error: 'maximum 50 active tokens per workspace' }])
  })

  test('the operator cannot mint for a malformed or unknown id', async () => {
    const mint = (id: string) =>
      target.call('POST', `/admin/workspaces/${id}/tokens`, { token: target.adminToken })
    const wrong = await mint('x')
    expect([wrong.status, wrong.json]).toEqual([400, { error: 'invalid workspace id' }])
    expect((await mint(crypto.randomUUID())).status).toBe(404)
  })
})

contract('external connection', V2, (target) => {
  test('rotation replaces every token and shows the new one once', async () => {
    const agent = await target.agent('agent')
    const path = `/workspaces/${agent.id}/external`
    const rotated = await target.call('POST', `${path}/rotate`, { token: agent.token })
    const token = textField(rotated, 'connection', 'auth_token')
    expect((await target.inbox(agent)).status).toBe(401)
    const shown = await target.call('GET', `${path}/connection`, { token })
    expect(textField(shown, 'connection', 'auth_token')).toBe('')
  })
})
