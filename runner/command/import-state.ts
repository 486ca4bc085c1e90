/**
 * `molecule connect import-state`: goes on where another program has stopped to read, as its cursor file says, so that
 * nobody gets an answer to an old message twice.
 */
import { z } from 'zod'
import { describeError } from '../../base/errors.ts'
import { plainText } from '../../base/plain-text.ts'
import { type ActivityRow, fetchPage } from '../../member/client/activity.ts'
import type { PlatformClient } from '../../member/client/client.ts'
import { isHeld, lockPaths } from '../../member/folder/lock.ts'
import type { Target } from '../../member/settings/config.ts'
import { toEntry } from '../../member/workspace/feed-entry.ts'
import { boundary } from '../../member/workspace/feed-page.ts'
import { usage } from '../command-line.ts'
import { Ending, EXIT } from '../exit-code.ts'
import { readGivenFile } from '../given-file.ts'
import { type LedgerPlace, withNewLedger } from './opened-ledger.ts'

const cursorFileSchema = z.object({
  workspace_id: z.uuid().toLowerCase(),
  last_since_id: z.string().min(1).max(200),
})
export type CursorFile = z.infer<typeof cursorFileSchema>

const PAGE_LIMIT = 500
/** How far back the row is looked for: so many pages. */
const MAX_PAGES = 20
const DEALT_WITH = 'dealt with by another program before its state was imported'

export interface ImportPlace extends LedgerPlace {
  readonly clientOf: (target: Target) => PlatformClient
}

/**
 * @param target the workspace that the file is about.
 * @throws Ending
 */
export async function importState(
  place: ImportPlace,
  target: Target,
  { last_since_id: rowId }: CursorFile,
): Promise<string> {
  const { workspaceId } = target
  if (isHeld(lockPaths(place.paths.locks, workspaceId).lock, place.disk)) {
    throw new Ending(EXIT.failed, `Workspace ${workspaceId} is served now: end that program first.`)
  }
  return withNewLedger(place, async (ledger) => {
    const own = ledger.of(workspaceId)
    if (own.cursor() !== undefined) {
      throw new Ending(
        EXIT.failed,
        `This state folder knows where to read workspace ${workspaceId} on: nothing was imported.`,
      )
    }
    const read = await rowsUpTo(place.clientOf(target), rowId)
    const last = read.at(-1)
    if (last === undefined) {
      throw new Ending(
        EXIT.failed,
        `The platform no longer has the row ${plainText(rowId, 100)}: nothing was imported. Start without it; --since-secs says how far back to read.`,
      )
    }
    const now = place.clock.now()
    const cursor = {
      activityId: last.id,
      createdAt: last.created_at,
      floor: last.created_at,
      floorSeq: last.seq ?? null,
      checkedAt: now,
    }
    // Rows of the same moment must not count as new either.
    const entries = read.map((row) => toEntry(row, workspaceId, undefined, DEALT_WITH))
    own.storePage(entries, cursor, now, true)
    return `workspace ${workspaceId} goes on after row ${plainText(last.id, 100)} of ${last.created_at}`
  })
}

/** @throws Ending with a sentence about what is wrong. */
export function readCursorFile(path: string): CursorFile {
  const name = `The cursor file ${plainText(path, 500)}`
  try {
    const text = readGivenFile(path)
    if (text === undefined) throw usage(`${name} is too large to be one.`)
    const read = cursorFileSchema.safeParse(JSON.parse(text))
    if (read.success) return read.data
  } catch (error) {
    if (error instanceof Ending) throw error
    if (!(error instanceof SyntaxError)) throw usage(`${name} cannot be read: ${describeError(error)}.`)
  }
  throw usage(`${name} must hold {"workspace_id":"…","last_since_id":"…"}.`)
}

/** The rows of one page that ends with this one; none when the platform does not have it. */
async function rowsUpTo(client: PlatformClient, rowId: string): Promise<readonly ActivityRow[]> {
  let beforeTs: string | undefined
  for (let pages = 0; pages < MAX_PAGES; pages++) {
    const page = await fetchPage(client, {
      limit: PAGE_LIMIT,
      ...(beforeTs === undefined ? {} : { beforeTs }),
    })
    const at = page.rows.findIndex(({ id }) => id === rowId)
    if (at >= 0) return page.rows.slice(0, at + 1)
    const next = boundary(page, PAGE_LIMIT)
    if (!page.full || next === undefined || next === beforeTs) return []
    beforeTs = next
  }
  return []
}
