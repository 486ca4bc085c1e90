/** The folder that holds everything this program keeps: configuration, ledger, locks, log. */
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'

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
 * Creates the folder, readable by its owner alone.
 *
 * @throws the file system's error when it cannot be created.
 */
export function ensureStateFolder(paths: StatePaths): void {
  mkdirSync(paths.folder, { recursive: true, mode: 0o700 })
  mkdirSync(paths.locks, { recursive: true, mode: 0o700 })
}

/**
 * Creates an empty file of mode 0600 if there is none, so that a database never exists with wider rights. A file that
 * exists is not even opened: closing it would drop the locks that this process holds on it (POSIX fcntl).
 */
export function createPrivately(path: string): void {
  try {
    closeSync(openSync(path, 'wx', 0o600))
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
  }
}

export type EnvFile =
  | { readonly state: 'absent' }
  | { readonly state: 'read'; readonly text: string; readonly stamp: string }
  | { readonly state: 'unreadable'; readonly reason: string }

/** Larger than any real configuration; a file beyond it is not what it claims to be. */
const MAX_ENV_BYTES = 1024 * 1024

/** Reads the `.env` file of the state folder. It changes nothing: a start that is not meant to stay leaves no trace. */
export function readEnvFile(path: string): EnvFile {
  try {
    const stat = statSync(path)
    if (!stat.isFile()) return { state: 'unreadable', reason: `${path} is not a regular file` }
    if (stat.size > MAX_ENV_BYTES) return { state: 'unreadable', reason: `${path} is larger than 1 MiB` }
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
  return error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR')
}
