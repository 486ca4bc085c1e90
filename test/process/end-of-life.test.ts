import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { systemDisk } from '../../base/sqlite.ts'
import { Gate, never } from '../../lab/driver/gate.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { end, runs } from '../../lab/driver/processes.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { LockFile } from '../../member/folder/lock.ts'

setDefaultTimeout(300_000)

type End = (plugin: PluginProcess) => unknown

const ENDS: readonly (readonly [string, End])[] = [
  ['the end of stdin', (plugin) => plugin.endInput()],
  ['SIGTERM', (plugin) => plugin.signal('SIGTERM')],
  ['SIGINT', (plugin) => plugin.signal('SIGINT')],
  ['SIGHUP', (plugin) => plugin.signal('SIGHUP')],
  [
    'a closed stdout',
    async (plugin) => {
      await plugin.closeStdout()
      // It notices with its next word to the host; the first may still fit into a closing pipe.
      await until('the process to notice', () => {
        try {
          plugin.write('{"jsonrpc":"2.0","id":99,"method":"ping"}\n')
        } catch {
          // EPIPE: nobody reads its input any more, so it is gone.
          return true
        }
        return plugin.exitCode !== null
      })
    },
  ],
]

/** Ends the process. A request that hangs would hold it for longer than this waits. */
async function exitCode(plugin: PluginProcess, how: End): Promise<number | null> {
  await how(plugin)
  await until('the process to end', () => plugin.exitCode !== null)
  return plugin.exitCode
}

function childrenOf(pid: number): readonly string[] {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return []
  return readdirSync(tasks).flatMap((task) => {
    const children = `${tasks}/${task}/children`
    return existsSync(children) ? readFileSync(children, 'utf8').split(' ').filter(Boolean) : []
  })
}

for (const [name, how] of ENDS) {
  test.concurrent(`${name} ends the process with 0, frees the lock and removes bot.pid`, async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const plugin = scene.process(scene.settings(member))
    await plugin.connect()
    await plugin.receiving()
    expect(readFileSync(scene.path('state', 'bot.pid'), 'utf8')).toStartWith(`${plugin.pid}\n`)
    expect(childrenOf(plugin.pid)).toEqual([])

    expect(await exitCode(plugin, how)).toBe(0)
    expect(existsSync(scene.path('state', 'bot.pid'))).toBe(false)
    const lock = new LockFile(scene.path('state', 'locks', `${member.id}.lock`), systemDisk)
    expect(lock.tryTake()).toEqual({ state: 'held' })
    lock.close()
  })
}

test.concurrent('SIGTERM ends the process although the platform hangs, and a call with it', async () => {
  await using scene = await Scene.open()
  await using gate = new Gate(scene.platform.url)
  let asked = 0
  gate.answer = () => {
    asked++
    return never()
  }
  const plugin = scene.process(scene.settings(scene.member(), { MOLECULE_PLATFORM_URL: gate.url }))
  await plugin.connect()
  await until('requests that hang', () => asked >= 2)
  plugin.notify('tools/call', { name: 'list_peers', arguments: {} })

  expect(await exitCode(plugin, () => plugin.signal('SIGTERM'))).toBe(0)
  expect(existsSync(scene.path('state', 'bot.pid'))).toBe(false)
})

/** What a platform does while the host ends the session. */
const STATES: readonly (readonly [string, (gate: Gate) => Response | Promise<Response>])[] = [
  ['hangs', never],
  ['asks to wait', () => new Response(null, { status: 429, headers: { 'Retry-After': '300' } })],
  ['fails', () => new Response(null, { status: 500 })],
  ['refuses the token', () => new Response(null, { status: 401 })],
  ['refuses everything', () => new Response(null, { status: 403 })],
  ['redirects', (gate) => Response.redirect(`${gate.url}/elsewhere`, 307)],
  ['answers with a web page', () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })],
  ['begins an answer and does not end it', () => new Response(beginning('['))],
  [
    'opens a stream and sends nothing',
    () => new Response(beginning(': ping'), { headers: { 'Content-Type': 'text/event-stream' } }),
  ],
]

function beginning(text: string): ReadableStream<string> {
  return new ReadableStream({ start: (controller) => controller.enqueue(text) })
}

test.concurrent('whatever its platforms do, the end of stdin ends the process', async () => {
  await using scene = await Scene.open()
  await using gates = new AsyncDisposableStack()
  const platforms = STATES.map(([name, answer]) => {
    const gate = gates.use(new Gate(scene.platform.url))
    const platform = { name, gate, asked: 0 }
    gate.answer = () => {
      platform.asked++
      return answer(gate)
    }
    return platform
  })
  const members = STATES.map(() => scene.member())
  const { MOLECULE_PLATFORM_URL: _, ...settings } = scene.settings(members)
  const urls = platforms.map(({ gate }) => gate.url).join(',')
  const plugin = scene.process({ ...settings, MOLECULE_PLATFORM_URLS: urls })
  await plugin.connect()
  await until('requests to every platform', () => platforms.every(({ asked }) => asked >= 2))
  expect(await exitCode(plugin, (ending) => ending.endInput())).toBe(0)
})

test.concurrent('a killed process leaves the lock free, and a bot.pid that stops no other process', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const first = scene.process(scene.settings(member))
  await first.connect()
  await first.receiving()
  first.signal('SIGKILL')
  await first.exited()
  expect(existsSync(scene.path('state', 'bot.pid'))).toBe(true)

  const next = scene.process(scene.settings(member))
  await next.connect()
  await next.receiving()
  expect(readFileSync(scene.path('state', 'bot.pid'), 'utf8')).toStartWith(`${next.pid}\n`)
})

/**
 * A host that dies while another of its children keeps the plugin's input open: a shell that starts this child and the
 * plugin, and then passes its own input on.
 */
const HOST = `
  mkfifo "$0/input"
  sleep 60 > "$0/input" 2> "$0/log" < "$0/log" & echo $! > "$0/child"
  "$@" < "$0/input" &
  exec cat > "$0/input"
`

test.concurrent('the process ends when the host is gone, even if another process keeps its input open', async () => {
  await using scene = await Scene.open()
  const folder = scene.newFolder('host')
  writeFileSync(`${folder}/log`, '')
  const plugin = scene.process(scene.settings(scene.member()), { wrapper: ['sh', '-c', HOST, folder] })
  await plugin.connect()
  await plugin.receiving()
  const pidFile = scene.path('state', 'bot.pid')
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0])
  const keeper = Number(readFileSync(`${folder}/child`, 'utf8'))
  try {
    plugin.signal('SIGKILL')
    await until('the process to end', () => !runs(pid))
    expect(runs(keeper)).toBe(true)
    expect(existsSync(pidFile)).toBe(false)
  } finally {
    end(keeper)
  }
})
