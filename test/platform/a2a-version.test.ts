/** Agents that take pushes and speak only A2A 1.0. */
import { afterAll, describe, expect, test } from 'bun:test'
import { asObject } from '../../platform/base/json.ts'
import { inVersion1, versionOf } from '../../platform/contract/a2a-version.ts'
import { rowsOf, until } from './contract/client.ts'
import { delegate, delegations, platformWithTeam, say, send } from './platform.ts'
import { agentThat, pushTo, stopAgents } from './push-agent.ts'

afterAll(stopAgents)

const REFUSAL = { jsonrpc: '2.0', id: 'rpc-1', error: { code: -32009, message: 'version not supported' } }
const message = (text: string) => ({
  result: { message: { messageId: 'a', role: 'ROLE_AGENT', parts: [{ text }] } },
})

/** An agent that speaks only 1.0, and what it was asked, with the version of each call. */
function modernAgent(answer: (method: unknown) => unknown) {
  const asked: unknown[][] = []
  const agent = agentThat(async (request) => {
    const version = request.headers.get('A2A-Version')
    const { method, params } = asObject(agent.received.at(-1)?.body)
    asked.push([version, method, params])
    return Response.json(version === '1.0' ? answer(method) : REFUSAL)
  })
  return { ...agent, asked }
}

describe('an agent that speaks only A2A 1.0', () => {
  test('gets a message of 0.3 in its own version, and its answer reaches the sender', async () => {
    await using fixture = await platformWithTeam()
    const agent = modernAgent(() => message('done'))
    await pushTo(fixture, agent.url)
    const given = {
      ...say('do it'),
      messageId: crypto.randomUUID(),
      contextId: 'c1',
      parts: [
        { kind: 'text', text: 'do it' },
        { kind: 'data', data: { n: 1 } },
        {
          kind: 'file',
          file: { uri: 'https://x.example/a.pdf', name: 'a.pdf', mimeType: 'application/pdf' },
        },
        { kind: 'file', file: { bytes: 'YQ==', name: 'a.txt' } },
      ],
    }
    const answer = await send(fixture, fixture.builder, given, fixture.lead)
    expect([answer.status, answer.json]).toEqual([200, message('done')])
    expect(agent.asked.map(([version, method]) => [version, method])).toEqual([
      ['0.3', 'message/send'],
      ['1.0', 'SendMessage'],
    ])
    expect(agent.asked[1]?.[2]).toEqual({
      message: {
        messageId: given.messageId,
        contextId: 'c1',
        role: 'ROLE_USER',
        parts: [
          { text: 'do it' },
          { data: { n: 1 } },
          { url: 'https://x.example/a.pdf', filename: 'a.pdf', mediaType: 'application/pdf' },
          { raw: 'YQ==', filename: 'a.txt' },
        ],
      },
    })
  })

  test('is asked for the task it has begun', async () => {
    await using fixture = await platformWithTeam()
    const task = (state: string, artifacts: unknown) => ({ id: 'k1', status: { state }, artifacts })
    const agent = modernAgent((method) =>
      method === 'GetTask'
        ? { result: task('TASK_STATE_COMPLETED', [{ parts: [{ text: 'done' }] }]) }
        : { result: { task: task('TASK_STATE_WORKING', []) } },
    )
    await pushTo(fixture, agent.url)
    const id = await delegate(fixture)
    const list = await until(
      () => {
        fixture.clock.advance(5)
        return delegations(fixture)
      },
      ({ text }) => text.includes('"completed"'),
    )
    const row = rowsOf(list).find(({ delegation_id }) => delegation_id === id)
    expect(row?.response_preview).toBe('done')
    expect(agent.asked.at(-1)).toEqual(['1.0', 'GetTask', { id: 'k1' }])
  })
})

test('a call is passed on in the version in which it came, and an agent that speaks it is called once', async () => {
  await using fixture = await platformWithTeam()
  const versions: (string | null)[] = []
  const agent = agentThat((request) => {
    versions.push(request.headers.get('A2A-Version'))
    return Response.json(message('done'))
  })
  await pushTo(fixture, agent.url)
  for (const method of ['message/send', 'SendMessage']) {
    const body = { jsonrpc: '2.0', id: 'r', method, params: { message: say('do it') } }
    const path = `/workspaces/${fixture.builder.id}/a2a`
    await fixture.client.call('POST', path, { token: fixture.platform.adminToken, body })
  }
  expect(versions).toEqual(['0.3', '1.0'])
})

test('only calls that both versions know are translated', () => {
  expect(inVersion1({ id: 1, method: 'tasks/cancel', params: { id: 'k', expires_in_seconds: 3 } })).toEqual({
    jsonrpc: '2.0',
    id: 1,
    method: 'CancelTask',
    params: { id: 'k' },
  })
  for (const method of ['message/stream', 'no/such', '', undefined]) {
    expect([inVersion1({ method }), versionOf({ method })]).toEqual([undefined, '0.3'])
  }
})
