import { afterAll, beforeAll, describe, expect, test } from 'bun:test'
import { systemClock } from '../../../../base/clock.ts'
import { fetchPage } from '../../../../member/client/activity.ts'
import { PlatformClient } from '../../../../member/client/client.ts'
import { interpretRow } from '../../../../member/client/inbound.ts'
import { type RunningPlatform, startPlatform } from '../../../../platform/platform.ts'
import type { Member } from '../../../../platform/team.ts'
import { TOKEN } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

let platform: RunningPlatform
let lead: Member
let builder: Member
let reviewer: Member

beforeAll(async () => {
  platform = await startPlatform()
  const [first, second, third] = platform.createTeam()
  if (first === undefined || second === undefined || third === undefined) throw new Error('no team')
  lead = first
  builder = second
  reviewer = third
})
afterAll(() => platform.stop())

const endpoint = ({ id, token }: Member) => ({ platformUrl: platform.url, workspaceId: id, token })

/** A member's inbox as it would be shown there, newest last. */
async function inbox(member: Member) {
  const { rows } = await fetchPage(
    new PlatformClient(endpoint(member), { network: fetch, clock: systemClock }),
    { limit: 100 },
  )
  return rows.flatMap((row) => {
    const reading = interpretRow(row, member.id)
    return reading.deliver ? [reading.message] : []
  })
}

/** What the person reads in the chat of a member. */
async function chat(member: Member): Promise<readonly string[]> {
  const { rows } = await fetchPage(
    new PlatformClient(endpoint(member), { network: fetch, clock: systemClock }),
    { limit: 100 },
  )
  return rows
    .filter(({ method }) => method === 'notify')
    .map(({ response_body }) => String(Reflect.get(Object(response_body), 'result')))
}

/** The person writes in the chat of a member. */
async function personWrites(member: Member, text: string): Promise<void> {
  const answer = await fetch(`${platform.url}/workspaces/${member.id}/a2a`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${platform.adminToken}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      jsonrpc: '2.0',
      id: 'rpc',
      method: 'message/send',
      params: { message: { role: 'user', messageId: crypto.randomUUID(), parts: [{ kind: 'text', text }] } },
    }),
  })
  if (!answer.ok) throw new Error(`the chat answered ${answer.status}`)
}

describe('reply_to_workspace with activity_id', () => {
  test('answers the peer that wrote, names its task, and marks the message as answered', async () => {
    using theirs = startBench([endpoint(builder)])
    using ours = startBench([endpoint(lead)])
    await theirs.call('delegate_task', { workspace_id: lead.id, task: 'look at this' })
    const message = (await ours.receive(lead.id)).find(({ peerId }) => peerId === builder.id)
    const outcome = await ours.call('reply_to_workspace', { activity_id: message?.activityId, text: 'seen' })
    expect(outcome.isError).toBeUndefined()
    expect(outcome.text).toMatch(/^Delivered to peer \S+ \(message \S+\)\.$/)
    const [answer] = (await inbox(builder)).slice(-1)
    expect(answer).toMatchObject({ kind: 'peer_agent', peerId: lead.id, peerName: 'lead', text: 'seen' })
    const [task] = (await inbox(lead)).filter(({ text }) => text === 'look at this')
    expect(task?.delegationId).toBeString()
    expect(answer?.delegationId).toBe(task?.delegationId ?? '')
    expect(ours.ledger.find(message?.activityId ?? '', [lead.id])?.state).toBe('answered')
  })

  test('answers the person in the chat of the workspace that got the message', async () => {
    using ours = startBench([endpoint(builder), endpoint(reviewer)])
    await personWrites(reviewer, 'how is it going?')
    const message = (await ours.receive(reviewer.id)).find(({ peerId }) => peerId === null)
    const outcome = await ours.call('reply_to_workspace', { activity_id: message?.activityId, text: 'well' })
    expect(outcome).toEqual({ text: `Posted to the chat of workspace ${reviewer.id}.` })
    expect(await chat(reviewer)).toContain('well')
    expect(ours.ledger.inbox.counts(reviewer.id).answered).toBe(1)
  })

  test('sends nothing when peer, workspace or message do not match, and says what to do', async () => {
    using ours = startBench([endpoint(builder), endpoint(lead)])
    await personWrites(builder, 'one')
    const message = (await ours.receive(builder.id)).at(-1)
    const before = [await chat(builder), await inbox(lead)]
    const activity_id = message?.activityId
    const wrong: readonly (readonly [Record<string, unknown>, RegExp])[] = [
      [{ activity_id, peer_id: lead.id }, /came from the chat, not from .* Leave peer_id out/],
      [{ activity_id, _as_workspace: lead.id }, /was sent to workspace .* Leave the workspace out/],
      [{ activity_id: crypto.randomUUID() }, /No message with activity_id/],
      [{ activity_id: '../x' }, /No message with activity_id/],
      [{ activity_id: '' }, /activity_id: must not be empty/],
    ]
    for (const [args, words] of wrong) {
      const outcome = await ours.call('reply_to_workspace', { text: 'x', ...args })
      expect(outcome.isError).toBeTrue()
      expect(outcome.text).toMatch(words)
    }
    expect([await chat(builder), await inbox(lead)]).toEqual(before)
    expect(ours.ledger.inbox.counts(builder.id).answered).toBeUndefined()
  })

  test('leaves the message open when the answer cannot be sent', async () => {
    using ours = startBench([endpoint(builder)])
    await personWrites(builder, 'two')
    const message = (await ours.receive(builder.id)).at(-1)
    platform.setFaults({ talk_to_user_disabled: true })
    const outcome = await ours.call('reply_to_workspace', { activity_id: message?.activityId, text: 'x' })
    platform.resetFaults()
    expect(outcome.isError).toBeTrue()
    expect(outcome.text).toContain('talk_to_user_disabled')
    expect(ours.ledger.find(message?.activityId ?? '', [builder.id])?.state).toBe('received')
  })

  test('does not fail once the answer is sent, even if the ledger cannot be written', async () => {
    using ours = startBench([endpoint(builder)])
    await personWrites(builder, 'three')
    const message = (await ours.receive(builder.id)).at(-1)
    ours.ledger.markAnswered = () => {
      throw new Error('database or disk is full')
    }
    const outcome = await ours.call('reply_to_workspace', { activity_id: message?.activityId, text: 'sent' })
    expect(outcome.isError).toBeUndefined()
    expect(outcome.text).toContain('could not be marked as answered: database or disk is full')
    expect(await chat(builder)).toContain('sent')
  })
})

describe('reply_to_workspace without activity_id', () => {
  test('writes as the named workspace to a peer, or to the person in the chat', async () => {
    using ours = startBench([endpoint(builder), endpoint(reviewer)])
    const as = { _as_workspace: builder.id.toUpperCase() }
    const toPeer = await ours.call('reply_to_workspace', { text: 'psst', peer_id: reviewer.id, ...as })
    expect(toPeer.text).toStartWith(`Delivered to peer ${reviewer.id}`)
    expect((await inbox(reviewer)).at(-1)).toMatchObject({ peerId: builder.id, text: 'psst' })
    await ours.call('reply_to_workspace', { text: 'to the chat', workspace_id: builder.id })
    expect(await chat(builder)).toContain('to the chat')
  })

  test('works without a ledger', async () => {
    using ours = startBench([endpoint(builder)], { ledger: () => undefined })
    expect((await ours.call('reply_to_workspace', { text: 'still here' })).isError).toBeUndefined()
    expect(
      (await ours.call('reply_to_workspace', { text: 'x', activity_id: crypto.randomUUID() })).isError,
    ).toBeTrue()
  })
})

describe('the other tools', () => {
  test('send_message_to_user posts to the chat', async () => {
    using ours = startBench([endpoint(lead)])
    expect(await ours.call('send_message_to_user', { message: '  half done ' })).toEqual({
      text: `Posted to the chat of workspace ${lead.id}.`,
    })
    expect(await chat(lead)).toContain('half done')
  })

  test('delegate_task sends a task under the id of its message, and never to itself', async () => {
    using ours = startBench([endpoint(lead)])
    const outcome = await ours.call('delegate_task', { workspace_id: builder.id, task: 'build it' })
    const [, messageId = ''] = /as task ([0-9a-f-]{36})/.exec(outcome.text) ?? []
    expect((await inbox(builder)).at(-1)).toMatchObject({ text: 'build it', delegationId: messageId })
    const self = await ours.call('delegate_task', { workspace_id: lead.id.toUpperCase(), task: 'x' })
    expect(self).toMatchObject({ isError: true, text: expect.stringContaining('list_peers') })
  })

  test('list_peers lists who can be reached, narrowed by name or role', async () => {
    using ours = startBench([endpoint(builder)])
    const all = await ours.call('list_peers')
    expect(all.text.split('\n').toSorted()).toEqual(
      [
        `${lead.id}  lead (Plans the work and talks to the person) — awaiting_agent`,
        `${reviewer.id}  reviewer (Reads the code and says what is wrong) — awaiting_agent`,
      ].toSorted(),
    )
    expect((await ours.call('list_peers', { q: ' PLANS ' })).text).toStartWith(`${lead.id}  lead`)
    expect((await ours.call('list_peers', { q: 'nobody' })).text).toBe('No peer matches "nobody".')
  })

  test('get_workspace_info tells who we are', async () => {
    using ours = startBench([endpoint(builder)])
    const { text } = await ours.call('get_workspace_info')
    expect(text).toStartWith(
      `workspace: ${builder.id}\nplatform: ${platform.url}\nname: builder\nrole: Writes the code`,
    )
    expect(text).toContain(`parent: ${lead.id}`)
  })

  test('status shows the report', async () => {
    using ours = startBench([endpoint(builder)])
    expect(await ours.call('status')).toEqual({ text: 'the state of things' })
  })
})

describe('a refusal of the platform becomes advice', () => {
  test('about a peer that does not exist, or is no peer', async () => {
    using ours = startBench([endpoint(lead)])
    const calls = [
      ['reply_to_workspace', (peer_id: string) => ({ text: 'x', peer_id })],
      ['delegate_task', (workspace_id: string) => ({ task: 'x', workspace_id })],
    ] as const
    for (const [name, to] of calls) {
      const unknown = await ours.call(name, to(crypto.randomUUID()))
      expect(unknown).toMatchObject({ isError: true, text: expect.stringContaining('list_peers') })
      const path = await ours.call(name, to('../../admin'))
      expect(path).toMatchObject({
        isError: true,
        text: expect.stringContaining('neither the workspace id nor the name'),
      })
    }
  })

  test('about a refused token, which is never shown', async () => {
    using ours = startBench([{ ...endpoint(lead), token: TOKEN }])
    const calls = [
      ours.call('send_message_to_user', { message: 'x' }),
      ours.call('list_peers'),
      ours.call('reply_to_workspace', { text: 'x', peer_id: builder.id }),
      ours.call('delegate_task', { workspace_id: builder.id, task: 'x' }),
    ]
    for (const { isError, text } of await Promise.all(calls)) {
      expect(isError).toBeTrue()
      expect(text).toContain('/molecule:configure')
      expect(text).not.toContain(TOKEN)
    }
  })

  test('about a removed workspace', async () => {
    const member = platform.createWorkspace({ name: 'short-lived', parentId: lead.id })
    await fetch(`${platform.url}/workspaces/${member.id}`, {
      method: 'DELETE',
      headers: { Authorization: `Bearer ${platform.adminToken}`, 'X-Confirm-Name': 'short-lived' },
    })
    using ours = startBench([endpoint(member)])
    const sent = await ours.call('send_message_to_user', { message: 'x' })
    expect(sent).toMatchObject({ isError: true, text: expect.stringContaining('get_workspace_info') })
    const info = await ours.call('get_workspace_info')
    expect(info).toMatchObject({ isError: true })
    expect(info.text).toStartWith(`Workspace ${member.id} was deleted on the platform`)
  })
})
