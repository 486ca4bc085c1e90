import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { Scene } from '../../lab/driver/scene.ts'

setDefaultTimeout(300_000)

test.concurrent('a pid file that names a stranger prevents no start, and no signal reaches the stranger', async () => {
  await using scene = await Scene.open()
  const stranger = Bun.spawn(['sleep', '600'], { stdio: ['ignore', 'ignore', 'ignore'] })
  try {
    const member = scene.member()
    writeFileSync(
      `${scene.newFolder('state')}/bot.pid`,
      `${stranger.pid}\n2026-01-01T00:00:00Z\n/somewhere\n`,
    )
    const host = await scene.host(scene.settings(member))
    await scene.person.write(member.id, 'hello')
    await host.event(({ content }) => content === 'hello')
    await host.close()
    expect([stranger.exitCode, stranger.signalCode]).toEqual([null, null])
  } finally {
    stranger.kill('SIGKILL')
  }
})

test.concurrent('a pid file that names this very process prevents no start either', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const path = `${scene.newFolder('state')}/bot.pid`
  // The shell becomes the plugin and keeps its pid.
  const wrapper = ['sh', '-c', `printf '%s\\n2026-01-01T00:00:00Z\\n/old\\n' $$ > "${path}"; exec "$@"`, 'sh']
  const plugin = scene.process(scene.settings(member), { wrapper })
  await plugin.connect()
  await plugin.receiving()
  expect(readFileSync(path, 'utf8')).toStartWith(`${plugin.pid}\n`)
  expect(readFileSync(path, 'utf8')).not.toContain('/old')
  plugin.endInput()
  expect(await plugin.exited()).toBe(0)
  expect(existsSync(path)).toBe(false)
})
