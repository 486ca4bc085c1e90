/** What the file system of the state folder must support, and the error when it does not. */
import { rmSync } from 'node:fs'
import { codeOf } from '../../base/errors.ts'
import { type Disk, isBusy } from '../../base/sqlite.ts'
import { createPrivately } from './database-file.ts'

const REMEDY = 'set MOLECULE_STATE_DIR to a folder on a disk of this machine'
const NO_LOCKS = `its file system does not support file locks, like that of some network home folders: ${REMEDY}`
const NO_SHARED_MEMORY = `its file system does not support shared memory, like that of some network and container folders: ${REMEDY}`

/**
 * Takes a lock that nobody else can have, on a new file beside `path`: SQLite reports a file system without locks as a
 * lock that another process holds.
 *
 * @throws Error with the remedy when no lock can be had; what creating the file throws.
 */
export function requireLocks(path: string, disk: Pick<Disk, 'open'>): void {
  const probe = `${path}.${crypto.randomUUID()}`
  createPrivately(probe)
  try {
    const handle = disk.open(probe, { mode: 'existing' })
    try {
      handle.run('BEGIN EXCLUSIVE')
    } finally {
      handle.close()
    }
  } catch (error) {
    throw isRefused(error) ? new Error(NO_LOCKS) : error
  } finally {
    rmSync(probe, { force: true })
  }
}

function isRefused(error: unknown): boolean {
  return isBusy(error) || /^SQLITE_(IOERR|PERM)/.test(codeOf(error) ?? '')
}

/** The error of a database that was opened, in words a person can act on where it needs what the file system lacks. */
export function explained(error: unknown): unknown {
  return /^SQLITE_IOERR_SHM/.test(codeOf(error) ?? '') ? new Error(NO_SHARED_MEMORY) : error
}
