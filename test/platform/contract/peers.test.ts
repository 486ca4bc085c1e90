/** Who else is on the team, and who may talk to whom. */
import { expect, test } from 'bun:test'
import { rowsOf, statusAndJson } from './client.ts'
import { type Agent, ALL, contract } from './target.ts'

contract('peers and discovery', ALL, (target) => {
  test('siblings come first, then children, then the parent; removed workspaces are left out', async () => {
    const { lead, builder, reviewer } = await target.team()
    const child = await target.agent('child', { parent: builder })
    const gone = await target.agent('gone', { parent: builder })
    await target.remove(gone)
    const peers = await target.call('GET', `/registry/${builder.id}/peers`, { token: builder.token })
    expect(rowsOf(peers).map((peer) => peer.id)).toEqual([reviewer.id, child.id, lead.id])
    expect(Object.keys(rowsOf(peers)[0] ?? {}).sort()).toEqual(
      ['active_tasks', 'agent_card', 'id', 'name', 'parent_id', 'role', 'status', 'tier', 'url'].sort(),
    )
  })

  test("the list needs the workspace's own token", async () => {
    const { lead, builder } = await target.team()
    const path = `/registry/${builder.id}/peers`
    expect(statusAndJson(await target.call('GET', path))).toEqual([
      401,
      { error: 'missing workspace auth token' },
    ])
    expect(statusAndJson(await target.call('GET', path, { token: lead.token }))).toEqual([
      401,
      { error: 'invalid workspace auth token' },
    ])
    expect((await target.call('GET', `/registry/${crypto.randomUUID()}/peers`)).status).toBe(404)
  })

  test('discovery needs a caller, its token, and the right to talk', async () => {
    const { lead, builder, reviewer } = await target.team()
    const second = await target.agent('second', { parent: lead })
    const cousin = await target.agent('cousin', { parent: second })
    const path = `/registry/discover/${builder.id}`
    expect(statusAndJson(await target.call('GET', path))).toEqual([
      400,
      { error: 'X-Workspace-ID header is required' },
    ])
    const as = (agent: Agent) => ({ token: agent.token, headers: { 'X-Workspace-ID': agent.id } })
    expect((await target.call('GET', path, { headers: { 'X-Workspace-ID': reviewer.id } })).status).toBe(401)
    expect(statusAndJson(await target.call('GET', path, as(cousin)))).toEqual([
      403,
      { error: 'not authorized to discover this workspace' },
    ])
    expect(statusAndJson(await target.call('GET', path, as(reviewer)))).toEqual([
      503,
      { error: 'workspace not available', status: 'awaiting_agent' },
    ])
    await target.register(builder, { delivery_mode: 'poll', url: 'http://localhost:9' })
    expect((await target.call('GET', path, as(reviewer))).json).toMatchObject({
      id: builder.id,
      name: builder.name,
      url: 'http://localhost:9',
    })
  })

  test('anyone may ask who may talk to whom', async () => {
    const { lead, builder } = await target.team()
    const ask = async (body: object) => (await target.call('POST', '/registry/check-access', { body })).json
    expect(await ask({ caller_id: lead.id, target_id: builder.id })).toEqual({ allowed: true })
    expect(await ask({ caller_id: crypto.randomUUID(), target_id: builder.id })).toEqual({ allowed: false })
  })
})
