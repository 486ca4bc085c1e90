import { describe, expect, test } from 'bun:test'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { GUIDANCE } from '../../../plugin/host/guidance.ts'
import { createMcpServer } from '../../../plugin/host/mcp-server.ts'
import type { ToolContext } from '../../../plugin/host/tools/tool-context.ts'
import { startBench } from '../../fixtures/tool-context.ts'

async function connect(
  more: Partial<ToolContext> = {},
  onListening: (name?: string) => void = () => {},
  clock = new SimClock(),
) {
  const bench = startBench([], more)
  const server = createMcpServer({
    whenSent: () => {},
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
    expect(texts.join('').length).toBeLessThan(6_000)
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

  test('always load the reply, and nothing else', async () => {
    await using host = await connect()
    const { tools } = await host.client.listTools()
    const loaded = tools.filter(({ _meta }) => _meta?.['anthropic/alwaysLoad'] === true)
    expect(loaded.map(({ name }) => name)).toEqual(['reply_to_workspace'])
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
    const broken = { name: 'reply_to_workspace', arguments: { text: 7 } }
    expect(await host.client.callTool(broken)).toMatchObject({ isError: true })
    expect(await host.client.callTool({ name: 'no_such_tool' })).toMatchObject({ isError: true })
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

test('the host counts as listening once, some time after it got the tool list', async () => {
  const heard: (string | undefined)[] = []
  const clock = new SimClock()
  await using host = await connect({}, (name) => heard.push(name), clock)
  await clock.advance(60_000)
  expect(heard).toEqual([])
  await host.client.listTools()
  await host.client.listTools()
  await clock.advance(1_000)
  expect(heard).toEqual([])
  await clock.advance(60_000)
  expect(heard).toEqual(['claude-code'])
})
