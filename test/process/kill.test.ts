import { expect, setDefaultTimeout, test } from 'bun:test'
import { z } from 'zod'
import type { EventParams } from '../../lab/driver/channel-event.ts'
import { ledgerRows } from '../../lab/driver/ledger-rows.ts'
import { MessageRun, sawLast } from '../../lab/driver/message-run.ts'
import type { PluginProcess } from '../../lab/driver/plugin-process.ts'
import { Scene } from '../../lab/driver/scene.ts'
import { UnreadPipe } from '../../lab/driver/unread-pipe.ts'
import { until } from '../../lab/driver/until.ts'

setDefaultTimeout(300_000)

const ROUNDS = 3
const ROWS = 100
/** All rows together are more than a pipe holds. */
const CHARACTERS = 1_000

/** A workspace with waiting messages, and the settings of a plugin that has never run. */
interface Waiting {
  readonly messages: MessageRun
  readonly settings: Readonly<Record<string, string>>
  readonly stateFolder: string
}

async function prepare(scene: Scene, rows: number, name = 'state'): Promise<Waiting> {
  const member = scene.member()
  const messages = new MessageRun(scene.person, member)
  await messages.write(rows, CHARACTERS)
  const settings = scene.settings(member, { MOLECULE_POLL_WINDOW_SECS: '3600' }, name)
  return { messages, settings, stateFolder: scene.path(name) }
}

/** A session left alone until it has shown everything. */
async function finish(scene: Scene, { messages, settings }: Waiting): Promise<readonly EventParams[]> {
  const plugin = scene.process(settings)
  await plugin.connect()
  await messages.writeLast()
  await until('everything to be shown', () => sawLast(plugin.events))
  return plugin.events
}

/** A session that dies the moment its host has read an event. */
async function dieAtFirstEvent(scene: Scene, { settings }: Waiting): Promise<readonly EventParams[]> {
  const plugin = scene.process(settings, { onEvent: (_event, process) => process.signal('SIGKILL') })
  await plugin.connect()
  await plugin.exited()
  return plugin.events
}

const countSchema = z.tuple([z.object({ n: z.number() })]).catch([{ n: 0 }])

/** How many messages the ledger has, or how many in one state. */
function stored({ stateFolder }: Waiting, state?: string): number {
  const where = state === undefined ? '' : ` WHERE state = '${state}'`
  return countSchema.parse(ledgerRows(stateFolder, `SELECT count(*) AS n FROM message${where}`))[0].n
}

/** Starts a session whose host stops reading after the handshake, and waits until its pipe is full. */
async function startUnread(scene: Scene, waiting: Waiting, pipe: UnreadPipe): Promise<PluginProcess> {
  const plugin = scene.process(waiting.settings, { stdout: pipe.writeEnd })
  pipe.flow((text) => plugin.feed(text))
  await plugin.connect()
  pipe.stall()
  await until('messages to be in flight', () => stored(waiting, 'sending') > 0)
  return plugin
}

test.concurrent('killed at the first event, three times: nothing is lost, order is kept, and repeats are marked', async () => {
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

test.concurrent('killed twice in a row at the first event: the third session shows the rest', async () => {
  await using scene = await Scene.open()
  const waiting = await prepare(scene, ROWS)
  const first = await dieAtFirstEvent(scene, waiting)
  const second = await dieAtFirstEvent(scene, waiting)
  const third = await finish(scene, waiting)
  expect(waiting.messages.judge(first, second, third).faults).toEqual([])
})

for (const afterwards of ['reads what is in the pipe', 'reads nothing more'] as const) {
  test.concurrent(`killed while the host does not read, and then ${afterwards}: nothing is lost`, async () => {
    await using scene = await Scene.open()
    using pipe = new UnreadPipe(scene.path('pipe'))
    const waiting = await prepare(scene, ROWS)
    const plugin = await startUnread(scene, waiting, pipe)
    plugin.signal('SIGKILL')
    await plugin.exited()
    if (afterwards === 'reads what is in the pipe') plugin.feed(pipe.read())
    const second = await finish(scene, waiting)
    expect(waiting.messages.judge(plugin.events, second).faults).toEqual([])
  })
}

/** The limit on waiting messages, and one page that may come on top. */
const MAX_WAITING = 1_000
const MORE_THAN_MAY_WAIT = 1_200

test.concurrent('while a host does not read, messages wait on the platform, and are shown once it reads again', async () => {
  await using scene = await Scene.open()
  using pipe = new UnreadPipe(scene.path('pipe'))
  const waiting = await prepare(scene, MORE_THAN_MAY_WAIT)
  const plugin = await startUnread(scene, waiting, pipe)
  await until('as many to be stored as may wait', () => stored(waiting) >= 500)
  await waiting.messages.write(ROWS, CHARACTERS)
  expect(stored(waiting, 'received')).toBeLessThanOrEqual(MAX_WAITING)

  pipe.flow((text) => plugin.feed(text))
  await waiting.messages.writeLast()
  await until('everything to be shown', () => sawLast(plugin.events))
  expect(waiting.messages.judge(plugin.events)).toMatchObject({ faults: [], marked: 0 })
})
