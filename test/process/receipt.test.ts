import { Database } from 'bun:sqlite'
import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { z } from 'zod'
import { promptOf } from '../../lab/driver/channel-event.ts'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import { PLUGIN_ROOT } from '../../lab/driver/plugin-command.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { submit, WITH_CHANNEL, WITHOUT_CHANNEL } from '../../lab/driver/session-kinds.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const UUID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'

/** A session that receives, and the prompt for one message it was shown. */
async function withOneMessage(scene: Scene): Promise<{ plugin: PluginProcess; prompt: string }> {
  const member = scene.member()
  const plugin = scene.process(scene.settings(member), WITH_CHANNEL)
  await plugin.connect('claude-code')
  await plugin.receiving()
  await scene.person.write(member.id, 'hello')
  const event = await until('the message', () => plugin.events[0])
  await until(
    'the record',
    () => ledgerRows(scene.path('state'), "SELECT 1 FROM message WHERE state = 'sent'").length === 1,
  )
  return { plugin, prompt: promptOf(event) }
}

/** The prompt for a message that the session does not know. */
const promptFor = (workspace_id: string): string =>
  promptOf({ content: 'hello', meta: { workspace_id, activity_id: UUID } })

const confirmed = (scene: Scene): boolean =>
  ledgerRows(scene.path('state'), "SELECT 1 FROM message WHERE state = 'confirmed'").length === 1

test('the prompt hook calls the hidden tool of this very server', async () => {
  const schema = z.object({
    hooks: z.object({
      UserPromptSubmit: z.tuple([
        z.object({
          hooks: z.tuple([
            z.object({
              type: z.literal('mcp_tool'),
              server: z.literal('plugin:molecule:molecule'),
              tool: z.literal('channel_receipt'),
              input: z.object({ prompt: z.string() }),
            }),
          ]),
        }),
      ]),
    }),
  })
  const hooks = schema.parse(await Bun.file(`${PLUGIN_ROOT}/hooks/hooks.json`).json())
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder of the host
  expect(hooks.hooks.UserPromptSubmit[0].hooks[0].input.prompt).toBe('${prompt}')
  await using scene = await Scene.open()
  const plugin = scene.process({ MOLECULE_STATE_DIR: scene.path('state') })
  await plugin.initialize()
  const { result } = await plugin.request('tools/list')
  const { tools } = z
    .object({ tools: z.array(z.object({ name: z.string(), _meta: z.unknown().optional() })) })
    .parse(result)
  expect(tools.find(({ name }) => name === 'channel_receipt')?._meta).toEqual({
    ui: { visibility: ['app'] },
  })
})

test.concurrent('a receipt gets an empty answer, and confirms the message', async () => {
  await using scene = await Scene.open()
  const { plugin, prompt } = await withOneMessage(scene)
  expect(await submit(plugin, prompt)).toBe('{}')
  await until('the receipt to be recorded', () => confirmed(scene))
})

test.concurrent('while another process writes to the ledger, receipts are answered at once and recorded afterwards', async () => {
  await using scene = await Scene.open()
  const { plugin, prompt } = await withOneMessage(scene)
  const other = new Database(scene.path('state', 'ledger.db'))
  other.run('BEGIN EXCLUSIVE')
  // All are answered before the other process is done.
  for (const text of [prompt, 'typed', prompt]) expect(await submit(plugin, text)).toBe('{}')
  expect(confirmed(scene)).toBe(false)
  other.run('COMMIT')
  other.close()
  await until('the receipt to be recorded', () => confirmed(scene))
})

test.concurrent('unconfigured and not fully connected, a prompt gets an empty answer', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process({ MOLECULE_STATE_DIR: scene.path('state') })
  await plugin.initialize('claude-code')
  plugin.notify('notifications/initialized')
  const prompts = ['', 'typed', promptFor(UUID), `<channel source="plugin:molecule:${'x'.repeat(1e6)}`]
  for (const prompt of prompts) expect(await submit(plugin, prompt)).toBe('{}')
  for (const odd of [undefined, null, 7, [], { prompt: 7 }, { prompt: null }]) {
    const { result, error } = await plugin.request('tools/call', {
      name: 'channel_receipt',
      ...(odd === undefined ? {} : { arguments: odd }),
    })
    // The host never sends what the protocol itself refuses.
    if (error === undefined) expect(result).toEqual({ content: [{ type: 'text', text: '{}' }] })
  }
  expect(existsSync(scene.path('state'))).toBe(false)
})

test.concurrent('a session that stands by gives an empty answer', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const first = await scene.host(scene.settings(member))
  await first.receiving()
  const second = scene.process(scene.settings(member))
  await second.connect()
  await until('the second to stand by', async () => (await second.call('status')).includes('takes over'))
  for (const prompt of ['typed', promptFor(member.id)]) expect(await submit(second, prompt)).toBe('{}')
})

test.concurrent('a prompt right before the end of input is answered', async () => {
  await using scene = await Scene.open()
  const { plugin, prompt } = await withOneMessage(scene)
  const answer = submit(plugin, prompt)
  plugin.endInput()
  expect(await plugin.exited()).toBe(0)
  expect(await answer).toBe('{}')
})

test.concurrent('what the hooks and the model show about the host is recorded', async () => {
  await using scene = await Scene.open()
  const { plugin, prompt } = await withOneMessage(scene)
  const facts = (): unknown =>
    ledgerRows(scene.path('state'), 'SELECT hooked, heard_at IS NOT NULL AS heard FROM session')[0]
  await plugin.call('channel_receipt', { turn: 'ended' })
  await until('the end of a turn', () => Bun.deepEquals(facts(), { hooked: 1, heard: 0 }))
  await submit(plugin, prompt)
  await until('the receipt', () => Bun.deepEquals(facts(), { hooked: 1, heard: 1 }))
})

test.concurrent('a typed prompt is recorded too, without the channel as well', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()), WITHOUT_CHANNEL)
  await plugin.connect('claude-code')
  await submit(plugin, 'typed')
  await until('the fact', () =>
    Bun.deepEquals(ledgerRows(scene.path('state'), 'SELECT hooked, heard_at FROM session'), [
      { hooked: 1, heard_at: null },
    ]),
  )
})
