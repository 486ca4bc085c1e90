/** A workspace whose agent has not said yet how messages reach it. */
import { afterEach, expect, test } from 'bun:test'
import type { Member } from '../../platform/team.ts'
import { rowsOf, textField, until } from './contract/client.ts'
import {
  beat,
  delegations,
  type Fixture,
  inbox,
  platformWithTeam,
  register,
  say,
  send,
  statusOf,
} from './platform.ts'
import { ANSWER, agentThat, stopAgents } from './push-agent.ts'

afterEach(stopAgents)

async function create({ client, lead, platform }: Fixture, body: object = {}): Promise<Member> {
  const created = await client.call('POST', '/workspaces', {
    token: platform.adminToken,
    body: { name: 'newcomer', external: true, parent_id: lead.id, ...body },
  })
  const token = textField(created, 'connection', 'auth_token')
  return { id: textField(created, 'id'), name: 'newcomer', token }
}

function texts(answer: Parameters<typeof rowsOf>[0]): readonly unknown[] {
  return rowsOf(answer)
    .filter(({ method }) => method === 'message/send')
    .map((row) => JSON.stringify(row.request_body).match(/"text":"([^"]*)"/)?.[1])
}

test('what is sent before the agent registers is stored, and is there when it polls', async () => {
  await using fixture = await platformWithTeam()
  const newcomer = await create(fixture)
  const sent = await send(fixture, newcomer, say('before'), fixture.lead)
  expect([sent.status, sent.json]).toEqual([
    200,
    { status: 'queued', delivery_mode: 'poll', method: 'message/send' },
  ])
  expect((await register(fixture, newcomer, {})).json).toMatchObject({ delivery_mode: 'poll' })
  await send(fixture, newcomer, say('after'))
  expect(texts(await inbox(fixture, newcomer))).toEqual(['after', 'before'])
})

test('what waits for an agent that has never registered is bounded, and the sender is told; for one that polls it is not', async () => {
  await using fixture = await platformWithTeam()
  const newcomer = await create(fixture)
  const long = () => send(fixture, newcomer, say('x'.repeat(2_500_000)), fixture.lead)
  expect([(await long()).status, (await long()).status]).toEqual([200, 200])
  const beyond = await send(fixture, newcomer, say('short'), fixture.lead)
  expect([beyond.status, beyond.json]).toMatchObject([
    507,
    { hint: expect.stringContaining('never registered') },
  ])
  await register(fixture, newcomer, { delivery_mode: 'poll' })
  expect((await long()).status).toBe(200)
})

test('files for such a workspace are staged, too', async () => {
  await using fixture = await platformWithTeam()
  const newcomer = await create(fixture, { runtime: 'kimi' })
  const raw = new FormData()
  raw.append('files', new File(['x'], 'x.txt'))
  const upload = { token: fixture.platform.adminToken, raw }
  const path = `/workspaces/${newcomer.id}/chat/uploads`
  expect((await fixture.client.call('POST', path, upload)).status).toBe(200)
  expect(rowsOf(await inbox(fixture, newcomer))).toMatchObject([{ method: 'chat_upload_receive' }])
})

test('an agent that comes to take pushes gets what was stored before, in order', async () => {
  await using fixture = await platformWithTeam()
  const newcomer = await create(fixture)
  for (const text of ['one', 'two']) await send(fixture, newcomer, say(text), fixture.lead)
  const agent = agentThat(() => Response.json(ANSWER))
  await register(fixture, newcomer, { delivery_mode: 'push', url: agent.url })
  for (const count of [1, 2]) {
    await beat(fixture, newcomer)
    await until(
      () => inbox(fixture, newcomer),
      (answer) => rowsOf(answer).length === count,
    )
  }
  expect(agent.received.map(({ body }) => JSON.stringify(body).match(/"text":"([^"]*)"/)?.[1])).toEqual([
    'one',
    'two',
  ])
})

test('a workspace created with the URL of its agent takes pushes there until it says otherwise', async () => {
  await using fixture = await platformWithTeam()
  const agent = agentThat(() => Response.json(ANSWER))
  const newcomer = await create(fixture, { url: agent.url })
  expect(await statusOf(fixture, newcomer)).toBe('online')
  expect((await send(fixture, newcomer, say('at once'), fixture.lead)).json).toEqual(ANSWER)
  expect(agent.received).toHaveLength(1)
})

test('where creation stores push, as on the hosted platform, an agent that comes to poll gets what was queued', async () => {
  await using fixture = await platformWithTeam()
  fixture.platform.setFaults({ create_stores_push: true, delegation_completes: 'answer' })
  const newcomer = await create(fixture)
  expect((await register(fixture, newcomer, {})).json).toEqual({
    error: 'url is required for push-mode workspaces',
  })
  expect((await send(fixture, newcomer, say('queued'))).status).toBe(202)
  const body = { target_id: newcomer.id, task: 'a task' }
  const { token, id } = fixture.lead
  await fixture.client.call('POST', `/workspaces/${id}/delegate`, { token, body })
  await until(
    () => delegations(fixture),
    (answer) => rowsOf(answer)[0]?.status === 'queued',
  )
  await register(fixture, newcomer)
  await send(fixture, newcomer, say('newer'))
  expect(texts(await inbox(fixture, newcomer))).toEqual(['newer', 'a task', 'queued'])
  expect(rowsOf(await delegations(fixture))).toMatchObject([{ status: 'in_progress' }])
})

test('a push agent that changes to polling finds what was queued while it was busy', async () => {
  await using fixture = await platformWithTeam()
  const { builder } = fixture
  await register(fixture, builder, { delivery_mode: 'push', url: 'http://localhost:8000' })
  await beat(fixture, builder, { active_tasks: 1 })
  expect((await send(fixture, builder, say('while busy'), fixture.lead)).status).toBe(202)
  await register(fixture, builder)
  expect(texts(await inbox(fixture, builder))).toEqual(['while busy'])
})

test('creating an external workspace announces that it is provisioned and awaits its agent', async () => {
  await using fixture = await platformWithTeam()
  const socket = new WebSocket(`${fixture.client.url.replace('http', 'ws')}/ws`, [
    'molecule',
    `molecule-auth.${Buffer.from(fixture.platform.adminToken).toString('hex')}`,
  ])
  const events: { event: string; payload: unknown }[] = []
  const both = Promise.withResolvers<void>()
  socket.onmessage = ({ data }) => {
    if (events.push(JSON.parse(String(data))) === 2) both.resolve()
  }
  await new Promise((resolve) => socket.addEventListener('open', resolve))
  await create(fixture)
  await both.promise
  expect(events.map(({ event, payload }) => [event, payload])).toEqual([
    ['WORKSPACE_PROVISIONING', { name: 'newcomer', tier: 1, runtime: 'external' }],
    ['WORKSPACE_AWAITING_AGENT', { name: 'newcomer', external: true }],
  ])
  socket.close()
})
