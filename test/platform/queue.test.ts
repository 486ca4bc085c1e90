/** Messages that wait for a busy agent. */
import { afterAll, expect, test } from 'bun:test'
import { rowsOf, textField, until } from './contract/client.ts'
import { beat, delegate, delegations, inbox, platformWithTeam, say, send } from './platform.ts'
import { ANSWER, agentThat, pushTo, stopAgents } from './push-agent.ts'

afterAll(stopAgents)

test('a busy agent gets its queued messages in order once a beat reports capacity', async () => {
  await using fixture = await platformWithTeam()
  const agent = agentThat(() => Response.json(ANSWER))
  await pushTo(fixture, agent.url)
  await beat(fixture, fixture.builder, { active_tasks: 1 })
  const message = say('first')
  const first = await send(fixture, fixture.builder, message, fixture.lead)
  expect(first.status).toBe(202)
  expect(first.json).toMatchObject({ queued: true, queue_depth: 1 })
  const again = await send(fixture, fixture.builder, message, fixture.lead)
  expect(textField(again, 'queue_id')).toBe(textField(first, 'queue_id'))
  const second = await send(fixture, fixture.builder, say('second'), fixture.lead)
  expect(second.json).toMatchObject({ queue_depth: 2 })
  expect(agent.received).toEqual([])

  const state = (id: string, token = fixture.lead.token) =>
    fixture.client.call('GET', `/workspaces/${fixture.builder.id}/a2a/queue/${id}`, { token })
  expect((await state(textField(first, 'queue_id'))).json).toMatchObject({ status: 'queued', attempts: 0 })
  expect((await state(textField(first, 'queue_id'), fixture.reviewer.token)).status).toBe(404)

  for (const answer of [first, second]) {
    await beat(fixture, fixture.builder, { active_tasks: 0 })
    const done = await until(
      () => state(textField(answer, 'queue_id')),
      (item) => textField(item, 'status') === 'completed',
    )
    expect(JSON.parse(textField(done, 'response_body'))).toEqual(ANSWER)
  }
  expect(JSON.stringify(agent.received.map((request) => request.body))).toMatch(/first.*second/)
})

test('a queued message is given up after five attempts, and dropped once it has expired', async () => {
  await using fixture = await platformWithTeam()
  await pushTo(fixture, 'http://localhost:1/')
  await beat(fixture, fixture.builder, { active_tasks: 1 })
  const lasting = textField(await send(fixture, fixture.builder, say('x'), fixture.lead), 'queue_id')
  const state = (id: string) =>
    fixture.client.call('GET', `/workspaces/${fixture.builder.id}/a2a/queue/${id}`, {
      token: fixture.lead.token,
    })
  for (let attempt = 1; attempt <= 5; attempt++) {
    await beat(fixture, fixture.builder)
    await until(
      () => state(lasting),
      (item) => item.text.includes(`"attempts":${attempt}`) && !item.text.includes('"status":"dispatched"'),
    )
  }
  expect((await state(lasting)).json).toMatchObject({
    status: 'failed',
    last_error: 'failed to reach workspace agent',
  })

  await beat(fixture, fixture.builder, { active_tasks: 1 })
  const endless = await fixture.client.call('POST', `/workspaces/${fixture.builder.id}/a2a`, {
    token: fixture.lead.token,
    body: {
      jsonrpc: '2.0',
      method: 'message/send',
      params: { message: say('x'), expires_in_seconds: 1e300 },
    },
  })
  expect(endless.status).toBe(202)
  const brief = await fixture.client.call('POST', `/workspaces/${fixture.builder.id}/a2a`, {
    token: fixture.lead.token,
    body: { jsonrpc: '2.0', method: 'message/send', params: { message: say('x'), expires_in_seconds: 5 } },
  })
  fixture.clock.advance(6)
  await beat(fixture, fixture.builder)
  expect((await state(textField(brief, 'queue_id'))).json).toMatchObject({ status: 'dropped' })
})

test("the queue also drains without a beat, and never beyond the agent's capacity", async () => {
  await using fixture = await platformWithTeam()
  const { clock, builder, lead } = fixture
  const waiting: (() => void)[] = []
  const agent = agentThat(() => new Promise((resolve) => waiting.push(() => resolve(Response.json(ANSWER)))))
  await pushTo(fixture, agent.url)
  await beat(fixture, builder, { active_tasks: 1 })
  for (const text of ['first', 'second']) await send(fixture, builder, say(text), lead)
  clock.advance(30)
  await fixture.client.call('GET', '/health')
  expect(agent.received).toHaveLength(0)
  await beat(fixture, builder, { active_tasks: 0 })
  await until(
    () => fixture.client.call('GET', '/health'),
    () => waiting.length === 1,
  )
  clock.advance(30)
  await beat(fixture, builder, { active_tasks: 0 })
  expect(agent.received).toHaveLength(1)
  waiting[0]?.()
  await until(
    () => inbox(fixture, builder),
    (page) => rowsOf(page).length === 1,
  )
  clock.advance(30)
  await until(
    () => fixture.client.call('GET', '/health'),
    () => waiting.length === 2,
  )
  waiting[1]?.()
})

test('a delegation fails when the queue gives its message up', async () => {
  await using fixture = await platformWithTeam()
  const { builder } = fixture
  await pushTo(fixture, 'http://localhost:1/')
  await beat(fixture, builder, { active_tasks: 1 })
  await delegate(fixture)
  const list = () => delegations(fixture)
  await until(list, (page) => page.text.includes('"queued"'))
  for (let attempt = 1; attempt <= 5; attempt++) {
    await beat(fixture, builder)
    await until(
      () => inbox(fixture, builder),
      (page) => rowsOf(page).length === attempt,
    )
  }
  expect(rowsOf(await until(list, (page) => page.text.includes('failed')))[0]).toMatchObject({
    status: 'failed',
    error: 'failed to reach workspace agent',
  })
})
