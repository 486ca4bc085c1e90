import { Database } from 'bun:sqlite'
import { expect, setDefaultTimeout, test } from 'bun:test'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { MountedFolder, mayMount } from '../../lab/driver/mounted-folder.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const QUICK = { MOLECULE_POLL_INTERVAL_MS: '250', MOLECULE_HEARTBEAT_INTERVAL_MS: '1000' }
const canMount = mayMount()
if (!canMount) console.log('skipped: this user may not mount a file system')

async function start(scene: Scene, member: Member): Promise<PluginProcess> {
  const plugin = scene.process(scene.settings(member, QUICK))
  await plugin.connect()
  return plugin
}

const texts = (plugin: PluginProcess): string[] => plugin.events.map(({ content }) => content)

async function exchange(scene: Scene, member: Member, plugin: PluginProcess, text: string): Promise<void> {
  await scene.person.write(member.id, text)
  await until(`the message ${text}`, () => texts(plugin).includes(text))
}

async function ends(plugin: PluginProcess): Promise<void> {
  plugin.endInput()
  await until('the process to end', () => plugin.exitCode !== null)
  expect(plugin.exitCode).toBe(0)
}

/** Survives a disk that cannot be written: loses and repeats nothing, tells in `status`, and can still end. */
async function survive(
  scene: Scene,
  begin: (plugin: PluginProcess) => void,
  end: (plugin: PluginProcess) => void,
) {
  const member = scene.member()
  const plugin = await start(scene, member)
  await plugin.receiving()
  await exchange(scene, member, plugin, 'before')
  begin(plugin)
  for (const text of ['meanwhile, 1', 'meanwhile, 2']) await scene.person.write(member.id, text)
  await until('status to tell', async () =>
    /last error: [^\\]*(full|disk|readonly|I\/O)/.test(await plugin.call('status')),
  )
  end(plugin)
  await exchange(scene, member, plugin, 'after')
  expect(texts(plugin)).toEqual(['before', 'meanwhile, 1', 'meanwhile, 2', 'after'])
  expect(plugin.events.filter(({ meta }) => 'redelivered' in meta)).toEqual([])
  begin(plugin)
  await ends(plugin)
}

test.concurrent.skipIf(!canMount)('a full disk holds delivery up and loses nothing', async () => {
  await using scene = await Scene.open()
  using disk = new MountedFolder(scene.path('state'), 512 * 1024)
  const filler = `${disk.path}/filler`
  const fill = (): void => {
    const file = openSync(filler, 'w')
    try {
      for (const chunk = Buffer.alloc(1024); ; ) writeSync(file, chunk)
    } catch {
      // It is full now.
    } finally {
      closeSync(file)
    }
  }
  await survive(scene, fill, () => rmSync(filler))
})

test
  .skipIf(Bun.which('prlimit') === null)
  .concurrent('a limit on file sizes holds delivery up, kills nobody, and loses nothing', async () => {
    await using scene = await Scene.open()
    const limit = (plugin: PluginProcess, bytes: string): void => {
      const { success, stderr } = Bun.spawnSync(['prlimit', '--pid', String(plugin.pid), `--fsize=${bytes}:`])
      if (!success) throw new Error(`prlimit: ${stderr}`)
    }
    await survive(
      scene,
      (plugin) => limit(plugin, '4096'),
      (plugin) => limit(plugin, 'unlimited'),
    )
  })

test.concurrent.skipIf(!canMount)(
  'status reports a read-only folder, which is used once it can be',
  async () => {
    await using scene = await Scene.open()
    using disk = new MountedFolder(scene.path('state'), 1024 * 1024)
    disk.setReadOnly(true)
    const member = scene.member()
    const plugin = await start(scene, member)
    await until('status to tell', async () =>
      /cannot be used: .*(EROFS|read-only)/.test(await plugin.call('status')),
    )
    await scene.person.write(member.id, 'meanwhile')
    // Sending needs no ledger.
    expect(await plugin.call('send_message_to_user', { message: 'still here' })).not.toContain('isError')
    disk.setReadOnly(false)
    await until('the message', () => texts(plugin).includes('meanwhile'))
    await ends(plugin)
  },
)

test.concurrent('status reports a state path below a file, which is used once it can be, and the process can still end', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  writeFileSync(scene.path('file'), '')
  const begin = async (): Promise<PluginProcess> => {
    const plugin = scene.process(scene.settings(member, QUICK, 'file/state'))
    await plugin.connect()
    await until('status to tell', async () => /cannot be used: .*ENOTDIR/.test(await plugin.call('status')))
    return plugin
  }
  await ends(await begin())
  const plugin = await begin()
  rmSync(scene.path('file'))
  await plugin.receiving()
  await exchange(scene, member, plugin, 'hello')
})

/**
 * Overwrites the first page of a table, an index or the file, as another program would: inside a transaction, so that
 * the plugin reads all pages again.
 */
async function damage(path: string, name: string | undefined): Promise<void> {
  using ledger = new Database(path)
  ledger.run('PRAGMA busy_timeout = 2000')
  const count = (which: string): number =>
    ledger.query<{ n: number }, []>(`SELECT count(*) AS n FROM ${which}`).get()?.n ?? 0
  // From then on the plugin writes nothing over the damage.
  await until(
    'all to be recorded',
    () => count('message') > 0 && count("message WHERE state <> 'sent'") === 0,
  )
  ledger.run('PRAGMA wal_checkpoint(TRUNCATE)')
  const root = ledger.query<{ rootpage: number }, [string]>(
    'SELECT rootpage FROM sqlite_schema WHERE name = ?',
  )
  const page = name === undefined ? 1 : (root.get(name)?.rootpage ?? 1)
  const size = ledger.query<{ page_size: number }, []>('PRAGMA page_size').get()?.page_size ?? 0
  const overwrite = ledger.transaction(() => {
    // A real change: SQLite writes nothing for one that leaves all bytes as they are.
    ledger.run('UPDATE cursor SET checked_at = checked_at + 1')
    const file = openSync(path, 'r+')
    writeSync(file, Buffer.alloc(size, 0xa5), 0, size, (page - 1) * size)
    closeSync(file)
  })
  overwrite.immediate()
}

const asideIn = (scene: Scene): string[] =>
  readdirSync(scene.path('state')).filter((name) => /damaged-\d+$/.test(name))

const expectRebuilt = (scene: Scene, carriedOver: RegExp): void => {
  expect(scene.log()).toMatch(carriedOver)
  expect(asideIn(scene)).toHaveLength(1)
  expect(scene.log()).toContain(asideIn(scene)[0] ?? '')
}

for (const [what, name, carriedOver] of [
  [
    'an index of the messages',
    'message_received',
    /[1-9]\d* messages were carried over, and where reading stopped/,
  ],
  ['the whole file', undefined, /nothing of it could be read/],
] as const) {
  test.concurrent(`damage to ${what} while the ledger is open: it is rebuilt, and nothing is repeated unmarked`, async () => {
    await using scene = await Scene.open()
    const member = scene.member()
    const plugin = await start(scene, member)
    await plugin.receiving()
    await exchange(scene, member, plugin, 'before')
    await damage(scene.path('state', 'ledger.db'), name)
    await scene.person.write(member.id, 'meanwhile')
    // `status` answers whatever state the ledger is in.
    await until('a new ledger', async () => {
      expect(await plugin.call('status')).not.toContain('isError')
      return asideIn(scene).length > 0
    })
    await until('the message', () => texts(plugin).includes('meanwhile'))
    await exchange(scene, member, plugin, 'after')
    const unmarked = plugin.events
      .filter(({ meta }) => !('redelivered' in meta))
      .map(({ content }) => content)
    expect(unmarked.filter((text, index) => unmarked.indexOf(text) !== index)).toEqual([])
    expect(texts(plugin).slice(-1)).toEqual(['after'])
    expectRebuilt(scene, carriedOver)
    await ends(plugin)
  })
}

test.concurrent('damage to the messages between two sessions: what came meanwhile is shown, and nothing is repeated unmarked', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const first = await start(scene, member)
  await first.receiving()
  await exchange(scene, member, first, 'before')
  await ends(first)
  await damage(scene.path('state', 'ledger.db'), 'message')
  await scene.person.write(member.id, 'meanwhile')
  const second = await start(scene, member)
  await until('the message', () => texts(second).includes('meanwhile'))
  const repeats = second.events.filter(({ content }) => content === 'before')
  expect(repeats.filter(({ meta }) => !('redelivered' in meta))).toEqual([])
  expectRebuilt(scene, /0 messages were carried over, and where reading stopped/)
})

test.concurrent('a deleted ledger is rebuilt, and a message that this session showed is repeated marked, if at all', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const plugin = await start(scene, member)
  await plugin.receiving()
  await exchange(scene, member, plugin, 'before')
  const ledger = scene.path('state', 'ledger.db')
  rmSync(ledger)
  await until('a new ledger', () => existsSync(ledger))
  await plugin.receiving()
  await exchange(scene, member, plugin, 'after')
  const [first, ...again] = plugin.events.filter(({ content }) => content === 'before')
  expect(first?.meta).not.toHaveProperty('redelivered')
  for (const { meta } of again) expect(meta.redelivered).toBe('true')
})

test.concurrent('a replaced state folder is used from then on, and the session can still end', async () => {
  await using scene = await Scene.open()
  const member = scene.member()
  const plugin = await start(scene, member)
  await plugin.receiving()
  await exchange(scene, member, plugin, 'before')
  renameSync(scene.path('state'), scene.path('elsewhere'))
  mkdirSync(scene.path('state'), { mode: 0o700 })
  await until('the new folder to be used', () => scene.log().includes('the state folder was replaced'))
  await plugin.receiving()
  await exchange(scene, member, plugin, 'after')
  rmSync(scene.path('state'), { recursive: true })
  await ends(plugin)
})
