import { expect, setDefaultTimeout, test } from 'bun:test'
import { chmodSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { systemDisk } from '../../base/sqlite.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { LockFile } from '../../member/folder/lock.ts'

setDefaultTimeout(300_000)

function envFile(scene: Scene, member: Member): string {
  const { MOLECULE_STATE_DIR: _, ...settings } = scene.settings(member)
  return Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

test.concurrent('without a configuration, every tool but status and those that configure says how to configure', async () => {
  await using scene = await Scene.open()
  const host = await scene.host({ MOLECULE_STATE_DIR: scene.path('state') })
  const { tools } = await host.client.listTools()
  expect(tools.length).toBeGreaterThan(4)
  const shown = tools.filter(({ _meta }) => JSON.stringify(_meta ?? {}).includes('"app"') === false)
  const local = ['status', 'configure_channel', 'allow_senders']
  for (const { name } of shown.filter((tool) => !local.includes(tool.name))) {
    const { text, isError } = await host.call(name)
    expect({ name, isError }).toEqual({ name, isError: true })
    expect(text).toContain('/molecule:configure')
  }
  const { text, isError } = await host.call('status')
  expect(isError).toBe(false)
  expect(text).toContain(`(environment; there is no ${scene.path('state', '.env')})`)
})

test.concurrent('writing, breaking and mending .env starts, stops and starts the channel', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const file = scene.path('state', '.env')
  const host = await scene.host({ MOLECULE_STATE_DIR: scene.newFolder('state') })
  const status = async (): Promise<string> => (await host.call('status')).text
  expect(await status()).toContain('configuration: NOT VALID')

  writeFileSync(file, envFile(scene, member), { mode: 0o600 })
  await host.receiving()
  await scene.person.write(member.id, 'after it was written')
  await host.event(({ content }) => content === 'after it was written')
  expect(await status()).toContain(` (${file})\n`)

  writeFileSync(file, 'MOLECULE_WORKSPACE_IDS=nonsense\n')
  await until('the channel to stop', async () => (await status()).includes('configuration: NOT VALID'))
  const lock = new LockFile(scene.path('state', 'locks', `${member.id}.lock`), systemDisk)
  expect(lock.tryTake()).toEqual({ state: 'held' })
  lock.close()
  await scene.person.write(member.id, 'while it was broken')
  expect((await host.call('send_message_to_user', { message: 'x' })).isError).toBe(true)

  writeFileSync(file, envFile(scene, member))
  await host.event(({ content }) => content === 'while it was broken')
  await scene.person.write(member.id, 'after it was mended')
  await host.event(({ content }) => content === 'after it was mended')
  // Nothing twice: it is one and the same session.
  expect(host.events.map(({ content }) => content)).toEqual([
    'after it was written',
    'while it was broken',
    'after it was mended',
  ])
})

test.concurrent('removing .env stops the channel', async () => {
  await using scene = await Scene.open()
  const file = scene.path('state', '.env')
  const host = await scene.host({ MOLECULE_STATE_DIR: scene.newFolder('state') })
  writeFileSync(file, envFile(scene, scene.member()), { mode: 0o600 })
  await host.receiving()
  rmSync(file)
  await until('the channel to stop', async () => (await host.call('status')).text.includes('receiving: no'))
})

test.concurrent('a .env that others can read is made private, and the log says so', async () => {
  await using scene = await Scene.open()
  const file = scene.path('state', '.env')
  scene.newFolder('state')
  writeFileSync(file, envFile(scene, scene.member()))
  chmodSync(file, 0o644)
  const host = await scene.host({ MOLECULE_STATE_DIR: scene.path('state') })
  // Not before the process is allowed to leave traces.
  expect(statSync(file).mode & 0o777).toBe(0o644)
  await host.receiving()
  expect(statSync(file).mode & 0o777).toBe(0o600)
  expect(scene.log()).toContain(`${file} was readable by others`)
})

test.concurrent('a change of the .env file that changes no setting disturbs nothing', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const file = scene.path('state', '.env')
  scene.newFolder('state')
  writeFileSync(file, envFile(scene, member), { mode: 0o600 })
  const host = await scene.host({ MOLECULE_STATE_DIR: scene.path('state') })
  await host.receiving()
  await scene.person.write(member.id, 'once')
  await host.event(({ content }) => content === 'once')
  // The plugin corrects the file mode whenever it reads the file.
  chmodSync(file, 0o644)
  writeFileSync(file, `# a remark\n${envFile(scene, member)}`)
  await until('the file to be read again', () => (statSync(file).mode & 0o077) === 0)
  await scene.person.write(member.id, 'and then')
  await host.event(({ content }) => content === 'and then')
  expect(host.events.map(({ content }) => content)).toEqual(['once', 'and then'])
  expect(scene.log()).not.toContain('the configuration changed')
})

test.concurrent('a changed setting restarts the channel and repeats nothing', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const host = await scene.host(scene.settings(member))
  await host.receiving()
  await scene.person.write(member.id, 'before')
  await host.event(({ content }) => content === 'before')
  writeFileSync(scene.path('state', '.env'), 'MOLECULE_AGENT_NAME=Another name\n', { mode: 0o600 })
  await until('the file to be read', () => scene.log().includes('the configuration changed'))
  await scene.person.write(member.id, 'after')
  await host.event(({ content }) => content === 'after')
  expect(host.events.map(({ content }) => content)).toEqual(['before', 'after'])
})
