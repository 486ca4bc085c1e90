/** A disk without room: SQLite takes back what it could not write, so nothing that was stored is lost. */
import { SQLiteError } from 'bun:sqlite'
import { statfsSync } from 'node:fs'
import { dirname } from 'node:path'

/** With less, SQLite cannot even open a database: it reports an input or output error. */
const MIN_FREE_BYTES = 1024 * 1024

/** @param path of the database. */
export function isFullDisk(error: unknown, path: string): boolean {
  if (!(error instanceof SQLiteError)) return false
  return (
    error.code === 'SQLITE_FULL' ||
    (/^SQLITE_IOERR/.test(error.code ?? '') && freeBytes(path) < MIN_FREE_BYTES)
  )
}

/** For the log, and for a start that fails; without its full stop. */
export function tellFullDisk(path: string): string {
  return `The disk that holds the database ${path} is full. What is stored is safe: make room on that disk`
}

function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(dirname(path))
    return bavail * bsize
  } catch {
    // Not known: then the error stands as SQLite gave it.
    return Number.POSITIVE_INFINITY
  }
}
