import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import { promptOf } from '../../lab/driver/channel-event.ts'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import { pause } from '../../lab/driver/pause.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { hostWith, SDK, submit, WITH_CHANNEL } from '../../lab/driver/session-kinds.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const notReceiving = async (plugin: PluginProcess): Promise<boolean> =>
  (await plugin.call('status')).includes('receiving: no, ')

test.concurrent('a claude-code without the channel never holds a workspace, and says how to start one that does', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const deaf = await scene.host(scene.settings(member), { clientName: 'claude-code', isJudged: true })
  await until('its decision', async () =>
    (await deaf.call('status')).text.includes('was started without the channel'),
  )
  const answer = await deaf.call('send_message_to_user', { message: 'hello' })
  expect(answer.isError).toBe(false)
  expect(answer.text).toContain('does not receive messages')
  expect(answer.text).toContain('--dangerously-load-development-channels')

  await scene.person.write(member.id, 'for one that hears')
  const hearing = await scene.host(scene.settings(member))
  await hearing.event(({ content }) => content === 'for one that hears')
  expect(deaf.events).toEqual([])
})

test.concurrent('MOLECULE_CHANNEL=on makes a claude-code hold its workspaces', async () => {
  await using scene = await Scene.open()
  const env = scene.settings(scene.member(), { MOLECULE_CHANNEL: 'on' })
  const host = await scene.host(env, { clientName: 'claude-code' })
  await host.receiving()
})

test.concurrent('MOLECULE_CHANNEL=off keeps any host from holding a workspace', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member(), { MOLECULE_CHANNEL: 'off' }))
  await plugin.connect()
  await until('its decision', () => notReceiving(plugin))
  expect(await plugin.call('status')).toContain('MOLECULE_CHANNEL is off')
  expect(existsSync(scene.path('state', 'bot.pid'))).toBe(false)
})

test.concurrent('a claude-code whose command line names this channel holds its workspaces', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()), WITH_CHANNEL)
  await plugin.connect('claude-code')
  await plugin.receiving()
})

test.concurrent('a claude-code whose command line names another channel does not', async () => {
  await using scene = await Scene.open()
  const wrapper = hostWith('--channels', 'plugin:telegram@official')
  const plugin = scene.process(scene.settings(scene.member()), { wrapper, isJudged: true })
  await plugin.connect('claude-code')
  await until('its decision', () => notReceiving(plugin))
})

/** A host that listens has shown by then what was sent to it. */
const SETTLED_MS = 31_000

test.concurrent('a program of the Agent SDK receives once its hook gets a probe, and holds nothing before', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const plugin = scene.process(scene.settings(member), SDK)
  await plugin.connect('claude-code')
  await until('its decision', () => notReceiving(plugin))
  await scene.person.write(member.id, 'to be heard')
  await submit(plugin, 'typed')
  const probe = await until('a probe', () => plugin.events.find(({ meta }) => meta.kind === 'probe'))
  expect(ledgerRows(scene.path('state'), "SELECT 1 FROM message WHERE state <> 'received'")).toEqual([])
  expect(await submit(plugin, promptOf(probe))).toBe('{}')
  await plugin.receiving()
  await scene.person.write(member.id, 'after')
  await until('the message', () => plugin.events.some(({ content }) => content === 'after'))
})

test.concurrent('another MCP client never holds a workspace, and can wait for messages in inbox', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await scene.host(scene.settings(member), { clientName: 'cursor-vscode', isJudged: true })
  await until('its decision', async () => (await host.call('status')).text.includes('only Claude Code shows'))
  const waiting = host.call('inbox', { wait_seconds: 30 })
  await scene.person.write(member.id, 'for whoever asks')
  expect((await waiting).text).toContain('for whoever asks')
  expect([host.events, existsSync(scene.path('state', 'bot.pid'))]).toEqual([[], false])
})

test.concurrent('a host started with the channel loses its workspaces once a prompt is typed while no turn runs', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const plugin = scene.process(scene.settings(member), WITH_CHANNEL)
  await plugin.connect('claude-code')
  await plugin.receiving()
  await scene.person.write(member.id, 'to be heard')
  await until(
    'the record',
    () => ledgerRows(scene.path('state'), "SELECT 1 FROM message WHERE state = 'sent'").length === 1,
  )
  await pause(SETTLED_MS)
  // The turn in which the model called `status`.
  await plugin.call('channel_receipt', { turn: 'ended' })
  await submit(plugin, 'typed')
  await until('its decision', () => notReceiving(plugin))
  expect(await plugin.call('status')).toContain('the host has not shown 1 message sent over 30 s ago')
  await until('a word to the person', async () =>
    (await submit(plugin, 'typed')).includes('start Claude Code with --debug as well'),
  )
  expect(scene.log()).toContain('releases its workspaces')
})
