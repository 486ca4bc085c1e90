/** What a page of activity costs in a workspace with few rows, and with a million. */

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../../base/clock.ts'
import { startPlatform } from '../../../platform/platform.ts'
import { closeDatabase, openDatabase } from '../../../platform/store/database.ts'
import { directFetch } from '../../driver/direct-fetch.ts'
import { quantile } from '../../statistics.ts'
import { elapsedMs } from '../../stopwatch.ts'

export interface PageCost {
  readonly query: string
  readonly rows: number
  /** Milliseconds over HTTP. */
  readonly p50: number
  readonly p95: number
}

const SIZES = [1000, 1_000_000]
const READS = 200
const PEER = '00000000-0000-4000-8000-00000000beef'

export async function pageCosts(): Promise<readonly PageCost[]> {
  const folder = mkdtempSync(join(tmpdir(), 'page-cost-'))
  try {
    const db = join(folder, 'platform.db')
    const first = await startPlatform({ db })
    const members = SIZES.map((rows) => ({ rows, ...first.createWorkspace({ name: `with ${rows} rows` }) }))
    await first.stop()
    for (const { id, rows } of members) fill(db, id, rows)
    const platform = await startPlatform({ db })
    const costs: PageCost[] = []
    for (const query of queries) {
      for (const { id, token, rows } of members) {
        const path = `${platform.url}/workspaces/${id}/activity?limit=100${query.text(rowId(rows - 150, rows))}`
        const samples = await readOften(path, token)
        costs.push({ query: query.name, rows, p50: quantile(samples, 0.5), p95: quantile(samples, 0.95) })
      }
    }
    await platform.stop()
    return costs
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const queries: readonly { readonly name: string; readonly text: (cursor: string) => string }[] = [
  { name: 'newest 100', text: () => '' },
  { name: 'inbox after a cursor', text: (cursor) => `&type=a2a_receive&since_id=${cursor}` },
  { name: 'from the person', text: () => '&source=canvas' },
  { name: 'with one peer', text: () => `&peer_id=${PEER}` },
]

async function readOften(path: string, token: string): Promise<readonly number[]> {
  const samples: number[] = []
  for (let read = 0; read < READS; read++) {
    const started = elapsedMs()
    await (await directFetch(path, { headers: { Authorization: `Bearer ${token}` } })).arrayBuffer()
    samples.push(elapsedMs() - started)
  }
  return samples
}

function rowId(number: number, rows: number): string {
  return `${rows.toString(16).padStart(8, '0')}-0000-4000-8000-${number.toString(16).padStart(12, '0')}`
}

/** Adds past rows, a second apart: every third from the person, every seventh from one peer. */
function fill(db: string, workspaceId: string, rows: number): void {
  const database = openDatabase(db)
  const insert = database.prepare(
    `INSERT INTO activity (id, workspace_id, activity_type, source_id, target_id, method, summary, request_body, status, created_at)
     VALUES (?, ?, 'a2a_receive', ?, ?, 'message/send', 'message', '{"jsonrpc":"2.0"}', 'ok', ?)`,
  )
  const start = systemClock.now() - rows * 1000 - 3_600_000
  database.transaction(() => {
    for (let number = 0; number < rows; number++) {
      const source = number % 7 === 0 ? PEER : number % 3 === 0 ? null : workspaceId
      const createdAt = `${new Date(start + number * 1000).toISOString().slice(0, 23)}000Z`
      insert.run(rowId(number, rows), workspaceId, source, workspaceId, createdAt)
    }
  })()
  insert.finalize()
  closeDatabase(database)
}
