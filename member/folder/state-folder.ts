/** The folder that holds everything this program keeps: configuration, ledger, locks, log, received files. */
import { chmodSync, lstatSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, describeError } from '../../base/errors.ts'
import { exists, isForeign } from './file-stat.ts'

export interface StatePaths {
  readonly folder: string
  readonly envFile: string
  readonly ledger: string
  readonly locks: string
  readonly pidFile: string
  readonly logFile: string
  readonly secrets: string
  /** Files that came with messages. */
  readonly receivedFiles: string
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
    receivedFiles: join(folder, 'inbox'),
  }
}

const REMEDY = 'set MOLECULE_STATE_DIR to a folder of your own'

/**
 * Creates the folder, readable by its owner alone. It may be reached through a link, but nothing inside it may be one:
 * what goes through a link, or into a folder that others can change, is controlled by the user who put it there.
 *
 * @param uid of this process; undefined where the system has none.
 * @returns a warning when others could write to the folder.
 * @throws the file system's error when it cannot be created, or why it cannot be trusted.
 */
export function ensureStateFolder(
  paths: StatePaths,
  uid: number | undefined = process.getuid?.(),
): string | undefined {
  makeFolder(paths.folder)
  const { mode } = requireOwn(paths.folder, uid)
  makeFolder(paths.locks)
  requireOwnContents(paths, uid)
  return closeToOthers(paths.folder, mode)
}

/**
 * The same for a folder that exists, without a change to it.
 *
 * @returns how its mode lets others write to it, as a clause; undefined when it does not.
 * @throws why it cannot be trusted.
 */
export function checkStateFolder(
  paths: StatePaths,
  uid: number | undefined = process.getuid?.(),
): string | undefined {
  const { mode } = requireOwn(paths.folder, uid)
  requireOwnContents(paths, uid)
  return openness(paths.folder, mode)
}

function requireOwn(folder: string, uid: number | undefined): Stats {
  const stat = statSync(folder)
  if (!stat.isDirectory()) throw new Error(`it is not a folder: ${REMEDY}`)
  if (isForeign(stat, uid)) throw new Error(`it belongs to another user (uid ${stat.uid}): ${REMEDY}`)
  return stat
}

function requireOwnContents({ locks, receivedFiles }: StatePaths, uid: number | undefined): void {
  for (const path of [locks, receivedFiles]) requireOwnFolder(path, uid)
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
  } catch (error) {
    if (!['EACCES', 'EPERM', 'EROFS'].includes(codeOf(error) ?? '')) throw error
    throw new Error(`${describeError(error)}: ${REMEDY}`, { cause: error })
  }
}

function requireOwnFolder(path: string, uid: number | undefined): void {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return
  if (!stat.isDirectory()) throw new Error(`${path} is a link, or not a folder: remove it`)
  if (isForeign(stat, uid)) throw new Error(`${path} belongs to another user (uid ${stat.uid}): remove it`)
}

/** Whether a folder is a state folder by its content, of this or another configuration. */
export function looksLikeStateFolder(folder: string): boolean {
  const { ledger, locks } = statePaths(folder)
  return exists(ledger) && exists(locks)
}

/** Removes only write permission: others may be meant to list the folder. */
function closeToOthers(folder: string, mode: number): string | undefined {
  const open = openness(folder, mode)
  if (open === undefined) return undefined
  // The sticky bit marks a folder that all users share, such as /tmp: not ours to change.
  if ((mode & 0o1000) !== 0) return `${open}: ${REMEDY}`
  try {
    chmodSync(folder, mode & 0o7755)
    if ((statSync(folder).mode & 0o022) === 0) {
      return (
        `others could write to the state folder ${folder} (mode ${octal(mode)}), which is closed to them now. ` +
        'If others use this machine, check what is in it.'
      )
    }
  } catch {
    // The sentence below says what to do instead.
  }
  return `${open}, and its mode cannot be changed: ${REMEDY}`
}

function openness(folder: string, mode: number): string | undefined {
  return (mode & 0o022) === 0
    ? undefined
    : `others can write to the state folder ${folder} (mode ${octal(mode)})`
}

function octal(mode: number): string {
  return `0${(mode & 0o7777).toString(8)}`
}
