/** What the platform does as time passes. */
import { expect, test } from 'bun:test'
import type { Member } from '../../platform/team.ts'
import { rowsOf, textField } from './contract/client.ts'
import { Stream } from './contract/stream.ts'
import { beat, type Fixture, inbox, platformWithTeam, register, say, send, statusOf } from './platform.ts'

const DAY = 86_400

test("an external agent is gone after its contract's window, and back with a beat", async () => {
  for (const [contract, window, gone] of [
    ['v0', 90, 'offline'],
    ['v1', 90, 'awaiting_agent'],
    ['v2', 180, 'awaiting_agent'],
  ] as const) {
    await using fixture = await platformWithTeam({ contract })
    const { clock, builder } = fixture
    await register(fixture, builder, { delivery_mode: 'poll', url: 'http://localhost:9' })
    clock.advance(window - 1)
    expect(await statusOf(fixture, builder)).toBe('online')
    clock.advance(20)
    expect(await statusOf(fixture, builder)).toBe(gone)
    await beat(fixture, builder)
    expect(await statusOf(fixture, builder)).toBe('online')
  }
})

test('a beat in time keeps the agent online for another window', async () => {
  await using fixture = await platformWithTeam()
  await register(fixture, fixture.builder)
  for (let step = 0; step < 10; step++) {
    fixture.clock.advance(100)
    await beat(fixture, fixture.builder)
    expect(await statusOf(fixture, fixture.builder)).toBe('online')
  }
})

test('the window can be configured', async () => {
  await using fixture = await platformWithTeam({ staleAfterMs: 30_000 })
  await register(fixture, fixture.builder)
  fixture.clock.advance(31)
  expect(await statusOf(fixture, fixture.builder)).toBe('awaiting_agent')
})

test('a managed runtime goes offline when its liveness expires, and a parked one keeps its status', async () => {
  await using fixture = await platformWithTeam()
  const { platform, clock, client } = fixture
  const ghost = { id: crypto.randomUUID(), name: '', token: '' }
  await client.call('POST', '/registry/register', {
    body: { id: ghost.id, delivery_mode: 'poll', agent_card: {} },
  })
  for (const member of [fixture.builder, fixture.reviewer]) await register(fixture, member)
  platform.setStatus(fixture.builder.id, 'paused')
  platform.setStatus(fixture.reviewer.id, 'hibernated')
  clock.advance(181)
  expect(await statusOf(fixture, ghost)).toBe('offline')
  expect(await statusOf(fixture, fixture.builder)).toBe('paused')
  expect(await statusOf(fixture, fixture.reviewer)).toBe('hibernated')
})

test('no beat lifts paused, hibernated, hibernating or removed, and no register lifts what the contract protects', async () => {
  for (const status of ['paused', 'hibernated', 'hibernating', 'removed'] as const) {
    await using fixture = await platformWithTeam()
    fixture.platform.setStatus(fixture.builder.id, status)
    await beat(fixture, fixture.builder)
    await register(fixture, fixture.builder)
    const shown = await fixture.client.call('GET', `/workspaces/${fixture.builder.id}?include_removed=true`)
    expect(shown.json).toMatchObject({ status: status === 'hibernating' ? 'online' : status })
  }
})

test('a workspace that is never provisioned fails after its limit, says why, and a beat lifts it', async () => {
  for (const [contract, seconds] of [
    ['v1', 600],
    ['v2', 720],
  ] as const) {
    await using fixture = await platformWithTeam({ contract })
    const { platform, client, clock } = fixture
    const [usual, slow] = [await managed(fixture, 'langgraph'), await managed(fixture, 'hermes')]
    const events = new Stream(
      await client.open('GET', `/workspaces/${usual.id}/events/stream`, { token: platform.adminToken }),
    )
    clock.advance(seconds - 1)
    expect(await statusOf(fixture, usual)).toBe('provisioning')
    clock.advance(31)
    expect([await statusOf(fixture, usual), await statusOf(fixture, slow)]).toEqual([
      'failed',
      'provisioning',
    ])
    const { data } = await events.next('WORKSPACE_PROVISION_FAILED')
    expect(data).toEqual({
      error: expect.stringContaining('never registered'),
      timeout_secs: seconds,
      runtime: 'langgraph',
      source: 'provision_timeout_sweep',
    })
    const listed = rowsOf(await client.call('GET', '/workspaces', { token: platform.adminToken }))
    expect(listed.find(({ id }) => id === usual.id)).toMatchObject({ last_sample_error: data.error })
    clock.advance(1200)
    expect(await statusOf(fixture, slow)).toBe('failed')
    await beat(fixture, usual)
    expect(await statusOf(fixture, usual)).toBe(contract === 'v2' ? 'online' : 'failed')
    await events.close()
  }
})

test('the limit for provisioning can be configured, and counts from the last change of the workspace', async () => {
  await using fixture = await platformWithTeam({ provisionTimeoutMs: 60_000 })
  const slow = await managed(fixture, 'hermes')
  fixture.clock.advance(50)
  await fixture.client.call('POST', '/registry/update-card', {
    body: { workspace_id: slow.id, agent_card: { name: 'on its way' } },
  })
  fixture.clock.advance(50)
  expect(await statusOf(fixture, slow)).toBe('provisioning')
  fixture.clock.advance(40)
  expect(await statusOf(fixture, slow)).toBe('failed')
})

async function managed({ platform, client }: Fixture, runtime: string): Promise<Member> {
  const body = { name: runtime, runtime }
  const answer = await client.call('POST', '/workspaces', { token: platform.adminToken, body })
  return { id: textField(answer, 'id'), name: runtime, token: '' }
}

test('activity is pruned after a week once acknowledged, and after thirty days anyway', async () => {
  await using fixture = await platformWithTeam()
  const { client, clock, builder } = fixture
  for (const text of ['acknowledged', 'not yet']) await send(fixture, builder, say(text))
  const [, first] = rowsOf(await inbox(fixture, builder))
  const body = { acked_seq: first?.seq }
  await client.call('POST', `/workspaces/${builder.id}/activity/ack`, { token: builder.token, body })
  clock.advance(8 * DAY)
  const left = await inbox(fixture, builder)
  expect(left.text).not.toContain('"acknowledged"')
  expect(rowsOf(left)).toHaveLength(1)
  expect((await inbox(fixture, builder, `&since_id=${first?.id}`)).status).toBe(410)
  clock.advance(23 * DAY)
  expect(rowsOf(await inbox(fixture, builder))).toEqual([])
})

test('older contracts keep activity for a week, acknowledged or not', async () => {
  await using fixture = await platformWithTeam({ contract: 'v1' })
  await send(fixture, fixture.builder, say('old'))
  fixture.clock.advance(7 * DAY + 1)
  expect(rowsOf(await inbox(fixture, fixture.builder))).toEqual([])
})

test('a file lives for a day and is not served after that, even before the sweep', async () => {
  await using fixture = await platformWithTeam()
  const { client, clock, builder } = fixture
  const raw = new FormData()
  raw.append('files', new File(['x'], 'x.txt'))
  await client.call('POST', `/workspaces/${builder.id}/chat/uploads`, { token: builder.token, raw })
  const [row] = rowsOf(await inbox(fixture, builder))
  const fileId = Reflect.get(Object(row?.request_body), 'file_id')
  const path = `/workspaces/${builder.id}/pending-uploads/${fileId}/content`
  expect((await client.call('GET', path, { token: builder.token })).status).toBe(200)
  clock.advance(DAY - 10)
  expect((await client.call('GET', path, { token: builder.token })).status).toBe(200)
  // A sweep has just run and left the file; the next one is minutes away.
  clock.advance(11)
  expect((await client.call('GET', path, { token: builder.token })).status).toBe(404)
  clock.advance(300)
  expect((await client.call('GET', path, { token: builder.token })).status).toBe(404)
})

test('beats alone do not restore a cleared liveness key', async () => {
  await using fixture = await platformWithTeam()
  const ghost = { id: crypto.randomUUID(), name: '', token: '' }
  const { client, clock } = fixture
  const body = { id: ghost.id, delivery_mode: 'poll', agent_card: {} }
  const registered = await client.call('POST', '/registry/register', { body })
  const member = { ...ghost, token: textField(registered, 'auth_token') }
  clock.advance(181)
  expect(await statusOf(fixture, member)).toBe('offline')
  await beat(fixture, member)
  clock.advance(181)
  expect(await statusOf(fixture, member)).toBe('online')
})

test('the token of a removed workspace opens nothing', async () => {
  await using fixture = await platformWithTeam()
  fixture.platform.setStatus(fixture.builder.id, 'removed')
  expect((await inbox(fixture, fixture.builder)).status).toBe(401)
})
