/** Pausing, hibernating, waking and restarting. */
import { afterEach, expect, test } from 'bun:test'
import type { Member } from '../../platform/team.ts'
import { rowsOf } from './contract/client.ts'
import { Stream } from './contract/stream.ts'
import { beat, type Fixture, inbox, platformWithTeam, register, say, send, statusOf } from './platform.ts'
import { ANSWER, agentThat, pushTo, stopAgents } from './push-agent.ts'

afterEach(stopAgents)

async function step({ client, platform }: Fixture, member: Member, path: string) {
  const { status, json } = await client.call('POST', `/workspaces/${member.id}/${path}`, {
    token: platform.adminToken,
  })
  return [status, json]
}

test('a paused workspace stays paused whatever its agent sends, keeps its messages, and comes back with a beat once resumed', async () => {
  await using fixture = await platformWithTeam()
  const { builder, client } = fixture
  await register(fixture, builder)
  const events = new Stream(
    await client.open('GET', `/workspaces/${builder.id}/events/stream`, { token: builder.token }),
  )
  expect(await step(fixture, builder, 'pause')).toEqual([200, { status: 'paused', paused_count: 1 }])
  expect((await events.next('WORKSPACE_PAUSED')).data).toEqual({ name: 'builder' })
  await beat(fixture, builder)
  expect(await statusOf(fixture, builder)).toBe('paused')
  expect((await send(fixture, builder, say('kept'), fixture.lead)).status).toBe(200)
  expect((await step(fixture, builder, 'pause'))[0]).toBe(404)
  expect(await step(fixture, builder, 'resume')).toEqual([
    200,
    { status: 'awaiting_agent', resumed_count: 1 },
  ])
  expect((await events.next('WORKSPACE_AWAITING_AGENT')).data).toEqual({ name: 'builder', external: true })
  await beat(fixture, builder)
  expect(await statusOf(fixture, builder)).toBe('online')
  expect((await inbox(fixture, builder)).text).toContain('kept')
  expect((await step(fixture, builder, 'resume'))[0]).toBe(404)
  await events.close()
})

test('pausing and resuming a workspace with others below it needs a confirmation, and goes from the top down', async () => {
  await using fixture = await platformWithTeam()
  const { lead, builder, reviewer } = fixture
  const [status, answer] = await step(fixture, lead, 'pause')
  expect([status, answer]).toEqual([
    409,
    {
      error: 'workspace has descendants — use ?cascade=true to pause all',
      descendants: expect.arrayContaining([builder, reviewer].map(({ id, name }) => ({ id, name }))),
    },
  ])
  expect(await step(fixture, lead, 'pause?cascade=true')).toEqual([
    200,
    { status: 'paused', paused_count: 3 },
  ])
  const early = [409, { error: 'parent workspace "lead" is paused — resume it first' }]
  expect(await step(fixture, builder, 'resume')).toEqual(early)
  expect(await step(fixture, builder, 'restart')).toEqual(early)
  expect((await step(fixture, lead, 'resume?cascade=true'))[1]).toMatchObject({ resumed_count: 3 })
})

test('a push to a paused workspace is refused and reaches no agent', async () => {
  await using fixture = await platformWithTeam()
  const agent = agentThat(() => Response.json(ANSWER))
  await pushTo(fixture, agent.url)
  await step(fixture, fixture.builder, 'pause')
  const refused = await send(fixture, fixture.builder, say('x'), fixture.lead)
  expect([refused.status, refused.json]).toEqual([503, { error: 'workspace is paused', status: 'paused' }])
  expect(agent.received).toEqual([])
})

test('a message wakes a hibernated workspace: a push agent is told to wait, a polling one finds it stored', async () => {
  await using fixture = await platformWithTeam()
  const { builder, reviewer, lead } = fixture
  const agent = agentThat(() => Response.json(ANSWER))
  await pushTo(fixture, agent.url)
  await register(fixture, reviewer)
  for (const member of [builder, reviewer]) {
    expect(await step(fixture, member, 'hibernate')).toEqual([200, { status: 'hibernated' }])
    await beat(fixture, member)
    expect(await statusOf(fixture, member)).toBe('hibernated')
  }
  const waking = await send(fixture, builder, say('first'), lead)
  expect([waking.status, waking.headers.get('Retry-After')]).toEqual([503, '15'])
  expect(waking.json).toMatchObject({ waking: true })
  await send(fixture, reviewer, say('stored'), lead)
  for (const member of [builder, reviewer]) {
    expect(await statusOf(fixture, member)).toBe('awaiting_agent')
    await beat(fixture, member)
    expect(await statusOf(fixture, member)).toBe('online')
  }
  expect((await send(fixture, builder, say('second'), lead)).json).toEqual(ANSWER)
  expect(rowsOf(await inbox(fixture, reviewer))).toHaveLength(1)
})

test('a busy workspace hibernates only by force, an absent one never', async () => {
  await using fixture = await platformWithTeam()
  const { builder } = fixture
  expect((await step(fixture, builder, 'hibernate'))[0]).toBe(404)
  await beat(fixture, builder, { active_tasks: 2 })
  expect(await step(fixture, builder, 'hibernate')).toMatchObject([409, { active_tasks: 2 }])
  expect(await step(fixture, builder, 'hibernate?force=true')).toEqual([200, { status: 'hibernated' }])
})

test('an external agent is restarted where it runs, and no managed one can be', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  expect(await step(fixture, builder, 'restart')).toMatchObject([
    200,
    { status: 'noop', runtime: 'external' },
  ])
  const id = crypto.randomUUID()
  await client.call('POST', '/registry/register', { body: { id, delivery_mode: 'poll', agent_card: {} } })
  expect((await step(fixture, { id, name: '', token: '' }, 'restart'))[0]).toBe(503)
})

test('no stranger pauses a workspace', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder, reviewer } = fixture
  for (const path of ['pause', 'resume', 'hibernate', 'restart']) {
    const answer = await client.call('POST', `/workspaces/${builder.id}/${path}`, { token: reviewer.token })
    expect(answer.status).toBe(401)
  }
})
