import { expect, setDefaultTimeout, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import { engines } from '../../package.json'
import { startProgram } from '../../scripts/bundle.ts'

setDefaultTimeout(300_000)

const start = await startProgram()

/** The plugin's two programs, with the bundle given. */
function folderWith(folder: TemporaryFolder, bundle: string | undefined, bun = engines.bun): string {
  writeFileSync(folder.file('start.js'), start.replace(engines.bun, bun))
  if (bundle !== undefined) writeFileSync(folder.file('server.js'), bundle)
  return folder.file('start.js')
}

/** A plugin that needs a Bun nobody has, and a bundle that no Bun can read. */
const tooNew = (folder: TemporaryFolder): string => folderWith(folder, 'this is no JavaScript', '>=99.0.0')

test('what starts the bundle is run as it is: compiling it would cost every session 2 MiB', () => {
  expect(start).toStartWith('// @bun\n')
})

test.concurrent.each([
  ['is damaged', '<<<<<<< HEAD\n', 'Unexpected'],
  ['is missing', undefined, 'Cannot find module'],
  ['needs what this Bun has not', "import { nothing } from 'node:util'\nnothing()\n", 'nothing'],
  ['fails at once', "throw new Error('out of luck')\n", 'out of luck'],
])('a bundle that %s is explained by the tool `status`', async (_, bundle, reason) => {
  using folder = temporaryFolder()
  await using plugin = new PluginProcess({ env: {}, script: folderWith(folder, bundle) })
  await plugin.initialize('claude-code')
  const said = await plugin.call('status')
  expect(said).toContain('The Molecule channel could not start')
  expect(said).toContain(reason)
})

test.concurrent('on an old Bun the handshake succeeds, and the tool `status` says which one is needed', async () => {
  using folder = temporaryFolder()
  await using plugin = new PluginProcess({ env: {}, script: tooNew(folder) })
  const { result } = await plugin.initialize('claude-code')
  expect(result).toMatchObject({ serverInfo: { name: 'molecule' }, capabilities: { tools: {} } })
  const listed = await plugin.request('tools/list')
  expect(listed.result).toMatchObject({ tools: [{ name: 'status' }] })
  const sentence = `needs Bun 99.0.0 or newer, but was started with Bun ${Bun.version}`
  expect(await plugin.call('status')).toContain(sentence)
  expect(plugin.stderr).toContain(sentence)
  const other = await plugin.request('tools/call', { name: 'reply_to_workspace', arguments: {} })
  expect(other.result).toMatchObject({ isError: true })
})

test.concurrent('on an old Bun the prompt hook stays silent, unknown requests are refused, and it ends with its input', async () => {
  using folder = temporaryFolder()
  await using plugin = new PluginProcess({ env: {}, script: tooNew(folder) })
  plugin.write('\uFEFF{"jsonrpc":"2.0","id":"marked","method":"ping"}\n')
  plugin.write('[{"jsonrpc":"2.0","id":"in a batch","method":"ping"}, 7]\n')
  plugin.write('garbage\n[]\nnull\n{"jsonrpc":"2.0","method":"notifications/initialized"}\n')
  const receipt = await plugin.request('tools/call', {
    name: 'channel_receipt',
    arguments: { prompt: 'hello' },
  })
  expect(receipt.result).toEqual({ content: [{ type: 'text', text: '{}' }] })
  expect((await plugin.request('server/discover')).error?.code).toBe(-32601)
  expect((await plugin.request('ping')).result).toEqual({})
  plugin.endInput()
  expect(await plugin.exited()).toBe(0)
  expect(plugin.lines.map((line) => JSON.parse(line).id).slice(0, 2)).toEqual(['marked', 'in a batch'])
  expect(plugin.lines).toHaveLength(5)
})
