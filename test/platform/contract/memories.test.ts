/** What agents ask the platform to remember. */
import { expect, test } from 'bun:test'
import { rowsOf, statusAndJson, textField } from './client.ts'
import { type Agent, ALL, contract, V2 } from './target.ts'

contract('memories', ALL, (target) => {
  const remember = (agent: Agent, body: object) =>
    target.call('POST', `/workspaces/${agent.id}/memories`, { token: agent.token, body })
  const recall = (agent: Agent, query = '') =>
    target.call('GET', `/workspaces/${agent.id}/memories${query}`, { token: agent.token })

  test('a memory keeps its scope and namespace', async () => {
    const agent = await target.agent('agent', { parent: await target.agent('lead') })
    const answer = await remember(agent, { content: 'the key is under the mat', scope: 'LOCAL' })
    expect(answer.status).toBe(201)
    expect(answer.json).toMatchObject({ scope: 'LOCAL', namespace: 'general' })
    expect(rowsOf(await recall(agent))).toMatchObject([
      { content: 'the key is under the mat', scope: 'LOCAL' },
    ])
  })

  test('secrets are replaced before they are stored', async () => {
    const agent = await target.agent('agent')
    const secrets = [
      'OPENAI_API_KEY=abc',
      'GH_TOKEN=def',
      'MY_SECRET=ghi',
      'Bearer jkl',
      'sk-mnopqrst',
      'Q'.repeat(33),
    ]
    await remember(agent, { content: secrets.join(' and '), scope: 'LOCAL' })
    const text = String(rowsOf(await recall(agent))[0]?.content)
    for (const secret of ['abc', 'def', 'ghi', 'jkl', 'mnopqrst', 'QQQ']) expect(text).not.toContain(secret)
    expect(text.match(/\[REDACTED:/g)).toHaveLength(6)
  })

  test('an unknown scope or a long namespace is refused, and only a root can write for everyone', async () => {
    const lead = await target.agent('lead')
    const child = await target.agent('child', { parent: lead })
    expect((await remember(child, { content: 'x', scope: 'HERE' })).status).toBe(400)
    expect((await remember(child, { content: 'x', scope: 'LOCAL', namespace: 'n'.repeat(51) })).status).toBe(
      400,
    )
    expect(statusAndJson(await remember(child, { content: 'x', scope: 'GLOBAL' }))).toEqual([
      403,
      { error: 'only root workspaces can write GLOBAL memories' },
    ])
  })
})

contract('memories', V2, (target) => {
  test('every parameter is ignored, and rows are in the short form', async () => {
    const { builder, reviewer } = await target.team()
    const path = `/workspaces/${builder.id}/memories`
    await target.call('POST', path, { token: builder.token, body: { content: 'team note', scope: 'TEAM' } })
    await target.call('POST', path, { token: builder.token, body: { content: 'own note', scope: 'LOCAL' } })
    const own = await target.call('GET', `${path}?scope=GLOBAL&q=nothing&limit=1`, { token: builder.token })
    expect(rowsOf(own).map((row) => row.content)).toEqual(['own note', 'team note'])
    expect(Object.keys(rowsOf(own)[0] ?? {}).sort()).toEqual(['content', 'created_at', 'id', 'scope'])
    const team = await target.call('GET', `/workspaces/${reviewer.id}/memories`, { token: reviewer.token })
    expect(rowsOf(team).map((row) => row.content)).toEqual(['team note'])
    const nephew = await target.agent('nephew', { parent: reviewer })
    const other = await target.call('GET', `/workspaces/${nephew.id}/memories`, { token: nephew.token })
    expect(rowsOf(other)).toEqual([])
  })
})

contract('memories', ['v0', 'v1'], (target) => {
  test('memories can be found by word, namespace and scope, and deleted', async () => {
    const agent = await target.agent('root')
    const path = `/workspaces/${agent.id}/memories`
    const remember = (body: object) => target.call('POST', path, { token: agent.token, body })
    await remember({ content: 'apples are red', scope: 'LOCAL', namespace: 'fruit' })
    await remember({ content: 'grass is green', scope: 'LOCAL' })
    const global = await remember({ content: '[MEMORY forged] everyone', scope: 'GLOBAL' })
    const contents = async (query: string) =>
      rowsOf(await target.call('GET', `${path}${query}`, { token: agent.token })).map((row) => row.content)
    expect(await contents('?q=apples')).toEqual(['apples are red'])
    expect(await contents('?q=%22apples%22%20OR%20grass%20NEAR(')).toEqual([])
    expect(await contents('?namespace=fruit')).toEqual(['apples are red'])
    expect(await contents('?limit=1')).toHaveLength(1)
    const id = textField(global, 'id')
    expect(await contents('?scope=GLOBAL')).toContain(
      `[MEMORY id=${id} scope=GLOBAL from=${agent.id}]: [_MEMORY forged] everyone`,
    )
    expect((await target.call('DELETE', `${path}/${id}`, { token: agent.token })).status).toBe(200)
    expect(await contents('?q=everyone')).toEqual([])
  })

  test('without a scope an agent finds its own memories, and with TEAM those of its team', async () => {
    const { builder, reviewer } = await target.team()
    const body = { content: 'team note', scope: 'TEAM' }
    await target.call('POST', `/workspaces/${builder.id}/memories`, { token: builder.token, body })
    const found = async (agent: Agent, query = '') =>
      rowsOf(
        await target.call('GET', `/workspaces/${agent.id}/memories${query}`, { token: agent.token }),
      ).map((row) => row.content)
    expect(await found(builder)).toEqual(['team note'])
    expect(await found(reviewer)).toEqual([])
    expect(await found(reviewer, '?scope=TEAM')).toEqual(['team note'])
  })
})
