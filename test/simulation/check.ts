/** Runs one seed and compares what was shown with what had to be. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ledger, MAX_ATTEMPTS, MAX_UNSURE_ATTEMPTS } from '../../state/ledger.ts'
import type { ModelRow } from '../fixtures/model-feed.ts'
import type { Sighting } from './sim-host.ts'
import { World } from './world.ts'

/** The platform counts its windows in whole seconds, from when it is asked: so far may the beginning be early. */
const EARLY_MS = 2_500
/** So far may it be late, as a request for a window may be long under way. */
const LATE_MS = 10_500

export interface Outcome {
  readonly violations: readonly string[]
  readonly shown: number
  readonly repeated: number
}

export async function runSeed(seed: number, folder?: string): Promise<Outcome> {
  const home = folder ?? mkdtempSync(join(tmpdir(), 'molecule-simulation-'))
  const path = join(home, `${seed}.db`)
  const world = new World(seed, path)
  // Rows are pruned on the way; each is remembered from its beginning.
  const rows = new Map<string, readonly ModelRow[]>()
  for (const [workspaceId, feed] of world.feeds) rows.set(workspaceId, feed.everything)
  try {
    await world.run()
    const ledger = Ledger.open(path)
    try {
      const found = [...rows].flatMap(([workspaceId, all]) => judge(world, ledger, workspaceId, all))
      const { seen } = world.host
      const repeated = seen.length - new Set(seen.map(({ activityId }) => activityId)).size
      return { violations: [...world.violations, ...found], shown: seen.length, repeated }
    } finally {
      ledger.close()
    }
  } finally {
    if (folder === undefined) rmSync(home, { recursive: true, force: true })
    else for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  }
}

function judge(world: World, ledger: Ledger, workspaceId: string, all: readonly ModelRow[]): string[] {
  const faults: string[] = []
  const seen = world.host.seen.filter((sighting) => sighting.workspaceId === workspaceId)
  const counts = count(seen)
  const byId = new Map(all.map((row) => [row.id, row]))
  const begin = (world.begunAt.get(workspaceId) ?? 0) - world.windowSecs * 1000

  for (const row of all) {
    if ('raw' in row || counts.has(row.id)) continue
    // Without `before_ts` nothing older than the newest rows can be read again, and so a late one not be found.
    if (isLate(row) && world.ignoresBeforeTs) continue
    const since = isLate(row) ? begin + world.windowSecs * 1000 + 20_000 : begin
    if (row.at / 1000 < since + LATE_MS) continue
    // Written three times and never read: it is kept, and not tried for ever.
    const kept = ledger.find(row.id, [workspaceId])
    if (kept?.state === 'sent' && kept.attempts >= MAX_ATTEMPTS) continue
    faults.push(`lost: ${row.text} (${row.id})`)
  }
  for (const [id, times] of counts) {
    const row = byId.get(id)
    if (row === undefined || 'raw' in row) faults.push(`unexpected: ${id}`)
    else if (!isLate(row) && row.at / 1000 < begin - EARLY_MS)
      faults.push(`from before the start: ${row.text}`)
    if (times > MAX_UNSURE_ATTEMPTS) faults.push(`shown ${times} times: ${id}`)
  }
  faults.push(...unmarked(seen), ...disorder(seen, byId, world.timestampCursor))
  const waiting = ledger.waiting(workspaceId)
  if (waiting > 0) faults.push(`${waiting} messages still wait at the end`)
  return faults
}

function isLate(row: ModelRow): boolean {
  return row.visibleAt > row.at
}

function count(seen: readonly Sighting[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { activityId } of seen) counts.set(activityId, (counts.get(activityId) ?? 0) + 1)
  return counts
}

function unmarked(seen: readonly Sighting[]): string[] {
  const before = new Map<string, Set<number>>()
  return seen.flatMap(({ activityId, redelivered, session }) => {
    const sessions = before.get(activityId) ?? new Set()
    before.set(activityId, new Set([...sessions, session]))
    if (sessions.has(session)) return [`twice within one session: ${activityId}`]
    return sessions.size > 0 && !redelivered ? [`repeated without the mark: ${activityId}`] : []
  })
}

/** First deliveries follow the platform's order, save rows that it showed out of order itself. */
function disorder(
  seen: readonly Sighting[],
  byId: ReadonlyMap<string, ModelRow>,
  timestampCursor: boolean,
): string[] {
  const moments = new Map<number, number>()
  for (const { at } of byId.values()) moments.set(at, (moments.get(at) ?? 0) + 1)
  const firsts = [...new Set(seen.map(({ activityId }) => activityId))].flatMap((id) => {
    const row = byId.get(id)
    if (row === undefined || isLate(row)) return []
    return timestampCursor && (moments.get(row.at) ?? 0) > 1 ? [] : [row]
  })
  return firsts.flatMap((row, index) => {
    const previous = firsts[index - 1]
    const inOrder =
      previous === undefined || previous.at < row.at || (previous.at === row.at && previous.seq < row.seq)
    return inOrder ? [] : [`out of order: ${row.text} after ${previous.text}`]
  })
}
