import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { z } from 'zod'
import { currentBundle } from '../../lab/driver/bundle.ts'
import { startHangingPlatform } from '../../lab/driver/hanging-platform.ts'
import { type Answer, PluginProcess } from '../../lab/driver/plugin-process.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import packageFile from '../../package.json'

setDefaultTimeout(300_000)

const initializedSchema = z.object({
  protocolVersion: z.string(),
  capabilities: z.object({
    tools: z.object({}),
    experimental: z.object({ 'claude/channel': z.object({}) }),
  }),
  instructions: z.string(),
})

const UUID = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const LAST_LEGACY_REVISION = '2025-11-25'

function initialized({ result }: Answer): z.infer<typeof initializedSchema> {
  return initializedSchema.parse(result)
}

test.concurrent('initialize and the tool list are answered without any configuration', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process({ MOLECULE_STATE_DIR: scene.path('none') })
  expect(initialized(await plugin.initialize()).protocolVersion).toBe(LAST_LEGACY_REVISION)
  const { result } = await plugin.request('tools/list')
  expect(JSON.stringify(result)).toContain('"reply_to_workspace"')
})

test.concurrent('initialize is answered while the platform hangs, and before the first request to it', async () => {
  await using scene = await Scene.open()
  using platform = startHangingPlatform()
  const plugin = scene.process(scene.settings(scene.member(), { MOLECULE_PLATFORM_URL: platform.url }))
  initialized(await plugin.initialize())
  await plugin.request('tools/list')
  expect(platform.connections).toBe(0)
  await until('a request to the platform', () => platform.connections > 0)
  expect((await plugin.request('ping')).result).toEqual({})
})

test.concurrent('without a usable state folder the session can send but not receive', async () => {
  await using scene = await Scene.open()
  writeFileSync(scene.path('file'), '')
  const state = scene.path('file', 'state')
  const plugin = scene.process(scene.settings(scene.member(), { MOLECULE_STATE_DIR: state }))
  await plugin.connect()
  await until('status to tell', async () => (await plugin.call('status')).includes(`${state} cannot be used`))
  expect(await plugin.call('send_message_to_user', { message: 'hello' })).not.toContain('"isError"')
})

test.concurrent('server/discover is refused as an unknown method, and the connection goes on as a channel', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()))
  const probe = await plugin.request(
    'server/discover',
    { _meta: { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' } },
    'server-discover-probe-1',
  )
  expect(probe.error?.code).toBe(-32601)
  expect(initialized(await plugin.initialize('claude-code')).protocolVersion).toBe(LAST_LEGACY_REVISION)
})

test.concurrent('a host that asks for a later revision gets the last one with channels', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()))
  const answer = initialized(await plugin.initialize('claude-code', '2026-07-28'))
  expect(answer.protocolVersion).toBe(LAST_LEGACY_REVISION)
  expect(answer.capabilities.experimental).toEqual({ 'claude/channel': {} })
})

test('the SDK is pinned to major 1, which never negotiates a revision without channels', async () => {
  const name = '@modelcontextprotocol/sdk'
  const installed = z
    .object({ version: z.string() })
    .parse(await Bun.file(new URL(`../../node_modules/${name}/package.json`, import.meta.url)).json())
  expect(packageFile.dependencies[name]).toMatch(/^1\.\d+\.\d+$/)
  expect(installed.version).toBe(packageFile.dependencies[name])
})

test.concurrent('what the host writes before the program runs is read', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()))
  // All of it is in the pipe before the new process executes a line.
  const answers = [plugin.initialize(), plugin.request('tools/list'), plugin.request('ping')]
  for (const { error } of await Promise.all(answers)) expect(error).toBeUndefined()
})

test.concurrent('requests right before the end of input are answered', async () => {
  await using scene = await Scene.open()
  const plugin = scene.process(scene.settings(scene.member()))
  const answers = [
    plugin.initialize(),
    plugin.request('tools/list'),
    plugin.request('tools/call', { name: 'status', arguments: {} }),
    plugin.request('ping'),
  ]
  plugin.endInput()
  for (const { error } of await Promise.all(answers)) expect(error).toBeUndefined()
  expect(await plugin.exited()).toBe(0)
})

test.concurrent('stdout carries nothing but JSON-RPC, whatever goes wrong, and no request stays without an answer', async () => {
  await using scene = await Scene.open()
  scene.platform.setFaults({ answers: [{ kind: 'html', times: 0 }] })
  const plugin = scene.process(
    scene.settings(scene.member(), { MOLECULE_LOG_LEVEL: 'debug', MOLECULE_POLL_INTERVAL_MS: 'soon' }),
  )
  plugin.write('\uFEFF{"jsonrpc":"2.0","id":"marked","method":"ping"}\n')
  plugin.write('garbage\n{"half":\n\n[]\n{"jsonrpc":"2.0"}\n')
  await plugin.connect()
  plugin.write('[{"jsonrpc":"2.0","id":"in a batch","method":"ping"}]\n')
  const large = await plugin.request('ping', { text: 'x'.repeat(11 * 1024 * 1024) })
  expect(large.error).toMatchObject({ message: 'the message is too large: 11 MB of at most 10' })
  await plugin.request('no/such/method')
  await plugin.call('no_such_tool')
  await plugin.call('list_peers')
  await until('an error of the platform in the log', () => plugin.stderr.includes('cannot read its inbox'))
  plugin.signal('SIGTERM')
  await plugin.exited()
  for (const id of ['marked', 'in a batch', null]) {
    expect(plugin.lines.filter((line) => JSON.parse(line).id === id)).toHaveLength(1)
  }
  for (const line of plugin.lines) expect(JSON.parse(line)).toMatchObject({ jsonrpc: '2.0' })
})

/** A hostile repository that the user cloned: it brings a preload and settings of its own. */
async function hostileProject(scene: Scene): Promise<{ folder: string; marker: string }> {
  const folder = scene.newFolder('project')
  const marker = scene.path('was-here')
  await Bun.write(`${folder}/bunfig.toml`, 'preload = ["./preload.ts"]\n')
  await Bun.write(`${folder}/preload.ts`, `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '')\n`)
  await Bun.write(
    `${folder}/.env`,
    `MOLECULE_WORKSPACE_IDS=${UUID}\nMOLECULE_WORKSPACE_TOKENS=planted-token-0123456789\nMOLECULE_PLATFORM_URL=${scene.platform.url}\n`,
  )
  return { folder, marker }
}

test.concurrent('started as the manifest says, the user’s project folder has no effect', async () => {
  await using scene = await Scene.open()
  const { folder, marker } = await hostileProject(scene)
  // The exact command line, with the committed bundle.
  await using plugin = new PluginProcess({ env: { MOLECULE_STATE_DIR: scene.path('state') }, cwd: folder })
  await plugin.connect()
  expect(await plugin.call('status')).toContain('configuration: NOT VALID')
  expect(existsSync(marker)).toBe(false)
})

test.concurrent('without these flags the same folder would run code inside the process', async () => {
  await using scene = await Scene.open()
  const { folder, marker } = await hostileProject(scene)
  const bare = Bun.spawn([process.execPath, await currentBundle()], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'ignore'],
  })
  await bare.exited
  expect(existsSync(marker)).toBe(true)
})
