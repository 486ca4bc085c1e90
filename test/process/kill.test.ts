import { Database } from 'bun:sqlite'
import { expect, setDefaultTimeout, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import type { EventParams } from '../../lab/driver/channel-event.ts'
import { MessageRun, sawLast } from '../../lab/driver/message-run.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { UnreadPipe } from '../../lab/driver/unread-pipe.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(30_000)

const ROUNDS = 10
const ROWS = 100
const CHARACTERS = 8_000

interface Waiting {
  readonly messages: MessageRun
  readonly settings: Readonly<Record<string, string>>
}

/** A workspace with rows that wait, and the settings of a plugin that has never run. */
async function prepare(scene: Scene, rows: number, name: string): Promise<Waiting> {
  const member = scene.member()
  const messages = new MessageRun(scene.person, member)
  await messages.write(rows, CHARACTERS)
  return { messages, settings: scene.settings(member, { MOLECULE_POLL_WINDOW_SECS: '3600' }, name) }
}

/** A session that is left alone until it has given everything. */
async function finish(scene: Scene, { messages, settings }: Waiting): Promise<readonly EventParams[]> {
  const plugin = scene.process(settings)
  await plugin.connect()
  await messages.writeLast()
  await until('everything to be given', () => sawLast(plugin.events), 15_000)
  return plugin.events
}

/** A session that dies the moment its host has read an event. */
async function dieAtFirstEvent(scene: Scene, { settings }: Waiting): Promise<readonly EventParams[]> {
  const plugin = scene.process(settings, { onEvent: (_event, process) => process.signal('SIGKILL') })
  await plugin.connect()
  await plugin.exited()
  return plugin.events
}

/** How many messages the ledger has in each state. */
function counts(scene: Scene, name: string): Readonly<Partial<Record<string, number>>> {
  const path = scene.path(name, 'ledger.db')
  if (!existsSync(path)) return {}
  using ledger = new Database(path, { readonly: true })
  ledger.run('PRAGMA busy_timeout = 1000')
  const tables = ledger.query("SELECT 1 FROM sqlite_schema WHERE name = 'message'").all()
  if (tables.length === 0) return {}
  const rows = ledger
    .query<{ state: string; n: number }, []>('SELECT state, count(*) AS n FROM message GROUP BY state')
    .all()
  return Object.fromEntries(rows.map(({ state, n }) => [state, n]))
}

function stored(scene: Scene, name: string): number {
  return Object.values(counts(scene, name)).reduce((sum: number, n = 0) => sum + n, 0)
}

/** Starts a session whose host reads nothing once the handshake is done, and waits until its pipe is full. */
async function startUnread(
  scene: Scene,
  { settings }: Waiting,
  name: string,
  pipe: UnreadPipe,
): Promise<PluginProcess> {
  const plugin = scene.process(settings, { stdout: pipe.writeEnd })
  pipe.flow((text) => plugin.feed(text))
  await plugin.connect()
  pipe.stall()
  await until('messages to be under way', () => (counts(scene, name).sending ?? 0) > 0)
  return plugin
}

test.concurrent('killed at the first delivered row, ten times: none is lost, order is kept, repeats are marked', async () => {
  await using scene = await Scene.open()
  const round = async (index: number): Promise<void> => {
    const waiting = await prepare(scene, ROWS, `state-${index}`)
    const first = await dieAtFirstEvent(scene, waiting)
    expect(first.length).toBeGreaterThan(0)
    const second = await finish(scene, waiting)
    expect(waiting.messages.judge(first, second).faults).toEqual([])
  }
  await Promise.all(Array.from({ length: ROUNDS }, (_, index) => round(index)))
})

test.concurrent('killed twice in a row at the first delivered row: the third session gives the rest', async () => {
  await using scene = await Scene.open()
  const waiting = await prepare(scene, ROWS, 'state')
  const first = await dieAtFirstEvent(scene, waiting)
  const second = await dieAtFirstEvent(scene, waiting)
  const third = await finish(scene, waiting)
  expect(waiting.messages.judge(first, second, third).faults).toEqual([])
})

for (const afterwards of ['reads what lies in the pipe', 'reads nothing any more'] as const) {
  test.concurrent(`killed while the host does not read, which then ${afterwards}: none is lost`, async () => {
    await using scene = await Scene.open()
    using pipe = new UnreadPipe(scene.path('pipe'))
    const waiting = await prepare(scene, ROWS, 'state')
    const plugin = await startUnread(scene, waiting, 'state', pipe)
    plugin.signal('SIGKILL')
    await plugin.exited()
    if (afterwards === 'reads what lies in the pipe') plugin.feed(pipe.read())
    const second = await finish(scene, waiting)
    expect(waiting.messages.judge(plugin.events, second).faults).toEqual([])
  })
}

/** Megabytes of a process in memory. */
function memoryOf(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
}

/** The bound on waiting messages, and one page that may come on top. */
const MOST_STORED = 600
/** Half of the text that comes to wait at the platform meanwhile: buffers of passing requests, and no more. */
const MORE_ROWS = 4_000
const MOST_GROWTH_MB = 16

test.concurrent('a host that does not read costs no growing memory, and is given all when it reads on', async () => {
  await using scene = await Scene.open()
  using pipe = new UnreadPipe(scene.path('pipe'))
  const waiting = await prepare(scene, 1_000, 'state')
  const plugin = await startUnread(scene, waiting, 'state', pipe)
  await until('as many to be stored as may wait', () => stored(scene, 'state') >= 500)
  const before = memoryOf(plugin.pid)
  await waiting.messages.write(MORE_ROWS, CHARACTERS)
  expect(stored(scene, 'state')).toBeLessThanOrEqual(MOST_STORED)
  expect(memoryOf(plugin.pid) - before).toBeLessThan(MOST_GROWTH_MB)

  pipe.flow((text) => plugin.feed(text))
  await waiting.messages.writeLast()
  await until('everything to be given', () => sawLast(plugin.events), 15_000)
  expect(waiting.messages.judge(plugin.events)).toMatchObject({ faults: [], marked: 0 })
})
