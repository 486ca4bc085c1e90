import { expect, setDefaultTimeout, test } from 'bun:test'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { submit, textOf, WITHOUT_CHANNEL } from '../../lab/driver/session-kinds.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

/** A session without the channel, after it has found that out and looked once. */
async function startDeaf(scene: Scene, member: Member): Promise<PluginProcess> {
  const looks = scene.requests.length
  const plugin = scene.process(scene.settings(member), WITHOUT_CHANNEL)
  await plugin.connect('claude-code')
  await until('its first look', () => scene.requests.length > looks)
  return plugin
}

async function call(plugin: PluginProcess, name: string, args = {}): Promise<string> {
  return textOf(await plugin.request('tools/call', { name, arguments: args }))
}

const settled = (plugin: PluginProcess): Promise<unknown> => plugin.request('ping')

test.concurrent('without a receiver, a notice tells once how many messages wait, and inbox shows them', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  await scene.person.write(member.id, 'written before')
  // A receiver stores a cursor and ends.
  const receiver = await scene.host(scene.settings(member))
  await receiver.event(({ content }) => content === 'written before')
  await receiver.close()
  await scene.person.write(member.id, 'alpha')
  await scene.person.write(member.id, 'beta')

  const deaf = await startDeaf(scene, member)
  const notice = await until('the notice', async () => {
    const answer = await submit(deaf, 'typed')
    return answer !== '{}' && answer
  })
  const { hookSpecificOutput, systemMessage } = JSON.parse(notice)
  expect(hookSpecificOutput.hookEventName).toBe('UserPromptSubmit')
  const { additionalContext } = hookSpecificOutput
  expect(additionalContext).toContain(`2 for workspace ${member.id}`)
  expect(additionalContext).toContain('inbox')
  // The user sees this one, and the model the other.
  expect(systemMessage).toBe(additionalContext)
  expect(additionalContext).toContain('--dangerously-load-development-channels')
  expect(additionalContext.split('\n')).toHaveLength(1)
  expect(additionalContext).not.toContain('alpha')
  const before = scene.requests.length
  for (let n = 0; n < 3; n++) expect(await submit(deaf, 'typed')).toBe('{}')
  // At most one look in fifteen seconds, whatever is typed.
  expect(scene.requests.slice(before)).toEqual([])

  const text = await call(deaf, 'inbox')
  expect(text).toContain(', waiting, ')
  expect(text).toContain('alpha')
  expect(text.indexOf('beta')).toBeLessThan(text.indexOf('alpha'))
  const [, id = ''] = /activity_id ([0-9a-f-]{36})\n {2}alpha/.exec(text) ?? []
  expect(await call(deaf, 'inbox', { activity_id: id })).toContain('\n\n  alpha')
  // It only reads.
  expect(scene.requests.filter((request) => !request.startsWith('GET')).length).toBe(
    scene.requests.slice(0, before).filter((request) => !request.startsWith('GET')).length,
  )

  // It consumed nothing: the next receiver is shown both, in order.
  const next = await scene.host(scene.settings(member))
  await next.event(({ content }) => content === 'beta')
  const fresh = next.events.filter(({ meta }) => meta.redelivered === undefined)
  expect(fresh.map(({ content }) => content)).toEqual(['alpha', 'beta'])
})

test.concurrent('inbox shows what is there now, which can be answered before any session has received it', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const deaf = await startDeaf(scene, member)
  await scene.person.write(member.id, 'just now')
  const text = await until(
    'the message in the inbox',
    async () => {
      const shown = await call(deaf, 'inbox')
      return shown.includes('just now') && shown
    },
    4_000,
  )
  const [, activity_id = ''] = /activity_id ([0-9a-f-]{36})/.exec(text) ?? []
  const answer = await call(deaf, 'reply_to_workspace', { activity_id, text: 'seen' })
  expect(answer).not.toContain('not marked')
  expect(await scene.person.read(member.id)).toEqual(['seen'])
  expect(await call(deaf, 'inbox')).toStartWith('Nothing is unanswered.')
})

test.concurrent('without a cursor, the notice counts what arrived since the session began', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const deaf = scene.process(scene.settings(member), WITHOUT_CHANNEL)
  await deaf.connect('claude-code')
  await scene.person.write(member.id, 'since it began')
  await until('the notice', async () => (await submit(deaf, 'typed')).includes('1 for workspace'))
})

test.concurrent('a message that was stored but never shown counts as waiting', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const first = await scene.host(scene.settings(member))
  await first.receiving()
  await scene.person.write(member.id, 'shown')
  await first.event(({ content }) => content === 'shown')
  await first.kill()
  // As if the host had read nothing.
  ledgerRows(scene.path('state'), "UPDATE message SET state = 'received', attempts = 0 RETURNING ord")
  const deaf = await startDeaf(scene, member)
  await until('the notice', async () =>
    (await submit(deaf, 'typed')).includes(`1 for workspace ${member.id}`),
  )
})

test.concurrent('while another session receives, it neither looks nor tells, and leaves that session undisturbed', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const holder = await scene.host(scene.settings(member))
  await holder.receiving()
  const deaf = scene.process(scene.settings(member), WITHOUT_CHANNEL)
  await deaf.connect('claude-code')
  await until('its decision', async () => (await call(deaf, 'status')).includes('started without'))
  for (const text of ['a', 'b', 'c']) {
    await scene.person.write(member.id, text)
    expect(await submit(deaf, 'typed')).toBe('{}')
    await settled(deaf)
  }
  await holder.event(({ content }) => content === 'c')
  expect(holder.events.map(({ content }) => content)).toEqual(['a', 'b', 'c'])
  expect(deaf.events).toEqual([])
  expect(await call(deaf, 'inbox')).not.toContain('waiting on the platform')
  const status = await call(deaf, 'status')
  expect(status).toContain(`held by the session with pid ${holder.pid} (`)
  // Every result says that it does not receive, who does, and how to start a session that does.
  const answer = await call(deaf, 'get_workspace_info')
  expect(answer).toContain('does not receive messages')
  expect(answer).toContain(`The session with pid ${holder.pid} (`)
  expect(answer).toContain('--dangerously-load-development-channels')
  expect(await call(deaf, 'claim_channel')).toContain('cannot receive messages')
})

test.concurrent('a platform that hangs holds up neither the prompt nor inbox', async () => {
  await using scene = await Scene.open()
  using platform = Bun.serve({ port: 0, reusePort: false, fetch: () => new Promise<Response>(() => {}) })
  const settings = scene.settings(scene.member(), { MOLECULE_PLATFORM_URL: platform.url.origin })
  const deaf = scene.process(settings, WITHOUT_CHANNEL)
  await deaf.connect('claude-code')
  await until('its first look', () => platform.pendingRequests > 0)
  for (let n = 0; n < 3; n++) expect(await submit(deaf, 'typed')).toBe('{}')
  expect(await call(deaf, 'inbox')).toContain('Nothing is unanswered')
  deaf.endInput()
  expect(await deaf.exited()).toBe(0)
})
