/**
 * Keeps the ledger's file within a budget: the long texts of what the model is done with, oldest first, are cut to their
 * beginnings. Their rows stay, so that none of them is ever taken for new. What the model may still need stays whole.
 */
import type { Database, Job } from '../../base/sqlite.ts'

export const BUDGET_BYTES = 256 * 1024 * 1024
/** Cutting goes on to here, so that it does not begin again at once. */
const ENOUGH_BYTES = BUDGET_BYTES * 0.75
/** In the ledger's index of long messages, too. */
const LONG_BYTES = 16_384
const KEPT_CHARS = 2_000

/** How much of the file is in use: what was deleted leaves room in it. */
export function usedBytes(db: Database): number {
  const number = (pragma: string): number =>
    Object.values(db.query<Record<string, number>, []>(`PRAGMA ${pragma}`).get() ?? {})[0] ?? 0
  return (number('page_count') - number('freelist_count')) * number('page_size')
}

export interface Cutting {
  readonly path: string
  /** Milliseconds since the epoch. */
  readonly now: number
  readonly enoughBytes?: number
}

/** Cuts until it is enough, or nothing is left to cut. Returns how many messages were cut. */
export const CUT: Job<Cutting, number> = {
  name: 'cut long messages',
  run: ({ path, now, enoughBytes = ENOUGH_BYTES }, disk) => {
    const db = disk.open(path, { mode: 'existing' })
    try {
      db.run('PRAGMA busy_timeout = 1000')
      db.run('PRAGMA synchronous = NORMAL')
      let cut = 0
      while (usedBytes(db) > enoughBytes && cutOldest(db, now)) cut++
      return cut
    } finally {
      db.close()
    }
  },
}

/** A message that was sent and never confirmed may have to be shown again, and stays whole this long. */
const SENT_WHOLE_MS = 7 * 24 * 60 * 60_000
/** One that was sent and has no session is only kept. */
const DONE = `state IN ('sent', 'presumed', 'confirmed', 'answered', 'skipped')
  AND (state <> 'sent' OR session IS NULL OR received_at <= ?)`

function cutOldest(db: Database, now: number): boolean {
  return db.transaction(() => {
    const oldest = db
      .query<{ ord: number; content: string }, [number]>(
        `SELECT ord, content FROM message INDEXED BY message_long
         WHERE octet_length(content) > ${LONG_BYTES} AND ${DONE} ORDER BY ord LIMIT 1`,
      )
      .get(now - SENT_WHOLE_MS)
    if (oldest === null) return false
    db.query('UPDATE message SET content = ? WHERE ord = ?').run(beginningOf(oldest.content), oldest.ord)
    return true
  })
}

const NOTHING = '{}'

/** A message that can be read back, short enough not to be cut again. */
function beginningOf(content: string): string {
  try {
    // Our own JSON, read without a schema: a thread that loads one takes longer to start than to cut.
    const message: unknown = JSON.parse(content)
    if (!isRecord(message) || typeof message.text !== 'string') return NOTHING
    const { text, attachments } = message
    const files = Array.isArray(attachments) ? attachments.filter(isRecord) : []
    const kept =
      text.length <= KEPT_CHARS
        ? text
        : `${text.slice(0, KEPT_CHARS).toWellFormed()}… (of ${text.length} characters, the rest is no longer kept)`
    const named = files.map(({ base64: _content, ...file }) => file)
    const shorter = [named, []].map((left) => JSON.stringify({ ...message, text: kept, attachments: left }))
    return shorter.find((one) => Buffer.byteLength(one) <= LONG_BYTES) ?? NOTHING
  } catch {
    // A damaged row.
    return NOTHING
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
