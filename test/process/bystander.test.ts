import { expect, setDefaultTimeout, test } from 'bun:test'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { submit, textOf, WITHOUT_CHANNEL } from '../../lab/driver/session-kinds.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(20_000)

/** A session without the channel that has found that out, and has looked once. */
async function startDeaf(scene: Scene, member: Member): Promise<PluginProcess> {
  const looks = scene.requests.length
  const plugin = scene.process(scene.settings(member), WITHOUT_CHANNEL)
  await plugin.connect('claude-code')
  await until('it to have looked', () => scene.requests.length > looks)
  return plugin
}

async function call(plugin: PluginProcess, name: string, args = {}): Promise<string> {
  return textOf(await plugin.request('tools/call', { name, arguments: args }))
}

const settled = (plugin: PluginProcess): Promise<unknown> => plugin.request('ping')

test.concurrent('without a receiver, what waits is told once for each new message, and shown by inbox', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  await scene.person.write(member.id, 'written before')
  // A receiver stores a cursor, and ends.
  const receiver = await scene.host(scene.settings(member))
  await receiver.event(({ content }) => content === 'written before')
  await receiver.close()
  await scene.person.write(member.id, 'alpha')
  await scene.person.write(member.id, 'beta')

  const deaf = await startDeaf(scene, member)
  const before = scene.requests.length
  const notice = await until('the look to be done', async () => {
    const answer = await submit(deaf, 'typed')
    return answer !== '{}' && answer
  })
  const { hookSpecificOutput } = JSON.parse(notice)
  expect(hookSpecificOutput.hookEventName).toBe('UserPromptSubmit')
  const { additionalContext } = hookSpecificOutput
  expect(additionalContext).toContain(`2 for workspace ${member.id}`)
  expect(additionalContext).toContain('inbox')
  expect(additionalContext).toContain('--dangerously-load-development-channels')
  expect(additionalContext.split('\n')).toHaveLength(1)
  expect(additionalContext).not.toContain('alpha')
  for (let n = 0; n < 3; n++) expect(await submit(deaf, 'typed')).toBe('{}')
  // No more than one look in fifteen seconds, whatever is typed.
  expect(scene.requests.slice(before)).toEqual([])

  const text = await call(deaf, 'inbox')
  expect(text).toContain('waiting on the platform')
  expect(text).toContain('alpha')
  expect(text.indexOf('beta')).toBeLessThan(text.indexOf('alpha'))
  const [, id = ''] = /activity_id ([0-9a-f-]{36})\n {2}alpha/.exec(text) ?? []
  expect(await call(deaf, 'inbox', { activity_id: id })).toContain('\n\nalpha')
  // Nothing but looks.
  expect(scene.requests.filter((request) => !request.startsWith('GET')).length).toBe(
    scene.requests.slice(0, before).filter((request) => !request.startsWith('GET')).length,
  )

  // Nothing was taken: whoever receives next is given both, in order.
  const next = await scene.host(scene.settings(member))
  await next.event(({ content }) => content === 'beta')
  const fresh = next.events.filter(({ meta }) => meta.redelivered === undefined)
  expect(fresh.map(({ content }) => content)).toEqual(['alpha', 'beta'])
})

test.concurrent('who asks for the inbox is shown what is there now, and can answer it before anybody has received it', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const deaf = await startDeaf(scene, member)
  await scene.person.write(member.id, 'just now')
  const text = await until(
    'it to be shown',
    async () => {
      const shown = await call(deaf, 'inbox')
      return shown.includes('just now') && shown
    },
    4_000,
  )
  const [, activity_id = ''] = /activity_id ([0-9a-f-]{36})/.exec(text) ?? []
  const answer = await call(deaf, 'reply_to_workspace', { activity_id, text: 'seen' })
  expect(answer).toContain('not marked as answered')
  expect(await scene.person.read(member.id)).toEqual(['seen'])
})

test.concurrent('without any cursor, what arrived since the session began is found', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const deaf = scene.process(scene.settings(member), WITHOUT_CHANNEL)
  await deaf.connect('claude-code')
  await scene.person.write(member.id, 'since it began')
  await until('the notice', async () => (await submit(deaf, 'typed')).includes('1 for workspace'))
})

test.concurrent('what is stored and was never shown waits too', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const first = await scene.host(scene.settings(member))
  await first.receiving()
  await scene.person.write(member.id, 'shown')
  await first.event(({ content }) => content === 'shown')
  await first.kill()
  // As a host leaves it that read nothing.
  ledgerRows(scene.path('state'), "UPDATE message SET state = 'received', attempts = 0 RETURNING ord")
  const deaf = await startDeaf(scene, member)
  await until('the notice', async () =>
    (await submit(deaf, 'typed')).includes(`1 for workspace ${member.id}`),
  )
})

test.concurrent('while another session receives nothing is asked or told, and it is not disturbed', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const holder = await scene.host(scene.settings(member))
  await holder.receiving()
  const deaf = scene.process(scene.settings(member), WITHOUT_CHANNEL)
  await deaf.connect('claude-code')
  await until('it to have decided', async () => (await call(deaf, 'status')).includes('started without'))
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
  // Under every result: that it does not receive, who does, and how to start one that does.
  const answer = await call(deaf, 'get_workspace_info')
  expect(answer).toContain('does not receive messages')
  expect(answer).toContain(`The session with pid ${holder.pid} (`)
  expect(answer).toContain('--dangerously-load-development-channels')
  expect(await call(deaf, 'claim_channel')).toContain('cannot receive messages')
})

test.concurrent('a platform that hangs, or refuses, holds up neither the prompt nor inbox', async () => {
  await using scene = await Scene.open()
  using platform = Bun.serve({ port: 0, fetch: () => new Promise<Response>(() => {}) })
  const settings = scene.settings(scene.member(), { MOLECULE_PLATFORM_URL: platform.url.origin })
  const deaf = scene.process(settings, WITHOUT_CHANNEL)
  await deaf.connect('claude-code')
  await until('it to have looked', () => platform.pendingRequests > 0)
  for (let n = 0; n < 3; n++) expect(await submit(deaf, 'typed')).toBe('{}')
  expect(await call(deaf, 'inbox')).toContain('Nothing is unanswered')
  deaf.endInput()
  expect(await deaf.exited()).toBe(0)
})
