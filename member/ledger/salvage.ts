/** Copies the readable part of a damaged ledger. */
import type { Database, Disk } from '../../base/sqlite.ts'
import { isDamage } from './ledger-damage.ts'

/**
 * Copies what can be read of a damaged ledger into a new one: above all the cursors, and the messages from both ends up
 * to the damage. Where some are lost, the feed is read again from before them, and what it then returns counts as
 * possibly seen.
 *
 * @param path of the damaged one.
 * @returns a sentence on how much was copied.
 * @throws when the new one cannot be written.
 */
export function salvage(path: string, into: Database, disk: Disk, now: number): string {
  let damaged: Database | undefined
  try {
    damaged = disk.open(path, { mode: 'existing' })
    damaged.run('PRAGMA busy_timeout = 1000')
    const cursors = copyRows(damaged, into, 'cursor')
    const older = copyRows(damaged, into, 'message', 'ORDER BY ord')
    if (!older.whole) readAgain(into)
    const newer = older.whole ? NOTHING : copyRows(damaged, into, 'message', 'ORDER BY ord DESC')
    for (const table of otherTables(into)) copyRows(damaged, into, table)
    if (!older.whole) doubtOlder(into, now)
    return `${older.rows + newer.rows} messages were carried over${cursors.rows > 0 ? ', and where reading stopped' : ''}${older.whole ? '' : '; what is missing is read again as far as it can be'}`
  } catch {
    // Damaged at its very beginning, or the disk has no room for its contents.
    readAgain(into)
    doubtOlder(into, now)
    return 'nothing of it could be read'
  } finally {
    damaged?.close()
  }
}

/** How far before the last look to read again if no message shows where the missing ones begin. */
const READ_AGAIN_MS = 24 * 60 * 60_000

interface Place {
  readonly workspaceId: string
  readonly activityId: string
  readonly createdAt: string
  readonly checkedAt: number
}

interface CarriedOver {
  readonly activityId: string
  readonly createdAt: string
  readonly receivedAt: number
}

/**
 * Moves each cursor back to the newest message before the damage; only those have been copied yet. Its time of the last
 * look moves back, too: the feed is read again from there if the platform does not know that message.
 */
function readAgain(db: Database): void {
  const places = db
    .query<Place, []>(
      `SELECT workspace_id AS workspaceId, activity_id AS activityId, created_at AS createdAt, checked_at AS checkedAt
       FROM cursor WHERE activity_id IS NOT NULL`,
    )
    .all()
  // Results and answers obtained by request are not rows of the feed.
  const newest = db.query<CarriedOver, [string]>(
    `SELECT activity_id AS activityId, created_at AS createdAt, received_at AS receivedAt FROM message
     WHERE workspace_id = ? AND activity_id NOT LIKE 'delegation-%' AND activity_id NOT LIKE 'request-%' ORDER BY ord DESC LIMIT 1`,
  )
  const save = db.query(
    'UPDATE cursor SET activity_id = ?, created_at = ?, checked_at = ? WHERE workspace_id = ?',
  )
  for (const place of places) {
    const { activityId, createdAt, checkedAt } = setBack(place, newest.get(place.workspaceId))
    save.run(activityId, createdAt, checkedAt, place.workspaceId)
  }
}

function setBack(place: Place, newest: CarriedOver | null): Omit<Place, 'workspaceId'> {
  const { activityId, createdAt, checkedAt } = place
  if (newest === null) return { activityId, createdAt, checkedAt: checkedAt - READ_AGAIN_MS }
  const writtenAt = Date.parse(newest.createdAt)
  // If the timestamp is unreadable, the time of receipt is the best guess.
  const since = Math.min(checkedAt, newest.receivedAt, Number.isNaN(writtenAt) ? checkedAt : writtenAt)
  // A row that was re-read may lie behind the cursor, which never moves forward here.
  if (writtenAt > Date.parse(createdAt)) return { activityId, createdAt, checkedAt: since }
  return { activityId: newest.activityId, createdAt: newest.createdAt, checkedAt: since }
}

/** A message written before `now` and stored from here on may have been in the lost part, and been shown. */
export function doubtOlder(db: Database, now: number): void {
  db.run('DROP TRIGGER IF EXISTS message_doubted')
  db.run(
    `CREATE TRIGGER message_doubted AFTER INSERT ON message
     WHEN NEW.state = 'received' AND NEW.attempts = 0 AND NEW.created_at <= '${new Date(now).toISOString()}'
     BEGIN UPDATE message SET attempts = 1 WHERE ord = NEW.ord; END`,
  )
}

interface Copied {
  /** How many were new. */
  readonly rows: number
  /** No damage was found. */
  readonly whole: boolean
}

const NOTHING: Copied = { rows: 0, whole: true }

/** Copies rows until all are copied or damage is found. */
function copyRows(from: Database, into: Database, table: string, order = ''): Copied {
  const names = columnsOf(into, table).filter((name) => columnsOf(from, table).includes(name))
  if (names.length === 0) return { rows: 0, whole: false }
  const columns = names.join(', ')
  const insert = into.query(
    `INSERT OR IGNORE INTO ${table} (${columns}) VALUES (${names.map(() => '?').join(', ')})`,
  )
  let rows = 0
  const copy = (): boolean => {
    try {
      const found = from.query<Record<string, string | number | null>, []>(
        `SELECT ${columns} FROM ${table} ${order}`,
      )
      for (const row of found.iterate()) rows += insert.run(...names.map((name) => row[name] ?? null)).changes
      return true
    } catch (error) {
      if (!isDamage(error)) throw error
      return false
    }
  }
  const whole = into.transaction(copy)
  return { rows, whole }
}

function otherTables(db: Database): readonly string[] {
  return db
    .query<{ name: string }, []>(
      "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT IN ('cursor', 'message')",
    )
    .all()
    .map(({ name }) => name)
}

function columnsOf(db: Database, table: string): readonly string[] {
  return db
    .query<{ name: string }, []>(`PRAGMA table_info(${table})`)
    .all()
    .map(({ name }) => name)
}
