/** What only the web chat asks of the platform. */
import { expect, test } from 'bun:test'
import { z } from 'zod'
import { type Fixture, platformWithTeam, say, send } from './platform.ts'

const rowsSchema = z.array(
  z.object({ workspace_id: z.string(), source_id: z.string().nullable(), seq: z.number() }),
)

async function teamLog({ client, platform }: Fixture, query = '') {
  const { json } = await client.call('GET', `/admin/activity?${query}`, { token: platform.adminToken })
  return rowsSchema.parse(json)
}

test('the operator reads the log of the whole team in its order, from either end', async () => {
  await using fixture = await platformWithTeam()
  const { builder, client, lead, reviewer } = fixture
  await send(fixture, lead, say('from the person'))
  await send(fixture, builder, say('a task'), lead)
  await send(fixture, reviewer, say('a look'), builder)
  const newest = await teamLog(fixture)
  expect(newest.map(({ workspace_id: to, source_id: from }) => [from, to])).toEqual([
    [builder.id, reviewer.id],
    [lead.id, builder.id],
    [null, lead.id],
  ])
  const [third, second, first] = newest
  if (first === undefined || second === undefined || third === undefined) throw new Error('rows are missing')
  expect(await teamLog(fixture, `after=${first.seq}`)).toEqual([second, third])
  expect(await teamLog(fixture, `after=${first.seq}&limit=1`)).toEqual([second])
  expect(await teamLog(fixture, `before=${third.seq}&limit=1`)).toEqual([second])
  expect(await teamLog(fixture, `after=${third.seq}`)).toEqual([])
  for (const query of ['after=-1', 'before=x', 'limit=1e3']) {
    const { status } = await client.call('GET', `/admin/activity?${query}`, {
      token: fixture.platform.adminToken,
    })
    expect(status).toBe(400)
  }
  for (const token of [lead.token, 'wrong']) {
    expect((await client.call('GET', '/admin/activity', { token })).status).toBe(401)
  }
})

test('the operator renames a workspace under the rules of its creation, and its agent may not', async () => {
  await using fixture = await platformWithTeam()
  const { builder, client, platform } = fixture
  const rename = (body: object, token = platform.adminToken) =>
    client.call('PATCH', `/workspaces/${builder.id}`, { token, body })
  expect((await rename({ name: 'mason', role: 'Lays bricks' })).json).toMatchObject({
    id: builder.id,
    name: 'mason',
    role: 'Lays bricks',
  })
  expect((await rename({ name: 'mason' })).json).toMatchObject({ name: 'mason', role: null })
  expect((await rename({ name: 'reviewer' })).json).toMatchObject({ name: 'reviewer (2)' })
  for (const name of ['', 'a\nb', 'x'.repeat(256)]) expect((await rename({ name })).status).toBe(400)
  expect((await rename({ name: 'mine' }, builder.token)).status).toBe(401)
})

test('a permission request stands beside the text of a notice only where it came with the workspace’s own token', async () => {
  await using fixture = await platformWithTeam()
  const { builder, client, platform } = fixture
  const permission = {
    request_id: 'abcde',
    state: 'open',
    tool: 'Bash',
    description: 'List files',
    preview: 'ls',
  }
  const post = (token: string, field: unknown) =>
    client.call('POST', `/workspaces/${builder.id}/notify`, {
      token,
      body: { message: 'text', permission: field },
    })
  const bad = [{ ...permission, state: 'maybe' }, { ...permission, preview: 'x'.repeat(5_000) }, 'abcde']
  for (const field of [permission, ...bad]) expect((await post(builder.token, field)).status).toBe(200)
  expect((await post(platform.adminToken, permission)).status).toBe(200)
  const { json } = await client.call('GET', '/admin/activity', { token: platform.adminToken })
  const bodies = z.array(z.object({ response_body: z.unknown() })).parse(json)
  const plain = { result: 'text' }
  expect(bodies.map(({ response_body }) => response_body)).toEqual([
    plain,
    plain,
    plain,
    plain,
    { ...plain, permission },
  ])
})
