/** The one SQLite file: opens it, checks it, and migrates an older one. */
import { Database, SQLiteError } from 'bun:sqlite'
import { uptime } from 'node:os'
import { errorText } from '../base/text.ts'
import { isFullDisk, tellFullDisk } from './full-disk.ts'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'

/** A smaller file is checked at every start: that takes no time to speak of. */
const LARGE_BYTES = 16 * 1024 * 1024
const CHECK_EVERY_MS = 24 * 60 * 60_000

/** The path that means: no file, everything in memory. */
export const MEMORY = ':memory:'

/**
 * The file cannot be used as it is. The message tells the person who started the platform why, and the
 * remedy.
 */
export class DatabaseRefused extends Error {}

/** Another platform uses the file. */
export class DatabaseInUse extends DatabaseRefused {}

/**
 * Opens the database and migrates it if it is older.
 *
 * @param path a file path, or `:memory:`.
 * @param now milliseconds since the epoch. Without it, all of a file is checked, however large it is.
 * @throws DatabaseRefused when the file is damaged, in use, or belongs to another program or a newer
 *   platform. It stays untouched.
 */
export function openDatabase(path: string, now?: number): Database {
  const database = connect(path)
  try {
    const version = knownVersion(database, path)
    const isWhole = now !== undefined && wasChecked(database, now)
    if (!isWhole) checkPages(database, path)
    database.run('PRAGMA journal_mode = WAL')
    // One process per file: a second one would serve the same rows without hearing the first one's events.
    database.run('PRAGMA locking_mode = EXCLUSIVE')
    database.run('PRAGMA synchronous = NORMAL')
    database.run('PRAGMA foreign_keys = ON')
    migrate(database, version)
    if (!isWhole && now !== undefined) noteCheck(database, now)
    applyLock(database)
    return database
  } catch (error) {
    database.close()
    if (error instanceof DatabaseRefused) throw error
    if (error instanceof SQLiteError && error.code === 'SQLITE_BUSY') {
      throw new DatabaseInUse(
        `The database ${path} is in use by another platform. Stop that platform or name another file with --db.`,
      )
    }
    if (isFullDisk(error, path))
      throw new DatabaseRefused(`${tellFullDisk(path)} and start the platform again.`)
    throw new DatabaseRefused(
      `The database ${path} cannot be used: ${errorText(error)}. Move it away or name another file with --db.`,
    )
  }
}

/**
 * Closes the file with everything in it, so that it can be copied as one file, and releases its lock now:
 * `close` alone keeps the lock until the last statement is garbage-collected.
 */
export function closeDatabase(database: Database): void {
  try {
    database.run('PRAGMA journal_mode = DELETE')
    database.run('PRAGMA locking_mode = NORMAL')
    applyLock(database)
  } catch (error) {
    // The file was removed meanwhile, or its disk is full: it stays as it is, and there is no lock to wait for.
    if (!(error instanceof SQLiteError)) throw error
  } finally {
    database.close()
  }
}

function connect(path: string): Database {
  try {
    return new Database(path, { create: true, readwrite: true, strict: true })
  } catch (error) {
    throw new DatabaseRefused(
      `The database ${path} cannot be opened: ${errorText(error)}. Name another file with --db.`,
    )
  }
}

/** Only reads: nothing is written to a file before it is known to be whole and ours. */
function knownVersion(database: Database, path: string): number {
  const version = number(database, 'PRAGMA user_version')
  const application = number(database, 'PRAGMA application_id')
  const tables = number(database, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'")
  if (tables === 0 && version === 0) return 0
  if (application !== APPLICATION_ID) {
    throw new DatabaseRefused(`The file ${path} belongs to another program. Name another file with --db.`)
  }
  if (version > MIGRATIONS.length) {
    throw new DatabaseRefused(
      `The database ${path} was written by a newer platform (its schema is ${version}; this platform knows up to ${MIGRATIONS.length}). Update the platform or name another file with --db.`,
    )
  }
  return version
}

/**
 * Whether a large file has been found whole within a day, and since the machine was started: a power cut damages files.
 * Reading all of it at every start would take longer the longer the history is.
 */
function wasChecked(database: Database, now: number): boolean {
  if (number(database, 'PRAGMA page_count') * number(database, 'PRAGMA page_size') < LARGE_BYTES) return false
  if (number(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'page_check'") === 0) return false
  const checkedAt = number(database, 'SELECT checked_at FROM page_check')
  const startedAt = now - uptime() * 1000
  return checkedAt <= now && checkedAt > Math.max(startedAt, now - CHECK_EVERY_MS)
}

function checkPages(database: Database, path: string): void {
  const damage = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get()
  if (damage?.quick_check === 'ok') return
  throw new DatabaseRefused(
    `The database ${path} is damaged; it was left untouched. Restore a copy or name another file with --db.`,
  )
}

function noteCheck(database: Database, now: number): void {
  try {
    database
      .query(
        'INSERT INTO page_check (id, checked_at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at',
      )
      .run(now)
  } catch (error) {
    // A full disk: the next start checks again.
    if (!(error instanceof SQLiteError)) throw error
  }
}

function migrate(database: Database, from: number): void {
  if (from === MIGRATIONS.length) return
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(from)) database.run(step)
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.run(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })()
}

/** SQLite switches the lock at the end of the next write transaction, so an empty one makes it switch now. */
function applyLock(database: Database): void {
  database.run('BEGIN IMMEDIATE')
  database.run('COMMIT')
}

function number(database: Database, sql: string): number {
  const row = database.query<Record<string, number>, []>(sql).get()
  return Object.values(row ?? {})[0] ?? 0
}
