import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

/** Someone else's process, which any signal would end. */
function stranger(): Bun.Subprocess {
  return Bun.spawn(['sleep', '60'], { stdio: ['ignore', 'ignore', 'ignore'] })
}

/** A parent that never collects its child, and the child, which ends as soon as the parent is like that. */
async function zombie(): Promise<{ readonly parent: Bun.Subprocess; readonly pid: number }> {
  const parent = Bun.spawn(
    [
      'sh',
      '-c',
      `(while read -r name </proc/$$/comm && [ "$name" != sleep ]; do :; done) & echo $!; exec sleep 60`,
    ],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  )
  const { value } = await parent.stdout.getReader().read()
  const pid = Number(new TextDecoder().decode(value))
  await until('the child to end', () => readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z '))
  return { parent, pid }
}

const record = (pid: number): string => `${pid}\n2026-01-01T00:00:00Z\n/somewhere\n`

/** What may be in place of the pid file, each in a state folder of its own. */
const FINDS: readonly (readonly [
  string,
  (path: string, ids: { stranger: number; zombie: number }) => void,
])[] = [
  ['a stranger', (path, ids) => writeFileSync(path, record(ids.stranger))],
  ['a zombie', (path, ids) => writeFileSync(path, record(ids.zombie))],
  ['the first process', (path) => writeFileSync(path, record(1))],
  ['our parent', (path) => writeFileSync(path, record(process.pid))],
  ['every process', (path) => writeFileSync(path, record(-1))],
  ['our group', (path) => writeFileSync(path, record(0))],
  ['nobody', (path) => writeFileSync(path, record(2 ** 30))],
  ['garbage', (path) => writeFileSync(path, Buffer.alloc(5_000, 0xa5))],
  ['nothing', (path) => writeFileSync(path, '')],
  // A link to itself, since file modes do not bind everyone.
  ['a file that cannot be read', (path) => symlinkSync(path, path)],
  ['a folder', (path) => mkdirSync(path)],
]

test.concurrent('a pid file prevents no start and gets no process signalled, whatever is in its place', async () => {
  await using scene = await Scene.open()
  const other = stranger()
  const { parent, pid } = await zombie()
  try {
    await Promise.all(
      FINDS.map(async ([what, put], index) => {
        const member = scene.member()
        const state = `state-${index}`
        put(`${scene.newFolder(state)}/bot.pid`, { stranger: other.pid, zombie: pid })
        const host = await scene.host(scene.settings(member, {}, state))
        await scene.person.write(member.id, what)
        await host.event(({ content }) => content === what)
        expect((await host.call('status')).isError).toBe(false)
        await host.close()
      }),
    )
    expect([other.exitCode, other.signalCode, parent.exitCode, parent.signalCode]).toEqual([
      null,
      null,
      null,
      null,
    ])
  } finally {
    other.kill('SIGKILL')
    parent.kill('SIGKILL')
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
