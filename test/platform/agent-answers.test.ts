/** What becomes of the answers of agents that take pushes: of their tasks, and of answers that their sender missed. */

import { afterAll, describe, expect, test } from 'bun:test'
import { createServer } from 'node:net'
import { rowsOf, until } from './contract/client.ts'
import { beat, delegate, delegations, type Fixture, platformWithTeam, say, send } from './platform.ts'
import { ANSWER, agentThat, pushTo, stopAgents } from './push-agent.ts'

afterAll(stopAgents)

const task = (state: string, more: object = {}) => ({
  jsonrpc: '2.0',
  id: 'rpc-1',
  result: {
    kind: 'task',
    id: 'k1',
    status: { state },
    history: [{ role: 'user', parts: [{ kind: 'text', text: 'our own prompt' }] }],
    ...more,
  },
})
const said = (text: string) => ({ artifacts: [{ parts: [{ text }] }] })

async function outcomeIn(fixture: Fixture, id: string) {
  const done = (page: { readonly text: string }) => /"status":"(?:completed|failed)"/.test(page.text)
  const list = await until(() => delegations(fixture), done)
  const row = rowsOf(list).find(({ delegation_id }) => delegation_id === id)
  return [row?.status, row?.error ?? row?.response_preview]
}

describe('a delegation to an agent that takes pushes', () => {
  test.each([
    [task('completed', said('done')), ['completed', 'done']],
    [
      { result: { task: { ...task('TASK_STATE_COMPLETED', said('done')).result, kind: undefined } } },
      ['completed', 'done'],
    ],
    [task('completed'), ['completed', '[The agent sent no text.]']],
    [task('failed', said('exit code 3')), ['failed', 'exit code 3']],
    [task('rejected'), ['failed', 'the agent rejected the task']],
    [task('TASK_STATE_CANCELED'), ['failed', 'the agent canceled the task']],
    [
      task('input-required', said('Which branch?')),
      ['failed', 'the agent needs a reply (input-required), so write to it. It says: Which branch?'],
    ],
    [
      task('completed', {
        artifacts: [{ parts: [{ data: { n: 1 } }, { url: 'https://x.example/a.pdf', filename: 'a.pdf' }] }],
      }),
      ['completed', '{"n":1}\n[The file a.pdf: https://x.example/a.pdf]'],
    ],
  ])('ends as the agent says: %j', async (answer, expected) => {
    await using fixture = await platformWithTeam()
    await pushTo(fixture, agentThat(() => Response.json(answer)).url)
    expect(await outcomeIn(fixture, await delegate(fixture))).toEqual(expected)
  })

  test('goes on while the agent works, and ends once it says so', async () => {
    await using fixture = await platformWithTeam()
    const answers = [task('submitted'), task('working', said('step 1')), task('completed', said('done'))]
    const agent = agentThat(() => Response.json(answers.shift()))
    await pushTo(fixture, agent.url)
    const id = await delegate(fixture)
    const seen = new Set<unknown>()
    await until(
      () => {
        fixture.clock.advance(5)
        return delegations(fixture)
      },
      (page) => {
        for (const { status } of rowsOf(page)) seen.add(status)
        return page.text.includes('"completed"')
      },
    )
    expect([...seen]).toContain('in_progress')
    expect(await outcomeIn(fixture, id)).toEqual(['completed', 'done'])
    expect(agent.received[1]?.body).toMatchObject({ method: 'tasks/get', params: { id: 'k1' } })
  })
})

describe('an agent that lost the request with which it sent a message', () => {
  const gate = () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    return { promise, open: () => resolve() }
  }
  const stateOf = (fixture: Fixture, id: string, token = fixture.lead.token) =>
    fixture.client.call('GET', `/workspaces/${fixture.builder.id}/a2a/queue/${id}`, { token })

  test('finds by the message’s id whether it is being answered, and the answer', async () => {
    await using fixture = await platformWithTeam()
    const { promise, open } = gate()
    await pushTo(fixture, agentThat(() => promise.then(() => Response.json(ANSWER))).url)
    const message = say('do it')
    const sending = send(fixture, fixture.builder, message, fixture.lead)
    const state = await until(
      () => stateOf(fixture, message.messageId),
      ({ status }) => status === 200,
    )
    expect(state.json).toMatchObject({ status: 'dispatched' })
    open()
    await sending
    const { json } = await stateOf(fixture, message.messageId)
    expect(json).toMatchObject({ status: 'completed', response_body: JSON.stringify(ANSWER) })
    expect((await stateOf(fixture, message.messageId, fixture.reviewer.token)).status).toBe(404)
    expect((await stateOf(fixture, crypto.randomUUID())).status).toBe(404)
  })

  test('may send it again: the agent gets it once, and both requests its answer', async () => {
    await using fixture = await platformWithTeam()
    const { promise, open } = gate()
    const agent = agentThat(() => promise.then(() => Response.json(ANSWER)))
    await pushTo(fixture, agent.url)
    const message = say('do it')
    const again = () => send(fixture, fixture.builder, message, fixture.lead)
    const both = [again(), again()]
    await until(
      () => stateOf(fixture, message.messageId),
      ({ status }) => status === 200,
    )
    open()
    const answers = [...(await Promise.all(both)), await again()]
    expect(answers.map(({ json }) => json)).toEqual([ANSWER, ANSWER, ANSWER])
    expect(agent.received).toHaveLength(1)
  })

  test('finds by the message’s id what was queued, too', async () => {
    await using fixture = await platformWithTeam()
    await pushTo(fixture, agentThat(() => Response.json(ANSWER)).url)
    await beat(fixture, fixture.builder, { active_tasks: 1 })
    const message = say('do it')
    await send(fixture, fixture.builder, message, fixture.lead)
    expect((await stateOf(fixture, message.messageId)).json).toMatchObject({ status: 'queued' })
  })
})

test('an agent whose connection breaks may have the message, so it counts as busy and not as unreachable', async () => {
  await using fixture = await platformWithTeam()
  const server = createServer((socket) =>
    socket.on('error', () => {}).on('data', () => socket.resetAndDestroy()),
  )
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  await pushTo(fixture, `http://localhost:${address.port}/`)
  const { status, json } = await send(fixture, fixture.builder, say('x'), fixture.lead)
  expect([status, json]).toEqual([503, expect.objectContaining({ busy: true })])
  server.close()
})
