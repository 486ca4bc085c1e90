/** How far a message got, as its agent says and its reader sees. */
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatform } from '../../platform/platform.ts'
import type { Member } from '../../platform/team.ts'
import { Client, rowsOf, statusAndJson, until } from './contract/client.ts'
import { Stream } from './contract/stream.ts'
import { delegate, delegations, type Fixture, inbox, platformWithTeam, say, send } from './platform.ts'

async function receipt({ client, platform }: Fixture, { id }: Member): Promise<unknown> {
  const path = `/workspaces/${id}/activity?type=a2a_receive&include=receipts`
  return rowsOf(await client.call('GET', path, { token: platform.adminToken }))[0]?.receipt
}

function acknowledge({ client }: Fixture, { id, token }: Member, body: object) {
  return client.call('POST', `/workspaces/${id}/activity/ack`, { token, body })
}

async function messageTo(fixture: Fixture, member: Member, from?: Member) {
  const message = say('hello')
  await send(fixture, member, message, from)
  const [row] = rowsOf(
    await fixture.client.call('GET', `/workspaces/${member.id}/activity?type=a2a_receive`, {
      token: fixture.platform.adminToken,
    }),
  )
  return { messageId: message.messageId, id: String(row?.id), seq: Number(row?.seq) }
}

test('a message is stored, fetched by its agent, written, seen by the model and answered, in that order', async () => {
  await using fixture = await platformWithTeam()
  const { builder } = fixture
  const { id, seq } = await messageTo(fixture, builder)
  const state = async () => Reflect.get(Object(await receipt(fixture, builder)), 'state')
  const states = [await state()]
  await inbox(fixture, builder)
  states.push(await state())
  await acknowledge(fixture, builder, { acked_seq: seq })
  states.push(await state())
  for (const said of ['seen', 'answered', 'seen']) {
    const answer = await acknowledge(fixture, builder, {
      acked_seq: 0,
      receipts: [{ activity_id: id, state: said }],
    })
    expect(statusAndJson(answer)).toEqual([200, { last_acked_seq: seq, receipts: 1 }])
    states.push(await state())
  }
  expect(states).toEqual(['stored', 'fetched', 'written', 'seen', 'answered', 'answered'])
})

test('only who asks for receipts gets them, and the first time that a message was seen counts', async () => {
  await using fixture = await platformWithTeam()
  const { builder, clock } = fixture
  const { id } = await messageTo(fixture, builder)
  const say = () =>
    acknowledge(fixture, builder, { acked_seq: 0, receipts: [{ activity_id: id, state: 'seen' }] })
  await say()
  const first = await receipt(fixture, builder)
  clock.advance(60)
  await say()
  expect(await receipt(fixture, builder)).toEqual(first)
  expect(rowsOf(await inbox(fixture, builder))[0]).not.toHaveProperty('receipt')
})

test('a receipt is announced once, with the message it is about', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  const { id } = await messageTo(fixture, builder)
  const path = `/workspaces/${builder.id}/events/stream`
  const stream = new Stream(await client.open('GET', path, { token: builder.token }))
  const said = { activity_id: id, state: 'seen' }
  await acknowledge(fixture, builder, { acked_seq: 0, receipts: [said, said] })
  expect((await stream.next('ACTIVITY_RECEIPT')).data).toEqual({ ...said, at: expect.any(String) })
  await acknowledge(fixture, builder, {
    acked_seq: 0,
    receipts: [said, { activity_id: id, state: 'answered' }],
  })
  expect((await stream.next('ACTIVITY_RECEIPT')).data).toMatchObject({ state: 'answered' })
  await stream.close()
})

test('an agent gives receipts for its own messages alone, and a list that cannot be read spoils no acknowledgement', async () => {
  await using fixture = await platformWithTeam()
  const { builder, reviewer } = fixture
  const { id, seq } = await messageTo(fixture, builder)
  await acknowledge(fixture, reviewer, { acked_seq: 0, receipts: [{ activity_id: id, state: 'seen' }] })
  expect(await receipt(fixture, builder)).toMatchObject({ state: 'stored' })
  for (const receipts of [
    7,
    [{ activity_id: id, state: 'read' }],
    [null],
    Array.from({ length: 501 }, () => ({})),
  ]) {
    const answer = await acknowledge(fixture, builder, { acked_seq: seq, receipts })
    expect(statusAndJson(answer)).toEqual([200, { last_acked_seq: seq }])
  }
  expect(await receipt(fixture, builder)).toMatchObject({ state: 'written' })
})

test('the agent that sent a message sees how far it got, and no other agent does', async () => {
  await using fixture = await platformWithTeam()
  const { client, lead, builder, reviewer } = fixture
  const { id, messageId } = await messageTo(fixture, builder, lead)
  const ask = ({ id: own, token }: Member) =>
    client.call('GET', `/workspaces/${own}/receipts/${messageId}?target_id=${builder.id}`, { token })
  expect((await ask(lead)).json).toMatchObject({ state: 'stored' })
  await acknowledge(fixture, builder, { acked_seq: 0, receipts: [{ activity_id: id, state: 'seen' }] })
  expect((await ask(lead)).json).toMatchObject({ state: 'seen' })
  expect([(await ask(reviewer)).status, (await ask(builder)).status]).toEqual([404, 404])
})

test('the list of delegations says how far the message with the task got', async () => {
  await using fixture = await platformWithTeam()
  const { builder } = fixture
  const id = await delegate(fixture)
  const page = await until(
    () => inbox(fixture, builder),
    (rows) => rows.text.includes(id),
  )
  const said = { activity_id: rowsOf(page)[0]?.id, state: 'seen' }
  await acknowledge(fixture, builder, { acked_seq: 0, receipts: [said] })
  const row = rowsOf(await delegations(fixture)).find((one) => one.delegation_id === id)
  expect(row).toMatchObject({ receipt: { state: 'seen' } })
})

test('like the hosted platform, it can ignore receipts', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, lead, builder } = fixture
  const { id, messageId } = await messageTo(fixture, builder, lead)
  platform.setFaults({ receipts: 'contract' })
  const said = { acked_seq: 0, receipts: [{ activity_id: id, state: 'seen' }] }
  expect((await acknowledge(fixture, builder, said)).json).toEqual({ last_acked_seq: 0 })
  expect(await receipt(fixture, builder)).toBeUndefined()
  const path = `/workspaces/${lead.id}/receipts/${messageId}?target_id=${builder.id}`
  expect((await client.call('GET', path, { token: lead.token })).status).toBe(404)
  platform.resetFaults()
  expect(await receipt(fixture, builder)).toMatchObject({ state: 'stored' })
})

test('receipts survive a restart, and go with their messages', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'receipts-'))
  const options = { db: join(folder, 'platform.db'), adminToken: 'operator' }
  const first = await startPlatform(options)
  const { id, token } = first.createWorkspace({ name: 'agent' })
  const activity = `/workspaces/${id}/activity`
  const read = async (url: string) =>
    rowsOf(await new Client(url).call('GET', `${activity}?include=receipts`, { token: 'operator' }))
  await new Client(first.url).call('POST', `/workspaces/${id}/a2a`, {
    token: 'operator',
    body: { jsonrpc: '2.0', id: 'rpc', method: 'message/send', params: { message: say('hello') } },
  })
  const [row] = await read(first.url)
  await new Client(first.url).call('POST', `${activity}/ack`, {
    token,
    body: { acked_seq: 0, receipts: [{ activity_id: row?.id, state: 'seen' }] },
  })
  await first.stop()
  const second = await startPlatform(options)
  expect((await read(second.url))[0]).toMatchObject({ receipt: { state: 'seen' } })
  const removed = await new Client(second.url).call('DELETE', `/workspaces/${id}?confirm=true&purge=true`, {
    token: 'operator',
    headers: { 'X-Confirm-Name': 'agent' },
  })
  expect(removed.status).toBe(200)
  await second.stop()
  rmSync(folder, { recursive: true })
})
