/**
 * A ledger whose file has another hard link, as a copy of the state folder made with hard links has. Two folders would
 * then write to one database, each with a log of its own beside it, which destroys it. So the ledger gets a file of its
 * own before it is opened, and the other link keeps the old one.
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { codeOf, describeError } from '../../base/errors.ts'
import type { Disk } from '../../base/sqlite.ts'
import { createPrivately } from '../folder/database-file.ts'
import { isForeign, regularFileStat } from '../folder/file-stat.ts'
import { isDamage } from './ledger-damage.ts'

/** Once nobody has the database open, SQLite has moved all of this into it. */
const LOGS = ['-wal', '-journal'] as const

/**
 * Does nothing to a file without another link. One process at a time may do this.
 *
 * @throws a sentence with a remedy that loses nothing, when another session has the file open, or the file is not a ledger; or
 *   what the disk throws.
 */
export function separateLinked(path: string, disk: Disk): void {
  const stat = regularFileStat(path)
  // The file of another user is refused when it is opened.
  if (stat === undefined || stat.nlink < 2 || isForeign(stat, process.getuid?.())) return
  for (const suffix of [...LOGS, '-shm']) regularFileStat(path + suffix)
  const copy = `${path}.separate`
  for (const suffix of ['', ...LOGS]) rmSync(copy + suffix, { force: true })
  createPrivately(copy)
  try {
    copyAlone(path, copy, disk)
    const left = LOGS.find((suffix) => existsSync(path + suffix))
    if (left !== undefined) throw new Error(`${path}${left} could not be moved into it`)
    // It is shared memory for those who have the old file open.
    rmSync(`${path}-shm`, { force: true })
    renameSync(copy, path)
  } catch (error) {
    rmSync(copy, { force: true })
    throw new Error(`${path} has another hard link, as in a copy of the folder: ${reasonFor(error)}`, {
      cause: error,
    })
  }
}

/** @throws SQLITE_BUSY when another process, or this one, has the file open. */
function copyAlone(path: string, copy: string, disk: Disk): void {
  const db = disk.open(path, { mode: 'existing' })
  try {
    db.run('PRAGMA busy_timeout = 0')
    // Keeps what the transaction locks until the database is closed.
    db.run('PRAGMA locking_mode = EXCLUSIVE')
    db.run('BEGIN EXCLUSIVE')
    db.run('COMMIT')
    db.query<unknown, [string]>('VACUUM INTO ?').run(copy)
  } finally {
    db.close()
  }
}

function reasonFor(error: unknown): string {
  if (codeOf(error)?.startsWith('SQLITE_BUSY') === true) {
    return 'another session has it open; this one continues once that session ends'
  }
  if (isDamage(error)) return 'it is damaged or is not a ledger; move it out of the folder'
  return `it cannot be copied (${describeError(error)})`
}
