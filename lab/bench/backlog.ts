/** Rows that wait when a session starts: from its first look at the feed to the last event read. */
import type { Scene } from '../driver/scene.ts'
import { sawLast, writeLast, writeNumbered } from '../driver/sightings.ts'
import { until } from '../driver/until.ts'
import { type Line, milliseconds } from './line.ts'

const ROWS = 2_000
const CHARACTERS = 200
const MOST_MS = 1_000

export async function measureBacklog(scene: Scene): Promise<readonly Line[]> {
  const member = scene.member()
  const written = await writeNumbered(scene.person, member, ROWS - 1, CHARACTERS)
  await writeLast(scene.person, member)
  const feed = `GET /workspaces/${member.id}/activity`
  const plugin = scene.process(scene.settings(member, { MOLECULE_POLL_WINDOW_SECS: '3600' }, 'backlog'))
  await plugin.connect()
  const from = await until(
    'the first look at the feed',
    () => scene.requests.includes(feed) && performance.now(),
  )
  const to = await until('the last row', () => sawLast(plugin.events) && performance.now(), 60_000)
  const inOrder = written.every((name, index) => plugin.events[index]?.content.startsWith(`${name} `))
  plugin.signal('SIGTERM')
  await plugin.exited()
  return [
    {
      what: `${ROWS.toLocaleString('en')} waiting rows delivered`,
      measured: `${milliseconds(to - from)}, ${inOrder ? 'in order' : 'NOT in order'}`,
      budget: `<= ${milliseconds(MOST_MS)}, in order`,
      met: to - from <= MOST_MS && inOrder,
    },
  ]
}
