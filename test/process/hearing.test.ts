import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync } from 'node:fs'
import type { PluginProcess } from '../fixtures/plugin-process.ts'
import { Scene } from '../fixtures/scene.ts'
import { until } from '../fixtures/until.ts'

setDefaultTimeout(20_000)

/** A parent of the plugin whose command line is that of a host with these words. It ends when the plugin does. */
function hostWith(flag: string, entry: string): readonly string[] {
  return ['sh', '-c', 'shift 2; "$@"; exit $?', 'claude', flag, entry]
}

const notReceiving = async (plugin: PluginProcess): Promise<boolean> =>
  (await plugin.call('status')).includes('receiving: no, ')

test.concurrent('a claude-code without the channel never holds a workspace, and says how to start it', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const deaf = await scene.host(scene.settings(member), { clientName: 'claude-code' })
  await until('the session to have decided', async () =>
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

test.concurrent('MOLECULE_CHANNEL=on makes a claude-code hold', async () => {
  await using scene = await Scene.open()
  const env = scene.settings(scene.member(), { MOLECULE_CHANNEL: 'on' })
  const host = await scene.host(env, { clientName: 'claude-code' })
  await host.receiving()
})

test.concurrent('MOLECULE_CHANNEL=off keeps any host from holding', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member(), { MOLECULE_CHANNEL: 'off' }))
  await plugin.connect()
  await until('the session to have decided', () => notReceiving(plugin))
  expect(await plugin.call('status')).toContain('MOLECULE_CHANNEL is off')
  expect(existsSync(scene.path('state', 'bot.pid'))).toBe(false)
})

test.concurrent('a claude-code whose command line names this channel holds', async () => {
  await using scene = await Scene.open()
  const wrapper = hostWith('--dangerously-load-development-channels', 'plugin:molecule@molecule-channel')
  const plugin = scene.process(scene.settings(scene.member()), { wrapper })
  await plugin.connect('claude-code')
  await plugin.receiving()
})

test.concurrent('a claude-code whose command line names another channel does not', async () => {
  await using scene = await Scene.open()
  const wrapper = hostWith('--channels', 'plugin:telegram@official')
  const plugin = scene.process(scene.settings(scene.member()), { wrapper })
  await plugin.connect('claude-code')
  await until('the session to have decided', () => notReceiving(plugin))
})
