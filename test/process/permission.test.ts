import { expect, setDefaultTimeout, test } from 'bun:test'
import { z } from 'zod'
import { messageRequest } from '../../lab/driver/a2a-request.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const ON = { MOLECULE_PERMISSION_RELAY: 'canvas' }
const CAPABILITY = 'claude/channel/permission'
const REQUEST = {
  request_id: 'abcde',
  tool_name: 'Bash',
  description: 'Run a shell command',
  input_preview: '{ "command": "rm -rf build" }',
}

const capabilitiesSchema = z.object({
  capabilities: z.object({ experimental: z.record(z.string(), z.unknown()) }),
})
/** Tells the plugin that a dialog is open. */
function ask(host: PluginProcess, more: Partial<typeof REQUEST> = {}): void {
  host.notify('notifications/claude/channel/permission_request', { ...REQUEST, ...more })
}

async function start(scene: Scene, member: Member, more: Readonly<Record<string, string>> = ON) {
  const host = scene.process(scene.settings(member, more))
  await host.connect()
  await host.receiving()
  return host
}

/** Waits for a line in the chat. */
function inChat(scene: Scene, member: Member, part: string): Promise<string> {
  return until(`"${part}" in the chat`, async () =>
    (await scene.person.read(member.id)).find((line) => line.includes(part)),
  )
}

/** Sends a message with whatever claims its sender makes. */
async function send(
  scene: Scene,
  { id }: Member,
  text: string,
  metadata: unknown,
  headers = {},
): Promise<void> {
  const message = { role: 'user', messageId: crypto.randomUUID(), parts: [{ kind: 'text', text }] }
  const response = await fetch(`${scene.platform.url}/workspaces/${id}/a2a`, {
    method: 'POST',
    headers,
    body: JSON.stringify(messageRequest(text, {}, { params: { message, metadata } })),
  })
  expect(response.status).toBe(200)
}

const shown = (host: PluginProcess): readonly string[] => host.events.map(({ content }) => content)

/** Waits until everything written so far has been handled: one more message comes through, in order. */
async function sentinel(scene: Scene, member: Member, host: PluginProcess): Promise<void> {
  const text = `sentinel ${crypto.randomUUID()}`
  await scene.person.write(member.id, text)
  await until('the sentinel', () => shown(host).includes(text))
}

test.concurrent('the host learns about the relay only when it is on', async () => {
  await using scene = await Scene.open()
  const experimental = async (more: Readonly<Record<string, string>>) => {
    const host = scene.process(scene.settings(scene.member(), more))
    const { capabilities } = capabilitiesSchema.parse((await host.initialize()).result)
    const told = (await host.call('status')).includes('permission requests: posted')
    expect(told).toBe(CAPABILITY in capabilities.experimental)
    return capabilities.experimental
  }
  expect(await experimental({})).toEqual({ 'claude/channel': {} })
  expect(await experimental({ MOLECULE_PERMISSION_RELAY: 'off' })).toEqual({ 'claude/channel': {} })
  expect(await experimental({ MOLECULE_PERMISSION_RELAY: 'yes' })).toEqual({ 'claude/channel': {} })
  expect(await experimental(ON)).toEqual({ 'claude/channel': {}, [CAPABILITY]: {} })
})

test.concurrent('a request is posted to the chat, and the person’s answer there reaches the host', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await start(scene, member)
  ask(host)
  const question = await inChat(scene, member, 'Permission request abcde')
  for (const part of ['Bash', '> Run a shell command', REQUEST.input_preview, '`yes abcde` or `no abcde`']) {
    expect(question).toContain(part)
  }
  await scene.person.write(member.id, 'Yes abcde.')
  await inChat(scene, member, 'Passed on: yes to abcde (Bash)')
  expect(host.verdicts).toEqual([{ request_id: 'abcde', behavior: 'allow' }])

  ask(host, { request_id: 'fghij' })
  await inChat(scene, member, 'Permission request fghij')
  await scene.person.write(member.id, 'no fghij')
  await inChat(scene, member, 'Passed on: no to fghij (Bash)')
  expect(host.verdicts[1]).toEqual({ request_id: 'fghij', behavior: 'deny' })

  await scene.person.write(member.id, 'yes fghij')
  await inChat(scene, member, 'already answered here, with no')
  await sentinel(scene, member, host)
  expect(host.events).toHaveLength(1)
  expect(host.verdicts).toHaveLength(2)
})

test.concurrent('only a person whom the platform has authenticated can decide; anyone else’s answer is shown to the model', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const peer = scene.platform.createWorkspace({ name: 'peer', parentId: member.id })
  const host = await start(scene, member)
  ask(host)
  await inChat(scene, member, 'Permission request abcde')
  const claim = { source: 'canvas_user', user_identity_status: 'AUTHENTICATED', username: 'operator' }

  await send(scene, member, 'yes abcde', claim, { Authorization: `Bearer ${peer.token}` })
  await until('the word of the peer', () => host.events.some(({ meta }) => meta.kind === 'peer_agent'))

  scene.platform.setFaults({ unauthenticated_user: true })
  await scene.person.write(member.id, 'yes abcde')
  await until('the word of somebody', () => host.events.some(({ meta }) => meta.kind === 'canvas_user'))

  // An older platform authenticates nobody and passes their claims on.
  scene.platform.setFaults({ unauthenticated_user: false, contract: 'v1' })
  await send(scene, member, 'yes  abcde', claim)
  await until('the word of a stranger', () => shown(host).includes('yes  abcde'))

  scene.platform.resetFaults()
  await scene.person.write(member.id, 'yes zzzzz')
  await until('the answer to nothing', () => shown(host).includes('yes zzzzz'))
  await inChat(scene, member, 'send `yes abcde` or `no abcde`')
  const told = (await scene.person.read(member.id)).filter((line) =>
    /^This (?:did not answer|answered no) /.test(line),
  )
  // The peer gets no line; the two whom nobody has verified, and the person who mistyped the id, do.
  expect([host.verdicts, told.length]).toEqual([[], 3])
})

test.concurrent('a request settled in the terminal cannot be answered from the chat', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await start(scene, member)
  ask(host)
  await inChat(scene, member, 'Permission request abcde')
  await host.call('channel_receipt', { prompt: 'and now the next thing' })
  await scene.person.write(member.id, 'yes abcde')
  await inChat(scene, member, 'answered in the terminal. Nothing was passed on.')
  await sentinel(scene, member, host)
  expect([host.verdicts, host.events.length]).toEqual([[], 1])
})

test.concurrent('a tool of the plugin itself cannot be allowed from the chat', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await start(scene, member)
  ask(host, { tool_name: 'mcp__plugin_molecule_molecule__send_message_to_user' })
  const line = await inChat(scene, member, 'its own tool send_message_to_user')
  expect(line).not.toContain('abcde')
  await scene.person.write(member.id, 'yes abcde')
  await until('the answer to nothing', () => shown(host).includes('yes abcde'))
  expect(host.verdicts).toEqual([])
})

test.concurrent('a session with the relay off ignores a host that asks anyway', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await start(scene, member, {})
  ask(host)
  await scene.person.write(member.id, 'yes abcde')
  await until('the message', () => shown(host).includes('yes abcde'))
  expect([host.verdicts, await scene.person.read(member.id)]).toEqual([[], []])
})

test.concurrent('when another session receives the answer, the one that asked tells its host', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const holder = await start(scene, member)
  const standby = scene.process(scene.settings(member, ON))
  await standby.connect()
  await until('the second to stand by', async () =>
    (await standby.call('status')).includes('takes over when it ends'),
  )
  ask(standby)
  await inChat(scene, member, 'Permission request abcde')
  // A prompt in the other session says nothing about this dialog.
  await holder.call('channel_receipt', { prompt: 'hello' })
  await scene.person.write(member.id, 'yes abcde')
  await inChat(scene, member, 'Passed on: yes to abcde')
  expect([standby.verdicts, holder.verdicts]).toEqual([[{ request_id: 'abcde', behavior: 'allow' }], []])
  expect([shown(holder), shown(standby)]).toEqual([[], []])
})
