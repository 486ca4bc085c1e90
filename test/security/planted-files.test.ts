import { expect, setDefaultTimeout, test } from 'bun:test'
import {
  chmodSync,
  linkSync,
  lstatSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

test.concurrent('in a folder that others could write to, with their links in it, a session starts and writes to no file of theirs', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const state = scene.newFolder('state')
  const own = scene.path('own')
  writeFileSync(own, 'own')
  linkSync(own, scene.path('state', 'channel.log'))
  symlinkSync(own, scene.path('state', 'bot.pid'))
  linkSync(own, scene.path('state', 'issued-secrets.json'))
  const { mode } = statSync(own)
  chmodSync(state, 0o777)
  const host = await scene.host(scene.settings(member))
  await host.receiving()
  await scene.person.write(member.id, 'hello')
  await host.event(({ content }) => content === 'hello')
  await until('all files', () =>
    ['channel.log', 'bot.pid', 'issued-secrets.json'].every((name) => {
      const stat = lstatSync(scene.path('state', name))
      return stat.isFile() && stat.nlink === 1 && stat.size > 0
    }),
  )
  expect([readFileSync(own, 'utf8'), statSync(own).mode]).toEqual(['own', mode])
  expect(statSync(state).mode & 0o777).toBe(0o755)
  expect(scene.log()).toContain('others could write to the state folder')
})

test.concurrent('when a lock is a link, the session says what to remove, goes on without it, and receives once it is gone', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  scene.newFolder('state', 'locks')
  writeFileSync(scene.path('own'), 'own')
  const lock = scene.path('state', 'locks', `${member.id}.lock`)
  symlinkSync(scene.path('own'), lock)
  const host = await scene.host(scene.settings(member))
  await until('the reason in the log', () => scene.log().includes(`${lock} is not a regular file`))
  expect((await host.call('send_message_to_user', { message: 'here' })).isError).toBe(false)
  expect(readFileSync(scene.path('own'), 'utf8')).toBe('own')
  rmSync(lock)
  await host.receiving()
})
