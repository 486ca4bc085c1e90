/** A host that does not read: its session's memory stays the same, however much comes to wait at the platform. */
import { MessageRun, sawLast } from '../driver/message-run.ts'
import { residentBytes } from '../driver/process-figures.ts'
import type { Scene } from '../driver/scene.ts'
import { UnreadPipe } from '../driver/unread-pipe.ts'
import { until } from '../driver/until.ts'
import { mebibytes } from '../statistics.ts'
import { type Line, notKnown } from './line.ts'

/** More than the ledger lets wait. */
const ROWS = 1_000
/** Messages that come while the session already has all that may wait. */
const MORE_ROWS = 4_000
const CHARACTERS = 8_000
/** Half of the text of those messages: room for the buffers of passing requests, and no more. */
const MAX_GROWTH_BYTES = 16 * 1024 * 1024

export async function measureUnreadHost(scene: Scene): Promise<readonly Line[]> {
  using pipe = new UnreadPipe(scene.path('pipe'))
  const member = scene.member()
  const messages = new MessageRun(scene.person, member)
  const settings = scene.settings(member, { MOLECULE_POLL_WINDOW_SECS: '3600' })
  const plugin = scene.process(settings, { stdout: pipe.writeEnd })
  pipe.flow((text) => plugin.feed(text))
  await plugin.connect()
  await plugin.receiving()
  pipe.stall()
  await messages.write(ROWS, CHARACTERS)
  const before = residentBytes(plugin.pid)
  await messages.write(MORE_ROWS, CHARACTERS)
  const after = residentBytes(plugin.pid)

  pipe.flow((text) => plugin.feed(text))
  await messages.writeLast()
  await until('everything to be shown', () => sawLast(plugin.events), 60_000)
  const { faults } = messages.judge(plugin.events)
  if (faults.length > 0) throw new Error(`${faults.length} faults, the first: ${faults[0]?.text}`)
  plugin.signal('SIGTERM')
  await plugin.exited()
  const what = `memory growth while a host does not read ${MORE_ROWS.toLocaleString('en')} messages`
  if (before === undefined || after === undefined) return [notKnown(what)]
  return [
    {
      what,
      measured: `${mebibytes(after - before)} (before: ${mebibytes(before)})`,
      budget: `<= ${mebibytes(MAX_GROWTH_BYTES)}`,
      met: after - before <= MAX_GROWTH_BYTES,
    },
  ]
}
