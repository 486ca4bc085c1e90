/** Rows that wait when a session starts: from its first look at the inbox to the last event. */
import { MessageRun, sawLast } from '../driver/message-run.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { milliseconds } from '../statistics.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const ROWS = 2_000
const CHARACTERS = 200
const MAX_MS = 1_000

export async function measureBacklog(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const messages = new MessageRun(scene.person, member)
  await messages.write(ROWS - 1, CHARACTERS)
  await messages.writeLast()
  const feed = `GET /workspaces/${member.id}/activity`
  const plugin = scene.process(scene.settings(member, { MOLECULE_POLL_WINDOW_SECS: '3600' }))
  await plugin.connect()
  const from = await until('the first look', () => scene.requests.includes(feed) && elapsedMs())
  const to = await until('the last row', () => sawLast(plugin.events) && elapsedMs(), 60_000)
  const { faults } = messages.judge(plugin.events)
  plugin.signal('SIGTERM')
  await plugin.exited()
  return [
    {
      what: `${ROWS.toLocaleString('en')} waiting rows delivered`,
      measured: `${milliseconds(to - from)}, ${faults.length === 0 ? 'in order' : `${faults.length} faults`}`,
      budget: `<= ${milliseconds(MAX_MS)}, in order`,
      met: to - from <= MAX_MS && faults.length === 0,
    },
  ]
}
