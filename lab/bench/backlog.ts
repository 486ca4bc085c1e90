/** Rows that wait when a session starts: from its first look at the feed to the last event read. */

import { MessageRun, sawLast } from '../driver/message-run.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import { type Line, milliseconds } from './line.ts'

const ROWS = 2_000
const CHARACTERS = 200
const MOST_MS = 1_000

export async function measureBacklog(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const messages = new MessageRun(scene.person, member)
  await messages.write(ROWS - 1, CHARACTERS)
  await messages.writeLast()
  const feed = `GET /workspaces/${member.id}/activity`
  const plugin = scene.process(scene.settings(member, { MOLECULE_POLL_WINDOW_SECS: '3600' }, 'backlog'))
  await plugin.connect()
  const from = await until(
    'the first look at the feed',
    () => scene.requests.includes(feed) && performance.now(),
  )
  const to = await until('the last row', () => sawLast(plugin.events) && performance.now(), 60_000)
  const { faults } = messages.judge(plugin.events)
  plugin.signal('SIGTERM')
  await plugin.exited()
  return [
    {
      what: `${ROWS.toLocaleString('en')} waiting rows delivered`,
      measured: `${milliseconds(to - from)}, ${faults.length === 0 ? 'in order' : `${faults.length} faults`}`,
      budget: `<= ${milliseconds(MOST_MS)}, in order`,
      met: to - from <= MOST_MS && faults.length === 0,
    },
  ]
}
