/** What the plugin costs when its ledger holds a history: a start, a message, a receipt, an `inbox`. */
import { Database } from 'bun:sqlite'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { promptOf } from '../../driver/channel-event.ts'
import { openLedger } from '../../driver/ledger.ts'
import type { PluginProcess } from '../../driver/plugin-process.ts'
import { cpuMilliseconds } from '../../driver/process-figures.ts'
import { Scene } from '../../driver/scene.ts'
import { until } from '../../driver/until.ts'
import { elapsedMs } from '../../stopwatch.ts'
import { type Cost, costOf, costOfStarts } from './cost.ts'

const STARTS = 3
const MESSAGES = 300
const INBOXES = 100
const DAYS_MS = 20 * 24 * 60 * 60_000

export async function pluginCosts(rows: number): Promise<readonly Cost[]> {
  await using scene = await Scene.open()
  const member = scene.member()
  const ledgerPath = join(scene.newFolder('state'), 'ledger.db')
  openLedger(ledgerPath).close()
  fill(ledgerPath, member.id, rows)
  const settings = scene.settings(member)
  const starts: { readonly ms: number; readonly cpuMs: number | undefined }[] = []
  const start = async (): Promise<PluginProcess> => {
    const from = elapsedMs()
    const plugin = scene.process(settings)
    await plugin.connect()
    await plugin.receiving()
    starts.push({ ms: elapsedMs() - from, cpuMs: cpuMilliseconds(plugin.pid) })
    return plugin
  }
  // The first start checks the file; so does one start a day.
  for (let count = 0; count <= STARTS; count++) {
    const plugin = await start()
    plugin.signal('SIGTERM')
    await plugin.exited()
  }
  const plugin = await start()
  await until('the event stream', async () => (await plugin.call('status')).includes('event stream open'))
  const about = { of: 'plugin', rows } as const
  const message = await costOf(
    { ...about, what: 'a message' },
    { pid: plugin.pid, times: MESSAGES },
    async (index) => {
      await scene.person.write(member.id, `message ${index}`)
      await until('the message', () => plugin.events.length > index)
    },
  )
  const receipt = await costOf(
    { ...about, what: 'a receipt' },
    { pid: plugin.pid, times: MESSAGES },
    async (index) => {
      const event = plugin.events[index]
      if (event !== undefined) await plugin.call('channel_receipt', { prompt: promptOf(event) })
    },
  )
  const inbox = await costOf({ ...about, what: 'an inbox' }, { pid: plugin.pid, times: INBOXES }, () =>
    plugin.call('inbox'),
  )
  return [costOfStarts(about, starts.slice(1)), message, receipt, inbox]
}

/** How far the messages of the last weeks got: of ten, so many in each state. What was sent is only kept. */
const STATES = [
  'confirmed',
  'confirmed',
  'confirmed',
  'confirmed',
  'answered',
  'answered',
  'answered',
  'skipped',
  'sent',
  'presumed',
]

/** Adds messages of twenty peers and the person, of 200 characters each, spread over the last twenty days. */
function fill(path: string, workspaceId: string, rows: number): void {
  using db = new Database(path)
  // Nothing is lost that could not be written again.
  db.run('PRAGMA synchronous = OFF')
  db.query(
    `WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < $rows)
     INSERT INTO message (workspace_id, activity_id, seq, created_at, received_at, sent_at, state, attempts, session, peer_id, content)
     SELECT $workspaceId, printf('%08x-0000-4000-8000-%012x', n * 2654435761 % 4294967296, n), n - $rows, '2026-01-01T00:00:00Z',
       $begin + n * $every, $begin + n * $every, json_extract($states, '$[' || (n % 10) || ']'), 3, iif(n % 10 = 8, NULL, 'session ' || (n / 1000)),
       iif(n % 3 = 0, NULL, 'peer ' || (n % 20)),
       json_object('kind', 'canvas_user', 'text', 'message ' || n || printf('%.*c', 200, 'x'), 'method', 'message/send', 'peerId',
         NULL, 'peerName', NULL, 'peerRole', NULL, 'userName', NULL, 'authenticated', json('true'), 'contextId', NULL,
         'delegationId', NULL, 'attachments', json('[]'))
     FROM numbers`,
  ).run({
    $rows: rows,
    $workspaceId: workspaceId,
    $begin: systemClock.now() - DAYS_MS,
    $every: Math.floor(DAYS_MS / rows),
    $states: JSON.stringify(STATES),
  })
  db.run('PRAGMA wal_checkpoint(TRUNCATE)')
}
