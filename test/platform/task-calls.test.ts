/** Calls about tasks to an agent that polls, which the platform answers, and to one that takes pushes, which answers itself. */
import { afterAll, expect, test } from 'bun:test'
import type { Member } from '../../platform/team.ts'
import { rowsOf } from './contract/client.ts'
import { type Fixture, inbox, platformWithTeam, register, say, send } from './platform.ts'
import { agentThat, pushTo, stopAgents } from './push-agent.ts'

afterAll(stopAgents)

/** A call by the lead, or by the operator, about the builder's tasks. */
async function call(fixture: Fixture, method: string, params: unknown, from?: Member): Promise<unknown> {
  const { client, platform, builder } = fixture
  const answer = await client.call('POST', `/workspaces/${builder.id}/a2a`, {
    token: from?.token ?? platform.adminToken,
    body: { jsonrpc: '2.0', id: 'rpc-7', method, params },
  })
  expect(answer.status).toBe(200)
  return answer.json
}

const errorOf = (code: number) => ({
  jsonrpc: '2.0',
  id: 'rpc-7',
  error: { code, message: expect.any(String) },
})
const taskOf = (id: string, state: string, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 'rpc-7',
  result: expect.objectContaining({
    id,
    contextId: expect.any(String),
    status: expect.objectContaining({ state, timestamp: expect.any(String) }),
    ...more,
  }),
})
const methodsOf = async (fixture: Fixture) =>
  rowsOf(await inbox(fixture, fixture.builder)).map(({ method }) => method)

async function withTask() {
  const fixture = await platformWithTeam()
  await register(fixture, fixture.builder)
  const id = crypto.randomUUID()
  await send(fixture, fixture.builder, { ...say('build it'), messageId: id }, fixture.lead)
  return { fixture, id }
}

test.each([
  ['tasks/resubscribe', -32004],
  ['SubscribeToTask', -32004],
  ['ListTasks', -32004],
  ['tasks/pushNotificationConfig/set', -32003],
  ['tasks/pushNotificationConfig/list', -32003],
  ['CreateTaskPushNotificationConfig', -32003],
  ['agent/getAuthenticatedExtendedCard', -32007],
  ['GetExtendedAgentCard', -32007],
  ['tasks/forge', -32601],
  ['constructor', -32601],
])('%s has its A2A error, and nothing reaches the agent', async (method, code) => {
  const { fixture, id } = await withTask()
  await using _ = fixture
  expect(await call(fixture, method, { id }, fixture.lead)).toEqual(errorOf(code))
  expect(await methodsOf(fixture)).toEqual(['message/send'])
})

test.each(['tasks/get', 'tasks/cancel', 'GetTask', 'CancelTask'])(
  '%s needs the id of a task of its caller',
  async (method) => {
    const { fixture, id } = await withTask()
    await using _ = fixture
    for (const params of [{}, { id: 7 }, { id: '' }, null, []]) {
      expect(await call(fixture, method, params, fixture.lead)).toEqual(errorOf(-32602))
    }
    expect(await call(fixture, method, { id: 'nobody' }, fixture.lead)).toEqual(errorOf(-32001))
    expect(await call(fixture, method, { id }, fixture.reviewer)).toEqual(errorOf(-32001))
    expect(await methodsOf(fixture)).toEqual(['message/send'])
  },
)

test('a task is submitted until the agent has read it, and completed by the answer that names it', async () => {
  const { fixture, id } = await withTask()
  await using _ = fixture
  const { client, builder, lead } = fixture
  const get = (method = 'tasks/get') => call(fixture, method, { id }, lead)
  expect(await get()).toEqual(taskOf(id, 'submitted', { kind: 'task' }))
  const [row] = rowsOf(await inbox(fixture, builder))
  await client.call('POST', `/workspaces/${builder.id}/activity/ack`, {
    token: builder.token,
    body: { acked_seq: row?.seq },
  })
  expect(await get()).toEqual(taskOf(id, 'working'))
  await send(fixture, lead, { ...say('done'), metadata: { delegation_id: id } }, builder)
  const parts = [{ kind: 'text', text: 'done' }]
  expect(await get()).toEqual(taskOf(id, 'completed', { artifacts: [{ artifactId: `${id}-result`, parts }] }))
  expect(await get('GetTask')).toEqual(taskOf(id, 'TASK_STATE_COMPLETED'))
  expect(await call(fixture, 'tasks/cancel', { id }, lead)).toEqual(errorOf(-32002))
  expect(await methodsOf(fixture)).toEqual(['message/send'])
})

test.each(['v1', 'v2'] as const)(
  'a task is also known by the id that its sender gave it, in %s',
  async (contract) => {
    await using fixture = await platformWithTeam({ contract })
    const { builder, lead } = fixture
    await register(fixture, builder)
    await send(fixture, builder, { ...say('build it'), metadata: { delegation_id: 'mine' } }, lead)
    expect(await call(fixture, 'tasks/get', { id: 'mine' }, lead)).toEqual(taskOf('mine', 'submitted'))
    await send(fixture, lead, { ...say('done'), metadata: { delegation_id: 'mine' } }, builder)
    expect(await call(fixture, 'tasks/get', { id: 'mine' }, lead)).toEqual(taskOf('mine', 'completed'))
  },
)

test('messages too long to look into hide no task before them, and are found by their own ids', async () => {
  const fixture = await platformWithTeam()
  await using _ = fixture
  const named = { ...say('named by its giver'), metadata: { delegation_id: 'own-name' } }
  const long = say('x'.repeat(5_000_000))
  for (const message of [named, long, long]) await send(fixture, fixture.builder, message, fixture.lead)
  for (const id of ['own-name', long.messageId]) {
    expect(await call(fixture, 'tasks/get', { id }, fixture.lead)).toEqual(taskOf(id, 'submitted'))
  }
})

test('a cancel is answered, stored for the agent once, and ends the delegation', async () => {
  const { fixture } = await withTask()
  await using _ = fixture
  const { client, builder, lead, platform } = fixture
  platform.setFaults({ delegation_completes: 'answer' })
  const delegated = await client.call('POST', `/workspaces/${lead.id}/delegate`, {
    token: lead.token,
    body: { target_id: builder.id, task: 'do it' },
  })
  const { delegation_id: id } = Object(delegated.json)
  expect(await call(fixture, 'tasks/cancel', { id }, lead)).toEqual(taskOf(id, 'canceled'))
  expect(await call(fixture, 'tasks/get', { id }, lead)).toEqual(taskOf(id, 'canceled'))
  expect(await call(fixture, 'CancelTask', { id }, lead)).toEqual(errorOf(-32002))
  const [row, ...others] = rowsOf(await inbox(fixture, builder))
  expect(row).toMatchObject({ method: 'tasks/cancel', source_id: lead.id, request_body: { params: { id } } })
  expect(others.filter(({ method }) => method === 'tasks/cancel')).toEqual([])
  const list = await client.call('GET', `/workspaces/${lead.id}/delegations`, { token: lead.token })
  expect(JSON.stringify(list.json)).toContain('canceled by its sender')
})

test('the operator cancels the task of any agent, as the person the platform vouches for', async () => {
  const { fixture, id } = await withTask()
  await using _ = fixture
  expect(await call(fixture, 'tasks/cancel', { id })).toEqual(taskOf(id, 'canceled'))
  const [row] = rowsOf(await inbox(fixture, fixture.builder))
  expect(row).toMatchObject({
    source_id: null,
    request_body: { params: { metadata: { source: 'canvas_user', user_identity_status: 'AUTHENTICATED' } } },
  })
})

test('an agent that takes pushes answers for its own tasks, even while it is busy', async () => {
  await using fixture = await platformWithTeam()
  const theirs = { jsonrpc: '2.0', id: 'rpc-7', result: { kind: 'task', id: 't1' } }
  const agent = agentThat(() => Response.json(theirs))
  await pushTo(fixture, agent.url)
  await fixture.client.call('POST', '/registry/heartbeat', {
    token: fixture.builder.token,
    body: { workspace_id: fixture.builder.id, active_tasks: 9 },
  })
  expect(await call(fixture, 'tasks/cancel', { id: 't1' }, fixture.lead)).toEqual(theirs)
  expect(agent.received).toMatchObject([{ body: { method: 'tasks/cancel', params: { id: 't1' } } }])
})

test('a platform that stores every call is played by a fault', async () => {
  const { fixture, id } = await withTask()
  await using _ = fixture
  fixture.platform.setFaults({ stores_every_call: true })
  expect(await call(fixture, 'tasks/get', { id }, fixture.lead)).toEqual({
    status: 'queued',
    delivery_mode: 'poll',
    method: 'tasks/get',
  })
  expect(await methodsOf(fixture)).toEqual(['tasks/get', 'message/send'])
})
