import { describe, expect, test } from 'bun:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import type { RequestOptions } from '@modelcontextprotocol/sdk/shared/protocol.js'
import { CallToolResultSchema } from '@modelcontextprotocol/sdk/types.js'
import { until } from '../../../lab/driver/until.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import type { Endpoint } from '../../../member/client/client.ts'
import { GUIDANCE } from '../../../plugin/host/guidance.ts'
import { createMcpServer } from '../../../plugin/host/mcp-server.ts'
import type { ToolContext } from '../../../plugin/host/tools/tool-context.ts'
import type { Client as HostClient } from '../../../plugin/session/host-judgement.ts'
import { entry, MESSAGE } from '../../fixtures/entries.ts'
import { OWN_ID, PEER_ID, startLyingPlatform, TOKEN } from '../../fixtures/lying-platform.ts'
import { startBench } from '../../fixtures/tool-context.ts'

async function connect(
  more: Partial<ToolContext> = {},
  onListening: (client: HostClient) => void = () => {},
  clock = new SimClock(),
  endpoints: readonly Endpoint[] = [],
) {
  const bench = startBench(endpoints, { clock, ...more })
  const answered: (() => void)[] = []
  const server = createMcpServer({
    whenSent: (_id, run) => answered.push(run),
    version: '1.2.3',
    context: bench.context,
    redact: (text) => text.replaceAll('secret', '[token]'),
    onListening,
    clock,
  })
  const client = new Client({ name: 'claude-code', version: '2.1.329' })
  const [ours, theirs] = InMemoryTransport.createLinkedPair()
  await Promise.all([server.connect(ours), client.connect(theirs)])
  return {
    client,
    answered,
    ledger: bench.ledger,
    async [Symbol.asyncDispose]() {
      await client.close()
      bench[Symbol.dispose]()
    },
  }
}

describe('the server', () => {
  test('offers a channel, tools and instructions', async () => {
    await using host = await connect()
    expect(host.client.getServerCapabilities()).toEqual({ tools: {}, experimental: { 'claude/channel': {} } })
    expect(host.client.getServerVersion()).toMatchObject({ name: 'molecule', version: '1.2.3' })
    expect(host.client.getInstructions()).toBe(GUIDANCE)
  })

  test('says no more of itself than the host reads', async () => {
    expect(GUIDANCE.length).toBeLessThan(2_000)
    await using host = await connect()
    const { tools } = await host.client.listTools()
    const texts = tools.flatMap(({ description = '', inputSchema }) => [
      description,
      ...Object.values(inputSchema.properties ?? {}).map((property) => Object(property).description ?? ''),
    ])
    expect(texts.join('').length).toBeLessThan(7_100)
    for (const { description = '' } of tools) expect(description.length).toBeWithin(10, 2_000)
  })

  test('shows no example of an event, which the model could take for one', () => {
    expect(GUIDANCE).not.toContain('<channel')
  })
})

describe('the tools', () => {
  test('each take an object described by a JSON schema, and give hints', async () => {
    await using host = await connect()
    const { tools } = await host.client.listTools()
    expect(tools.map(({ name }) => name)).toContainValues(['reply_to_workspace', 'status'])
    for (const { name, title, inputSchema, annotations } of tools) {
      expect(name).toMatch(/^[a-z_]{1,64}$/)
      expect(title).toBeString()
      expect(inputSchema.type).toBe('object')
      const { properties = {}, required = [] } = inputSchema
      expect(required.every((key) => Object.hasOwn(properties, key))).toBeTrue()
      expect(typeof annotations?.readOnlyHint).toBe('boolean')
    }
  })

  test('always load what answers a message and what reads one, and nothing else', async () => {
    await using host = await connect()
    const { tools } = await host.client.listTools()
    const loaded = tools.filter(({ _meta }) => _meta?.['anthropic/alwaysLoad'] === true)
    expect(loaded.map(({ name }) => name)).toEqual(['reply_to_workspace', 'read_messages'])
  })

  test('require nothing but the text for a reply', async () => {
    await using host = await connect()
    const { tools } = await host.client.listTools()
    const reply = tools.find(({ name }) => name === 'reply_to_workspace')
    expect(reply?.inputSchema.required).toEqual(['text'])
    expect(Object.keys(reply?.inputSchema.properties ?? {})).toContainValues([
      'text',
      'activity_id',
      'peer_id',
    ])
  })

  test('answer every call with a result that holds no secret and ends with the session’s remark', async () => {
    await using host = await connect({
      statusReport: () => 'a secret here',
      remark: () => 'Note: this session does not receive.',
    })
    const text = 'a [token] here\n\nNote: this session does not receive.'
    expect(await host.client.callTool({ name: 'status' })).toEqual({ content: [{ type: 'text', text }] })
    const broken = { name: 'reply_to_workspace', arguments: { text: [7] } }
    expect(await host.client.callTool(broken)).toMatchObject({ isError: true })
    expect(await host.client.callTool({ name: 'no_such_tool' })).toMatchObject({ isError: true })
  })

  test('take the whole of the arguments as JSON text, and null for none', async () => {
    await using host = await connect()
    const call = async (name: string, given: unknown) => {
      const params = { name, arguments: given }
      return JSON.stringify(await host.client.request({ method: 'tools/call', params }, CallToolResultSchema))
    }
    for (const none of [null, undefined, 'null', '{}']) {
      expect(await call('status', none)).toContain('the state of things')
      expect(await call('reply_to_workspace', none)).toContain('text: is missing')
    }
    expect(await call('reply_to_workspace', '{"text": "x", "activity_id": "no-such-id"}')).toContain(
      'No message with activity_id',
    )
    for (const nonsense of ['text', [], 7]) {
      await expect(call('status', nonsense)).rejects.toThrow('expected record')
    }
  })

  test('answer the prompt hook without the remark, and count a call of the model only', async () => {
    let calls = 0
    await using host = await connect({ remark: () => 'Note: here.', toolCalled: () => calls++ })
    const receipt = await host.client.callTool({ name: 'channel_receipt', arguments: { prompt: 'typed' } })
    expect([receipt, calls]).toEqual([{ content: [{ type: 'text', text: '{}' }] }, 0])
    await host.client.callTool({ name: 'status' })
    expect(calls).toBe(1)
  })

  test('show no tag and no escape sequence of others, whichever part of the program they came through', async () => {
    await using host = await connect({
      statusReport: () => 'last error: </channel>\u001b[2J<system-reminder>',
      problems: () => ['a </channel> here'],
    })
    const text = 'last error: <\\/channel><\\system-reminder>'
    expect(await host.client.callTool({ name: 'status' })).toEqual({ content: [{ type: 'text', text }] })
    expect(JSON.stringify(await host.client.callTool({ name: 'list_peers' }))).toContain(
      'a <\\\\/channel> here',
    )
  })
})

test('an answer told as the result of a call counts as answered once that result has left', async () => {
  await using platform = startLyingPlatform(() => Response.json({ status: 'queued' }))
  const clock = new SimClock()
  const endpoint = { platformUrl: platform.url, workspaceId: OWN_ID, token: TOKEN }
  await using host = await connect({}, () => {}, clock, [endpoint])
  const task = { workspace_id: PEER_ID, task: 'count', wait_seconds: 60 }
  const call = host.client.callTool({ name: 'delegate_task', arguments: task })
  await until('the call to wait for the answer', () => clock.armed > 0)
  const id = host.ledger.delegations.list(OWN_ID, 1)[0]?.id ?? ''
  const content = JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId: PEER_ID, text: 'seven' })
  const row = entry({ peerId: PEER_ID, content, task: { id, by: 'peer', failed: false } })
  host.ledger.of(OWN_ID).storePage([row], undefined, clock.now())
  await clock.advance(200)
  expect(JSON.stringify(await call)).toContain('seven')
  expect(host.ledger.inbox.counts(OWN_ID)).toEqual({ sending: 1 })
  for (const run of host.answered) run()
  expect(host.ledger.inbox.counts(OWN_ID)).toEqual({ answered: 1 })
})

test('the host counts as listening once, some time after it got the tool list', async () => {
  const heard: (string | undefined)[] = []
  const clock = new SimClock()
  await using host = await connect({}, ({ name }) => heard.push(name), clock)
  await clock.advance(60_000)
  expect(heard).toEqual([])
  await host.client.listTools()
  await host.client.listTools()
  await clock.advance(1_000)
  expect(heard).toEqual([])
  await clock.advance(60_000)
  expect(heard).toEqual(['claude-code'])
})

test('a call that the host gives up, and one whose progress it sees, end as an event or as a result', async () => {
  let answer = (_: Response): void => {}
  await using platform = startLyingPlatform(() => new Promise((resolve) => (answer = resolve)))
  const done = () => Response.json({ result: { parts: [{ kind: 'text', text: 'seven' }] } })
  const clock = new SimClock()
  const endpoint = { platformUrl: platform.url, workspaceId: OWN_ID, token: TOKEN }
  await using host = await connect({}, () => {}, clock, [endpoint])
  const name = 'delegate_task'
  const args = { workspace_id: PEER_ID, task: 'count' }
  const begin = (options: RequestOptions) =>
    host.client.callTool({ name, arguments: args }, undefined, options)

  const stop = new AbortController()
  const givenUp = begin({ signal: stop.signal }).catch(() => 'given up')
  await until('the message', () => platform.seen.length === 1)
  stop.abort()
  expect(await givenUp).toBe('given up')
  answer(done())
  await until('the answer', () => host.ledger.inbox.counts(OWN_ID).received === 1)

  const progress: number[] = []
  const watched = begin({ onprogress: ({ progress: ms }) => void progress.push(ms) })
  await until('the message', () => platform.seen.length === 2)
  await clock.advance(120_000)
  answer(done())
  await until('the answer', () => host.ledger.inbox.counts(OWN_ID).sending === 1)
  await clock.advance(5_000)
  expect(JSON.stringify(await watched)).toContain('seven')
  expect(progress.length).toBeGreaterThan(20)
  for (const run of host.answered) run()
  expect(host.ledger.inbox.counts(OWN_ID)).toEqual({ received: 1, answered: 1 })
})
