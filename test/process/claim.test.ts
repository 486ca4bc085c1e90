import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import type { Host } from '../../lab/driver/host.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const texts = (host: Host): readonly string[] => host.events.map(({ content }) => content)
const status = async (host: Host): Promise<string> => (await host.call('status')).text

/** On the same settings, one session that receives and one that stands by. */
async function startPair(
  scene: Scene,
  settings: Readonly<Record<string, string>>,
): Promise<{ holder: Host; standby: Host }> {
  const holder = await scene.host(settings)
  await holder.receiving()
  const standby = await scene.host(settings)
  await until('the second to stand by', async () => (await status(standby)).includes('takes over'))
  return { holder, standby }
}

test.concurrent('claim_channel moves the channel here, loses nothing and repeats only unconfirmed messages', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const { holder, standby } = await startPair(scene, scene.settings(member))
  const lock = scene.path('state', 'locks', member.id)
  expect(readFileSync(`${lock}.holder`, 'utf8')).toStartWith(`${holder.pid}\n`)
  await scene.person.write(member.id, 'before')
  await holder.event(({ content }) => content === 'before')

  const remark = (await standby.call('list_peers')).text
  expect(remark).toContain(`does not receive messages: the session with pid ${holder.pid} (`)
  expect(remark).toContain('claim_channel')

  const { text, isError } = await standby.call('claim_channel')
  expect({ text, isError }).toEqual({
    text: `This session receives for workspace ${member.id}.`,
    isError: false,
  })
  expect(existsSync(`${lock}.claim`)).toBe(false)
  expect(readFileSync(`${lock}.holder`, 'utf8')).toStartWith(`${standby.pid}\n`)
  await scene.person.write(member.id, 'after')
  await standby.event(({ content }) => content === 'after')
  expect(texts(holder)).toEqual(['before'])
  const unmarked = standby.events.filter(({ meta }) => meta.redelivered === undefined)
  expect(unmarked.map(({ content }) => content)).toEqual(['after'])
  expect(await status(holder)).toContain(`held by the session with pid ${standby.pid} (`)

  // It moves back when the other session ends.
  await standby.kill()
  await holder.receiving()
  await scene.person.write(member.id, 'back')
  await holder.event(({ content }) => content === 'back')
  const again = holder.events.slice(1).filter(({ content }) => content !== 'back')
  expect(again.filter(({ meta }) => meta.redelivered !== 'true')).toEqual([])
})

test.concurrent('two sessions can each hold one of two workspaces', async () => {
  await using scene = await Scene.open()
  const [one, two] = [scene.member(), scene.member()]
  const { holder, standby } = await startPair(scene, scene.settings([one, two]))
  const claimed = await standby.call('claim_channel', { workspace_id: two.id.toUpperCase() })
  expect(claimed.text).toStartWith(`This session receives for workspace ${two.id}.`)
  await scene.person.write(one.id, 'for one')
  await scene.person.write(two.id, 'for two')
  await holder.event(({ content }) => content === 'for one')
  await standby.event(({ content }) => content === 'for two')
  expect([texts(holder), texts(standby)]).toEqual([['for one'], ['for two']])
  expect(await status(holder)).toContain('receiving: 1 of 2 workspaces')
  expect(await status(standby)).toContain('receiving: 1 of 2 workspaces')
  expect((await standby.call('list_peers', { _as_workspace: two.id })).text).toContain(
    'does not receive all messages',
  )
})

test.concurrent('a cancelled claim leaves everything as it was', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const { holder, standby } = await startPair(scene, scene.settings(member))
  // A stopped process keeps its locks and sees no claim.
  process.kill(holder.pid, 'SIGSTOP')
  const asked = new AbortController()
  const call = standby.client.callTool({ name: 'claim_channel', arguments: {} }, undefined, {
    signal: asked.signal,
  })
  const claim = scene.path('state', 'locks', `${member.id}.claim`)
  await until('the claim', () => existsSync(claim))
  asked.abort()
  expect(call).rejects.toThrow()
  await until('the claim to be gone', () => !existsSync(claim))
  process.kill(holder.pid, 'SIGCONT')
  await scene.person.write(member.id, 'after')
  await holder.event(({ content }) => content === 'after')
  expect(texts(standby)).toEqual([])
})

test.concurrent('claim_channel takes over from a session that is stopped, which repeats nothing once it continues', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const { holder, standby } = await startPair(scene, scene.settings(member))
  await scene.person.write(member.id, 'before')
  await holder.event(({ content }) => content === 'before')
  process.kill(holder.pid, 'SIGSTOP')
  await scene.person.write(member.id, 'meanwhile')
  await until('the standby to say so', async () => (await status(standby)).includes('is stopped (Ctrl-Z)'))
  expect((await standby.call('claim_channel')).text).toBe(`This session receives for workspace ${member.id}.`)
  await standby.event(({ content }) => content === 'meanwhile')
  process.kill(holder.pid, 'SIGCONT')
  await until('the other to stand by', async () => (await status(holder)).includes('receiving: no; '))
  await scene.person.write(member.id, 'after')
  await standby.event(({ content }) => content === 'after')
  expect(texts(holder)).toEqual(['before'])
  const marked = standby.events.map(({ content, meta }) => [content, meta.redelivered === 'true'])
  expect(marked).toEqual([
    ['before', true],
    ['meanwhile', false],
    ['after', false],
  ])
})
