/** How long the event loop stands still at worst in what other processes and a long history do to the ledger. */
import { Database } from 'bun:sqlite'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { sleep } from '../../base/sleep.ts'
import type { Host } from '../driver/host.ts'
import { openLedger } from '../driver/ledger.ts'
import type { Scene } from '../driver/scene.ts'
import { elapsedMs } from '../stopwatch.ts'
import type { Line } from './line.ts'

const MAX_MS = 50
const HISTORY_ROWS = 30_000
const ROW_CHARS = 5_000
const ASK_EVERY_MS = 3

export async function measurePauses(scene: Scene): Promise<readonly Line[]> {
  return [
    line('another program writes to the ledger for 3 s', await duringForeignWrite(scene)),
    line('another session opens the ledger for 3 s', await duringForeignOpening(scene)),
    line(`start and inbox with ${HISTORY_ROWS} stored texts`, await withLongHistory(scene)),
  ]
}

function line(what: string, worstMs: number): Line {
  return {
    what: `longest wait for a ping: ${what}`,
    measured: `${worstMs.toFixed(0)} ms`,
    budget: `<= ${MAX_MS} ms`,
    met: worstMs <= MAX_MS,
  }
}

/** The longest time that a ping takes while the work goes on. */
async function longestPing(host: Host, work: () => Promise<unknown>): Promise<number> {
  let isOver = false
  const end = work().finally(() => {
    isOver = true
  })
  let worst = 0
  while (!isOver) {
    const from = elapsedMs()
    await host.client.ping()
    worst = Math.max(worst, elapsedMs() - from)
    await sleep(ASK_EVERY_MS, undefined, systemClock)
  }
  await end
  return worst
}

async function duringForeignWrite(scene: Scene): Promise<number> {
  const member = scene.member()
  const host = await scene.host(scene.settings(member, {}, 'written'))
  await host.receiving()
  using other = new Database(scene.path('written', 'ledger.db'))
  const worst = await longestPing(host, async () => {
    other.run('BEGIN IMMEDIATE')
    await scene.person.write(member.id, 'while another writes')
    await sleep(3_000, undefined, systemClock)
    other.run('COMMIT')
    await host.event(({ content }) => content === 'while another writes')
  })
  await host.close()
  return worst
}

async function duringForeignOpening(scene: Scene): Promise<number> {
  const settings = scene.settings(scene.member(), {}, 'opened')
  openLedger(join(stateFolder(scene, 'opened'), 'ledger.db')).close()
  using other = new Database(scene.path('opened', 'ledger.db.opening'))
  other.run('BEGIN EXCLUSIVE')
  const host = await scene.host(settings)
  const worst = await longestPing(host, async () => {
    await sleep(3_000, undefined, systemClock)
    other.run('COMMIT')
    await host.receiving()
  })
  await host.close()
  return worst
}

async function withLongHistory(scene: Scene): Promise<number> {
  const member = scene.member()
  const settings = scene.settings(member, {}, 'long')
  const path = join(stateFolder(scene, 'long'), 'ledger.db')
  openLedger(path).close()
  fill(path, member.id)
  const host = await scene.host(settings)
  const worst = await longestPing(host, async () => {
    await host.receiving()
    await host.call('inbox', {})
    await host.call('status', {})
  })
  await host.close()
  return worst
}

function stateFolder(scene: Scene, name: string): string {
  const path = scene.path(name)
  mkdirSync(path, { mode: 0o700 })
  return path
}

function fill(path: string, workspaceId: string): void {
  using db = new Database(path)
  const now = systemClock.now()
  const insert = db.query(
    `INSERT INTO message (workspace_id, activity_id, seq, created_at, received_at, sent_at, state, attempts, session, content)
     VALUES (?, ?, ?, ?, ?, ?, 'confirmed', 1, 'earlier', ?)`,
  )
  const content = JSON.stringify({ text: 'x'.repeat(ROW_CHARS) })
  db.transaction(() => {
    for (let row = 0; row < HISTORY_ROWS; row++) {
      insert.run(workspaceId, `row ${row}`, row, new Date(now).toISOString(), now, now, content)
    }
  })()
}
