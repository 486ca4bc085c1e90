/** The folder that holds everything this program keeps: configuration, ledger, locks, log. */

import {
  chmodSync,
  closeSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  type Stats,
  statSync,
} from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import { regularFileStat } from './regular-file.ts'

export interface StatePaths {
  readonly folder: string
  readonly envFile: string
  readonly ledger: string
  readonly locks: string
  readonly pidFile: string
  readonly logFile: string
  readonly secrets: string
  /** Files that came with messages. */
  readonly inbox: string
}

export function statePaths(folder: string): StatePaths {
  return {
    folder,
    envFile: join(folder, '.env'),
    ledger: join(folder, 'ledger.db'),
    locks: join(folder, 'locks'),
    pidFile: join(folder, 'bot.pid'),
    logFile: join(folder, 'channel.log'),
    secrets: join(folder, 'issued-secrets.json'),
    inbox: join(folder, 'inbox'),
  }
}

/**
 * Creates the folder, readable by its owner alone. It may be reached by way of a link, but nothing in it is: what is
 * written through a link, or into a folder that somebody else can change, is in the hands of whoever put it there.
 *
 * @param uid of this process; undefined where the system has none.
 * @returns a sentence when others could write into the folder.
 * @throws the file system's error when it cannot be created, or why it cannot be trusted.
 */
export function ensureStateFolder(
  paths: StatePaths,
  uid: number | undefined = process.getuid?.(),
): string | undefined {
  mkdirSync(paths.folder, { recursive: true, mode: 0o700 })
  const stat = statSync(paths.folder)
  if (isStrange(stat, uid)) {
    throw new Error(
      `it belongs to another user (uid ${stat.uid}): name a folder of your own in MOLECULE_STATE_DIR`,
    )
  }
  mkdirSync(paths.locks, { recursive: true, mode: 0o700 })
  for (const path of [paths.locks, paths.inbox]) {
    const inside = lstatSync(path, { throwIfNoEntry: false })
    if (inside === undefined) continue
    if (!inside.isDirectory()) throw new Error(`${path} is no folder, or a link: remove it`)
    if (isStrange(inside, uid))
      throw new Error(`${path} belongs to another user (uid ${inside.uid}): remove it`)
  }
  return closeToOthers(paths.folder, stat.mode)
}

/** Whether a folder is one of ours by what is in it, that of another configuration included. */
export function looksLikeStateFolder(folder: string): boolean {
  const { ledger, locks } = statePaths(folder)
  return [ledger, locks].every((path) => look(path) !== undefined)
}

/** The administrator can read everything anyway, and in a container often works on folders of another user. */
function isStrange({ uid: owner }: Stats, uid: number | undefined): boolean {
  return uid !== undefined && uid !== 0 && owner !== uid
}

/** Only the right to write is taken away: a folder that others may list may well be meant to be listed. */
function closeToOthers(folder: string, mode: number): string | undefined {
  const rights = (mode & 0o7777).toString(8)
  if ((mode & 0o022) === 0) return undefined
  const open = `others can write into the state folder ${folder} (mode 0${rights})`
  // The mark of a folder that all users share, such as /tmp: their rights there are not ours to take.
  if ((mode & 0o1000) !== 0) return `${open}: name a folder of your own in MOLECULE_STATE_DIR`
  try {
    chmodSync(folder, mode & 0o7755)
    if ((statSync(folder).mode & 0o022) === 0) {
      return `others could write into the state folder ${folder} (mode 0${rights}); they cannot any more. If others use this machine, look at what is in it.`
    }
  } catch {
    // The sentence below says what is left to do.
  }
  return `${open}, and its rights cannot be changed: name another folder in MOLECULE_STATE_DIR`
}

/** What SQLite lays beside a database, and takes for a part of it. */
const BESIDE_A_DATABASE = ['-wal', '-shm', '-journal']

/**
 * Creates an empty file of mode 0600 if there is none, so that a database never exists with wider rights. A file that
 * exists is not even opened: closing it would drop the locks that this process holds on it (POSIX fcntl).
 *
 * @param secondName what to think of a file that has another name as well, which may be that of a file of someone else.
 * @param uid of this process: who else owns a ledger could have written messages into it.
 * @throws when it, or what lies beside it as a part of the database, is no regular file, of another user or has a second name.
 */
export function createPrivately(
  path: string,
  secondName: 'refused' | 'accepted' = 'refused',
  uid: number | undefined = process.getuid?.(),
): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    checkOwn(path, secondName, uid)
  }
  for (const suffix of BESIDE_A_DATABASE) checkOwn(path + suffix, 'refused', uid)
}

function checkOwn(path: string, secondName: 'refused' | 'accepted', uid: number | undefined): void {
  const stat = regularFileStat(path)
  if (stat === undefined) return
  if (isStrange(stat, uid)) throw new Error(`${path} belongs to another user (uid ${stat.uid}): remove it`)
  if (secondName === 'refused' && stat.nlink > 1) {
    throw new Error(`${path} has a second name on this machine (a hard link): remove it`)
  }
}

export type EnvFile =
  | { readonly state: 'absent' }
  | { readonly state: 'read'; readonly text: string; readonly stamp: string }
  | { readonly state: 'unreadable'; readonly reason: string }

/** Larger than any real configuration; a file beyond it is not what it claims to be. */
const MAX_ENV_BYTES = 1024 * 1024

/**
 * Reads the `.env` file of the state folder. It changes nothing: a start that is not meant to stay leaves no trace.
 *
 * @param uid of this process: who else owns the file could say where the tokens go.
 */
export function readEnvFile(path: string, uid: number | undefined = process.getuid?.()): EnvFile {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return { state: 'unreadable', reason: `${path} is not a regular file` }
    if (stat.size > MAX_ENV_BYTES) return { state: 'unreadable', reason: `${path} is larger than 1 MiB` }
    if (isStrange(stat, uid)) {
      return {
        state: 'unreadable',
        reason: `${path} belongs to another user (uid ${stat.uid}): write it anew`,
      }
    }
    return { state: 'read', text: readFileSync(path, 'utf8'), stamp: stampOf(path) }
  } catch (error) {
    if (isMissing(error)) return { state: 'absent' }
    return { state: 'unreadable', reason: `${path} cannot be read: ${String(error)}` }
  }
}

/**
 * Takes away rights of others on the `.env` file, which holds tokens.
 *
 * @returns a sentence when the rights were wider than the owner's.
 */
export function tightenEnvFile(path: string): string | undefined {
  try {
    const mode = statSync(path).mode & 0o777
    if ((mode & 0o077) === 0) return undefined
    chmodSync(path, 0o600)
    return `${path} was readable by others (mode 0${mode.toString(8)}); it is 0600 now. If others use this machine, replace its tokens.`
  } catch (error) {
    if (isMissing(error)) return undefined
    return `${path} may be readable by others and its rights cannot be changed: ${String(error)}`
  }
}

/** A text that stays the same for as long as it is the same file, whatever is written into it; empty without one. */
export function identityOf(path: string): string {
  const stats = look(path)
  return stats === undefined ? '' : `${stats.dev}:${stats.ino}`
}

/** A text that changes whenever the file does; empty while there is none. */
export function stampOf(path: string): string {
  const stats = look(path)
  return stats === undefined ? '' : `${stats.mtimeMs}:${stats.size}:${stats.ino}:${stats.mode}`
}

function look(path: string): Stats | undefined {
  try {
    // Asked again and again: an error for each time that there is no file would cost more than the look.
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // Not accessible is read as "nothing there", and the next change is seen.
    return undefined
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
}
