/** What a token that is no longer valid, or one caller with many streams, still hears. */
import { describe, expect, test } from 'bun:test'
import { until } from '../../lab/driver/until.ts'
import { OpenStreams } from '../../platform/http/open-streams.ts'
import type { Member } from '../../platform/team.ts'
import { type Fixture, platformWithTeam, say, send } from './platform.ts'

/** Collects what a stream brings, until it ends. */
async function listen({ client }: Fixture, member: Member, token = member.token) {
  const response = await client.open('GET', `/workspaces/${member.id}/events/stream`, { token })
  const heard = { text: '', isOpen: true }
  const read = async (): Promise<void> => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) heard.text += decoder.decode(chunk, { stream: true })
    heard.isOpen = false
  }
  // The platform stops while some are still open.
  read().catch(() => {})
  await until('the first words', () => heard.text.includes(': ping'))
  return heard
}

/** The same for a socket, which hears of the whole team. */
async function listenToAll({ client }: Fixture, member: Member) {
  const socket = new WebSocket(`${client.url.replace('http', 'ws')}/ws`, {
    headers: { Authorization: `Bearer ${member.token}`, 'X-Workspace-ID': member.id },
  })
  const heard = { text: '', isOpen: false }
  socket.onmessage = ({ data }) => {
    heard.text += String(data)
  }
  socket.onopen = () => {
    heard.isOpen = true
  }
  socket.onclose = () => {
    heard.isOpen = false
  }
  await until('the socket', () => heard.isOpen)
  return heard
}

describe('a stream and a socket end with the token that opened them', () => {
  const ends: Readonly<Record<string, (fixture: Fixture) => Promise<unknown>>> = {
    'when it is rotated': ({ client, platform, builder }) =>
      client.call('POST', `/workspaces/${builder.id}/external/rotate`, { token: platform.adminToken }),
    'when it is revoked': async ({ client, builder }) => {
      const { token } = builder
      const list = await client.call('GET', `/workspaces/${builder.id}/tokens`, { token })
      const [id = ''] = list.text.match(/[0-9a-f]{8}-[0-9a-f-]{27}/) ?? []
      return client.call('DELETE', `/workspaces/${builder.id}/tokens/${id}`, { token })
    },
    'when its workspace is removed': ({ client, platform, builder }) =>
      client.call('DELETE', `/workspaces/${builder.id}`, {
        token: platform.adminToken,
        headers: { 'X-Confirm-Name': 'builder' },
      }),
  }
  test.each(Object.entries(ends))('%s, and hear nothing of what comes later', async (_, end) => {
    await using fixture = await platformWithTeam()
    const { builder, reviewer, platform } = fixture
    const own = [await listen(fixture, builder), await listenToAll(fixture, builder)]
    const others = [await listen(fixture, reviewer), await listen(fixture, reviewer, platform.adminToken)]
    await end(fixture)
    await until('the ends', () => own.every(({ isOpen }) => !isOpen))
    await send(fixture, reviewer, say('a secret'))
    await until('the message', () => others.every(({ text }) => text.includes('a secret')))
    expect(own.map(({ text }) => text.includes('a secret'))).toEqual([false, false])
  })
})

test('one caller has a bounded number of streams: one more ends its oldest, and nobody else’s', () => {
  const streams = new OpenStreams()
  const ended: string[] = []
  const open = (caller: string, name: string): (() => void) =>
    streams.add({ caller, isAllowed: () => true, end: () => ended.push(name) })
  open('another', 'of another')
  const forget = open('one', 'ended by itself')
  for (let n = 1; n <= 31; n++) open('one', `stream ${n}`)
  forget()
  open('one', 'stream 32')
  expect(ended).toEqual([])
  open('one', 'stream 33')
  open('one', 'stream 34')
  expect(ended).toEqual(['stream 1', 'stream 2'])
})

test('a page that asks without a token uses up the budget of strangers, and of no agent', async () => {
  await using fixture = await platformWithTeam({ rateLimit: 5 })
  const { client, builder, lead, platform } = fixture
  const ask = async (token?: string): Promise<number> =>
    (await client.call('GET', `/workspaces/${builder.id}/activity`, token === undefined ? {} : { token }))
      .status
  for (let n = 0; n < 5; n++) expect(await ask()).toBe(401)
  expect([await ask(), await ask('an invented token')]).toEqual([429, 429])
  expect([await ask(builder.token), await ask(platform.adminToken)]).toEqual([200, 200])
  for (let n = 0; n < 4; n++) await ask(builder.token)
  expect([await ask(builder.token), await ask(platform.adminToken), await ask(lead.token)]).toEqual([
    429, 200, 401,
  ])
})
