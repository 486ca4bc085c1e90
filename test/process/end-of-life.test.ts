import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { Gate, never } from '../../lab/driver/gate.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { LockFile } from '../../member/folder/lock.ts'

setDefaultTimeout(20_000)

/** A host kills half a second after it has asked; how far below that the end lies is measured by the benchmark. */
const KILLED_AFTER_MS = 1_000

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
      // Noticed at the next word to the host; the first may still fit into a pipe that is just being closed.
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

async function endOf(plugin: PluginProcess, end: End): Promise<{ code: number; ms: number }> {
  const from = performance.now()
  await end(plugin)
  const code = await plugin.exited()
  return { code, ms: performance.now() - from }
}

function childrenOf(pid: number): readonly string[] {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return []
  return readdirSync(tasks).flatMap((task) => {
    const children = `${tasks}/${task}/children`
    return existsSync(children) ? readFileSync(children, 'utf8').split(' ').filter(Boolean) : []
  })
}

for (const [name, end] of ENDS) {
  test.concurrent(`${name} ends the process with 0, the lock free and bot.pid gone`, async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const plugin = scene.process(scene.settings(member))
    await plugin.connect()
    await plugin.receiving()
    expect(readFileSync(scene.path('state', 'bot.pid'), 'utf8')).toStartWith(`${plugin.pid}\n`)
    expect(childrenOf(plugin.pid)).toEqual([])

    const { code, ms } = await endOf(plugin, end)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(KILLED_AFTER_MS)
    expect(existsSync(scene.path('state', 'bot.pid'))).toBe(false)
    const lock = new LockFile(scene.path('state', 'locks', `${member.id}.lock`))
    expect(lock.tryTake()).toEqual({ state: 'held' })
    lock.close()
  })

  test.concurrent(`${name} ends the process as quickly while the platform hangs`, async () => {
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

    const { code, ms } = await endOf(plugin, end)
    expect(code).toBe(0)
    expect(ms).toBeLessThan(KILLED_AFTER_MS)
    expect(existsSync(scene.path('state', 'bot.pid'))).toBe(false)
  })
}

/** What a platform does while the host ends the session. */
const STATES: readonly (readonly [string, (gate: Gate) => Response | Promise<Response>])[] = [
  ['asks to wait', () => new Response(null, { status: 429, headers: { 'Retry-After': '300' } })],
  ['fails', () => new Response(null, { status: 500 })],
  ['refuses the token', () => new Response(null, { status: 401 })],
  ['refuses everything', () => new Response(null, { status: 403 })],
  ['redirects', (gate) => Response.redirect(`${gate.url}/elsewhere`, 307)],
  ['answers with a web page', () => new Response('<html>', { headers: { 'Content-Type': 'text/html' } })],
  ['begins an answer and does not end it', () => new Response(beginning('['))],
  [
    'opens a stream and says nothing',
    () => new Response(beginning(': ping'), { headers: { 'Content-Type': 'text/event-stream' } }),
  ],
]

function beginning(text: string): ReadableStream<string> {
  return new ReadableStream({ start: (controller) => controller.enqueue(text) })
}

test.concurrent('whatever the platform does, nothing keeps the process alive after the end of stdin', async () => {
  await using scene = await Scene.open()
  const code = async ([name, answer]: (typeof STATES)[number], index: number): Promise<unknown> => {
    await using gate = new Gate(scene.platform.url)
    let asked = 0
    gate.answer = () => {
      asked++
      return answer(gate)
    }
    const env = scene.settings(scene.member(), { MOLECULE_PLATFORM_URL: gate.url }, `state-${index}`)
    const plugin = scene.process(env)
    await plugin.connect()
    await until('the platform to be met', () => asked >= 3)
    const { code, ms } = await endOf(plugin, (ended) => ended.endInput())
    return { name, code, quick: ms < KILLED_AFTER_MS }
  }
  expect(await Promise.all(STATES.map(code))).toEqual(
    STATES.map(([name]) => ({ name, code: 0, quick: true })),
  )
})

test.concurrent('a killed process leaves a lock that is free and a bot.pid that stops nobody', async () => {
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
