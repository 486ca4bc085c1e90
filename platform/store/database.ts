/** The one SQLite file: opening, checking, and bringing an older one up to date. */
import { Database, SQLiteError } from 'bun:sqlite'
import { APPLICATION_ID, MIGRATIONS } from './schema.ts'

/** The file cannot be used as it is. The message is one sentence for the person who started the platform. */
export class DatabaseRefused extends Error {}

/**
 * Opens the database and migrates it if it is older.
 *
 * @param path a file path, or `:memory:`
 * @throws DatabaseRefused when the file is damaged, belongs to another program, or to a newer platform; it is left untouched
 */
export function openDatabase(path: string): Database {
  const database = connect(path)
  try {
    const version = checkedVersion(database, path)
    database.run('PRAGMA journal_mode = WAL')
    // One process for one file: a second one would answer from the same rows without hearing of the first one's events.
    database.run('PRAGMA locking_mode = EXCLUSIVE')
    database.run('PRAGMA synchronous = NORMAL')
    database.run('PRAGMA foreign_keys = ON')
    migrate(database, version)
    applyLock(database)
    return database
  } catch (error) {
    database.close()
    if (error instanceof DatabaseRefused) throw error
    if (error instanceof SQLiteError && error.code === 'SQLITE_BUSY') {
      throw new DatabaseRefused(
        `The database ${path} is in use by another platform. Stop that one or name another file with --db.`,
      )
    }
    throw new DatabaseRefused(
      `The database ${path} cannot be used: ${message(error)}. Move it away or name another with --db.`,
    )
  }
}

/**
 * Closes the file with everything in it, so that it can be copied as one file, and gives it back now: closing alone would leave
 * it locked until the last of its statements is collected.
 */
export function closeDatabase(database: Database): void {
  database.run('PRAGMA journal_mode = DELETE')
  database.run('PRAGMA locking_mode = NORMAL')
  applyLock(database)
  database.close()
}

function connect(path: string): Database {
  try {
    return new Database(path, { create: true, readwrite: true, strict: true })
  } catch (error) {
    throw new DatabaseRefused(
      `The database ${path} cannot be opened: ${message(error)}. Name another file with --db.`,
    )
  }
}

/** Reads only: nothing is written to a file before it is known to be whole and ours. */
function checkedVersion(database: Database, path: string): number {
  const version = number(database, 'PRAGMA user_version')
  const application = number(database, 'PRAGMA application_id')
  const tables = number(database, "SELECT count(*) FROM sqlite_schema WHERE type = 'table'")
  if (tables === 0 && version === 0) return 0
  if (application !== APPLICATION_ID) {
    throw new DatabaseRefused(
      `The file ${path} is a database of another program. Name another file with --db.`,
    )
  }
  if (version > MIGRATIONS.length) {
    throw new DatabaseRefused(
      `The database ${path} was written by a newer platform (schema ${version}, known up to ${MIGRATIONS.length}). Update the platform or name another file with --db.`,
    )
  }
  const damage = database.query<{ quick_check: string }, []>('PRAGMA quick_check(1)').get()
  if (damage?.quick_check !== 'ok') {
    throw new DatabaseRefused(
      `The database ${path} is damaged and was left untouched. Restore a copy or name another file with --db.`,
    )
  }
  return version
}

function migrate(database: Database, from: number): void {
  if (from === MIGRATIONS.length) return
  database.transaction(() => {
    for (const step of MIGRATIONS.slice(from)) database.run(step)
    database.run(`PRAGMA application_id = ${APPLICATION_ID}`)
    database.run(`PRAGMA user_version = ${MIGRATIONS.length}`)
  })()
}

/** SQLite changes its lock at the end of the next write, so one that changes nothing makes it happen now. */
function applyLock(database: Database): void {
  database.run('BEGIN IMMEDIATE')
  database.run('COMMIT')
}

function number(database: Database, sql: string): number {
  const row = database.query<Record<string, number>, []>(sql).get()
  return Object.values(row ?? {})[0] ?? 0
}

function message(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
