/** SQLite creates its files with the permissions the umask allows, and follows links in their place. */
import { closeSync, openSync, rmSync } from 'node:fs'
import { codeOf } from '../../base/errors.ts'
import { isForeign, regularFileStat } from './file-stat.ts'

/** What SQLite keeps beside a database and reads as part of it. */
const SUFFIXES = ['-wal', '-shm', '-journal']

/**
 * Creates an empty file of mode 0600 if there is none, so a database never exists with wider rights. Does not open an
 * existing file: closing it would drop the locks this process holds on it (POSIX fcntl).
 *
 * @param hardLinks whether the file may have another hard link, which may be somebody else's file. Nothing is written
 *   into a file that may; what lies beside it would be written, so another link in its place is taken away.
 * @param uid of this process: another owner of a ledger could have written messages into it.
 * @throws when it, or what lies beside it as part of the database, is not a regular file, is foreign or is hard-linked.
 */
export function createPrivately(
  path: string,
  hardLinks: 'refused' | 'accepted' = 'refused',
  uid: number | undefined = process.getuid?.(),
): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    requireOurs(path, hardLinks, uid)
  }
  for (const suffix of SUFFIXES) {
    if (hardLinks === 'accepted') dropLink(path + suffix)
    requireOurs(path + suffix, 'refused', uid)
  }
}

/** The file stays under its other name. */
function dropLink(path: string): void {
  if ((regularFileStat(path)?.nlink ?? 0) > 1) rmSync(path)
}

function requireOurs(path: string, hardLinks: 'refused' | 'accepted', uid: number | undefined): void {
  const stat = regularFileStat(path)
  if (stat === undefined) return
  if (isForeign(stat, uid)) {
    throw new Error(
      `${path} belongs to another user (uid ${stat.uid}): have root change its owner to you, or move it out of the folder`,
    )
  }
  if (hardLinks === 'refused' && stat.nlink > 1) {
    throw new Error(`${path} has another hard link: move it out of the folder`)
  }
}
