/** What the local platform costs when its file holds a history: a start, a message, a page of an inbox, a confirmation. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { startPlatform } from '../../../platform/platform.ts'
import { closeDatabase, openDatabase } from '../../../platform/store/database.ts'
import { Chat } from '../../driver/chat.ts'
import { directFetch } from '../../driver/direct-fetch.ts'
import { type PlatformProcess, startPlatformProcess } from '../../driver/platform-process.ts'
import { cpuMilliseconds } from '../../driver/process-figures.ts'
import type { Member } from '../../driver/scene.ts'
import { elapsedMs } from '../../stopwatch.ts'
import { type Cost, costOf, costOfStarts } from './cost.ts'

const STARTS = 3
const TIMES = 300
const DAYS_MS = 6 * 24 * 60 * 60_000
const PEER = '00000000-0000-4000-8000-00000000beef'

export async function platformCosts(rows: number): Promise<readonly Cost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'growth-'))
  try {
    const db = join(folder, 'platform.db')
    const first = await startPlatform({ db })
    const member = first.createWorkspace({ name: 'with a history' })
    await first.stop()
    fill(db, member.id, rows)
    return await measure(db, member, rows)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

async function measure(db: string, member: Member, rows: number): Promise<readonly Cost[]> {
  const starts: { readonly ms: number; readonly cpuMs: number | undefined }[] = []
  const start = async (): Promise<PlatformProcess> => {
    const from = elapsedMs()
    const platform = await startPlatformProcess(db)
    starts.push({ ms: elapsedMs() - from, cpuMs: cpuMilliseconds(platform.pid) })
    return platform
  }
  // As with the plugin, the first start checks the file.
  for (let count = 0; count <= STARTS; count++) await (await start()).stop()
  const platform = await start()
  const about = { of: 'platform', rows } as const
  const process = { pid: platform.pid, times: TIMES }
  const person = new Chat(platform.url, platform.adminToken)
  const headers = { Authorization: `Bearer ${member.token}` }
  const activity = `${platform.url}/workspaces/${member.id}/activity`
  try {
    const message = await costOf({ ...about, what: 'a message' }, process, (index) =>
      person.write(member.id, `message ${index}`),
    )
    const page = await costOf({ ...about, what: 'a page of an inbox' }, process, async () => {
      const cursor = rowId(Math.floor(rows / 2))
      await (
        await directFetch(`${activity}?type=a2a_receive&limit=100&since_id=${cursor}`, { headers })
      ).arrayBuffer()
    })
    const confirmation = await costOf({ ...about, what: 'a confirmation' }, process, async (index) => {
      const body = JSON.stringify({ acked_seq: rows + index })
      const json = { ...headers, 'Content-Type': 'application/json' }
      await (await directFetch(`${activity}/ack`, { method: 'POST', headers: json, body })).arrayBuffer()
    })
    return [costOfStarts(about, starts.slice(1)), message, page, confirmation]
  } finally {
    await platform.stop()
  }
}

function rowId(number: number): string {
  return `00000000-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** Adds messages of the person and of one peer, spread over the last six days. */
function fill(db: string, workspaceId: string, rows: number): void {
  const database = openDatabase(db)
  const insert = database.prepare(
    `INSERT INTO activity (id, workspace_id, activity_type, source_id, target_id, method, summary, request_body, status, created_at)
     VALUES (?, ?, 'a2a_receive', ?, ?, 'message/send', 'message', ?, 'ok', ?)`,
  )
  const begin = systemClock.now() - DAYS_MS
  const every = DAYS_MS / rows
  const words = 'x'.repeat(200)
  database.transaction(() => {
    for (let number = 0; number < rows; number++) {
      const source = number % 3 === 0 ? PEER : null
      const createdAt = `${new Date(begin + number * every).toISOString().slice(0, 23)}000Z`
      const body = `{"jsonrpc":"2.0","params":{"message":{"parts":[{"kind":"text","text":"${words}"}]}}}`
      insert.run(rowId(number), workspaceId, source, workspaceId, body, createdAt)
    }
  })()
  insert.finalize()
  closeDatabase(database)
}
