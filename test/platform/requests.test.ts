/** What the local platform adds to the contract's requests, and how it bounds them. */
import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startPlatform } from '../../platform/platform.ts'
import { Client, rowsOf, textField } from './contract/client.ts'
import { beat, type Fixture, inbox, platformWithTeam, register } from './platform.ts'

const QUESTION = { kind: 'task', recipient_type: 'user', title: 'Which colour?', choices: ['red', 'blue'] }

async function raise({ client, builder }: Fixture, more: object = {}): Promise<string> {
  const body = { ...QUESTION, ...more }
  const path = `/workspaces/${builder.id}/requests`
  return textField(await client.call('POST', path, { token: builder.token, body }), 'request_id')
}

function respond({ client, platform }: Fixture, id: string, body: object) {
  return client.call('POST', `/requests/${id}/respond`, { token: platform.adminToken, body })
}

async function requests({ client, builder }: Fixture) {
  return rowsOf(await client.call('GET', `/workspaces/${builder.id}/requests`, { token: builder.token }))
}

test('a request keeps its choices, and the answer names one of them', async () => {
  await using fixture = await platformWithTeam()
  const id = await raise(fixture)
  expect(await requests(fixture)).toMatchObject([{ choices: ['red', 'blue'] }])
  for (const body of [
    { action: 'done', choice: 'green' },
    { action: 'done', choice: 1 },
    { action: 'rejected', choice: 'red' },
  ])
    expect((await respond(fixture, id, body)).status).toBe(400)
  expect((await respond(fixture, id, { action: 'done', choice: 'blue' })).status).toBe(200)
  expect(await requests(fixture)).toMatchObject([{ status: 'done', choice: 'blue' }])
  await register(fixture, fixture.builder)
  await beat(fixture, fixture.builder)
  const [notice] = rowsOf(await inbox(fixture, fixture.builder))
  expect(notice).toMatchObject({ request_body: { params: { metadata: { source: 'platform' } } } })
  expect(JSON.stringify(notice)).toContain('The choice is \\"blue\\".')
})

test('choices that cannot be shown are refused', async () => {
  await using fixture = await platformWithTeam()
  const { client, builder } = fixture
  for (const choices of ['red', [1], [''], Array.from({ length: 21 }, (_, n) => `${n}`), ['x'.repeat(201)]]) {
    const answer = await client.call('POST', `/workspaces/${builder.id}/requests`, {
      token: builder.token,
      body: { ...QUESTION, choices },
    })
    expect([answer.status, textField(answer, 'error')]).toEqual([400, expect.stringContaining('choices')])
  }
  expect(await requests(fixture)).toEqual([])
})

test('like the hosted platform, it can lose choices, and in older generations knows no requests', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, builder } = fixture
  platform.setFaults({ request_choices: 'contract' })
  const id = await raise(fixture)
  expect((await respond(fixture, id, { action: 'done', choice: 'green' })).status).toBe(200)
  const [row] = await requests(fixture)
  expect([row?.choices, row?.choice]).toEqual([undefined, undefined])
  platform.setFaults({ contract: 'v1' })
  const path = `/workspaces/${builder.id}/requests`
  const answers = [
    await client.call('POST', path, { token: builder.token, body: QUESTION }),
    await client.call('GET', '/requests/pending', { token: platform.adminToken }),
  ]
  expect(answers.map(({ status }) => status)).toEqual([404, 404])
})

test('open requests survive a restart, and their answers reach the inbox after it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'requests-'))
  const options = { db: join(folder, 'platform.db'), adminToken: 'operator' }
  const first = await startPlatform(options)
  const { id, token } = first.createWorkspace({ name: 'agent' })
  const ask = { token, body: QUESTION }
  const path = `/workspaces/${id}/requests`
  const [one, two] = [
    textField(await new Client(first.url).call('POST', path, ask), 'request_id'),
    textField(await new Client(first.url).call('POST', path, ask), 'request_id'),
  ]
  const operator = { token: 'operator' }
  const answer = { ...operator, body: { action: 'done', choice: 'red' } }
  await new Client(first.url).call('POST', `/requests/${one}/respond`, answer)
  await first.stop()
  const second = await startPlatform(options)
  const client = new Client(second.url)
  expect(rowsOf(await client.call('GET', '/requests/pending', operator))).toMatchObject([{ id: two }])
  expect((await client.call('POST', `/requests/${two}/respond`, answer)).status).toBe(200)
  await client.call('POST', '/registry/register', {
    token,
    body: { id, delivery_mode: 'poll', agent_card: {} },
  })
  await client.call('POST', '/registry/heartbeat', { token, body: { workspace_id: id } })
  const rows = await client.call('GET', `/workspaces/${id}/activity`, { token })
  expect(rows.text).toContain(`request-responded:${one}-`)
  expect(rows.text).toContain(`request-responded:${two}-`)
  await second.stop()
  rmSync(folder, { recursive: true })
})

test('requests of a workspace that was purged stay, and answering one harms nobody', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, builder } = fixture
  const id = await raise(fixture)
  await client.call('DELETE', `/workspaces/${builder.id}?confirm=true&purge=true`, {
    token: platform.adminToken,
    headers: { 'X-Confirm-Name': builder.name },
  })
  const pending = await client.call('GET', '/requests/pending', { token: platform.adminToken })
  expect(rowsOf(pending)).toMatchObject([{ id }])
  expect((await respond(fixture, id, { action: 'done' })).status).toBe(200)
})

test('what one workspace may ask at once is bounded, and what was answered is deleted after a month', async () => {
  await using fixture = await platformWithTeam()
  const { client, platform, clock, builder } = fixture
  const path = `/workspaces/${builder.id}/requests`
  const ask = (title: string) =>
    client.call('POST', path, { token: builder.token, body: { ...QUESTION, title } })
  expect((await ask('x'.repeat(300_000))).status).toBe(413)
  const id = await raise(fixture)
  for (let n = 1; n < 1_000; n++) await ask('more')
  expect((await ask('one too many')).status).toBe(507)
  await respond(fixture, id, { action: 'done' })
  expect((await ask('again')).status).toBe(201)
  const found = () => client.call('GET', `/requests/${id}`, { token: platform.adminToken })
  clock.advance(29 * 86_400)
  platform.sweep()
  expect((await found()).status).toBe(200)
  clock.advance(2 * 86_400)
  platform.sweep()
  expect((await found()).status).toBe(404)
  expect(await requests(fixture)).toHaveLength(50)
})
