/** The `.env` file of the state folder. It may be a link, since people keep such files elsewhere. */
import { chmodSync, readFileSync, type Stats, statSync } from 'node:fs'
import { codeOf, describeError } from '../../base/errors.ts'
import { isForeign } from './file-stat.ts'
import { decodeText } from './text-encoding.ts'

export type EnvFile =
  | { readonly state: 'absent' }
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'unreadable'; readonly reason: string }

/** Far larger than any real configuration. */
const MAX_BYTES = 1024 * 1024

/**
 * Reads the file and changes nothing: a start that is not meant to stay leaves no trace.
 *
 * @param uid of this process: another owner of the file could decide where the tokens go.
 */
export function readEnvFile(path: string, uid: number | undefined = process.getuid?.()): EnvFile {
  try {
    const stat = statSync(path)
    if (!stat.isFile())
      return { state: 'unreadable', reason: `${path} is not a regular file: replace it with one` }
    if (stat.size > MAX_BYTES) return { state: 'unreadable', reason: `${path} is larger than 1 MiB` }
    const reason = distrust(stat, uid)
    if (reason !== undefined) return { state: 'unreadable', reason: `${path} ${reason}` }
    const text = decodeText(readFileSync(path))
    return text === undefined
      ? { state: 'unreadable', reason: `${path} is not a text file: save it as UTF-8` }
      : { state: 'read', text }
  } catch (error) {
    if (isMissing(error)) return { state: 'absent' }
    const remedy = codeOf(error) === 'EACCES' ? `: let this user (uid ${uid}) read it` : ''
    return { state: 'unreadable', reason: `${path} cannot be read: ${describeError(error)}${remedy}` }
  }
}

/**
 * Why the file cannot be trusted, if it cannot. A file of root can, since root may do everything anyway and containers
 * mount secrets like this, but only if nobody else can write to it.
 */
function distrust(stat: Stats, uid: number | undefined): string | undefined {
  if (!isForeign(stat, uid)) return undefined
  if (stat.uid !== 0) return `belongs to another user (uid ${stat.uid}): replace it with a file of your own`
  if ((stat.mode & 0o022) === 0) return undefined
  return `belongs to root, and others can write to it (mode ${octal(stat.mode)}): have root run chmod go-w on it`
}

/**
 * Removes other users' permissions from the file, because it holds tokens. Those of a file that is not ours stay.
 *
 * @param uid of this process.
 * @returns a warning when others had any.
 */
export function tightenEnvFile(
  path: string,
  uid: number | undefined = process.getuid?.(),
): string | undefined {
  try {
    const stat = statSync(path)
    const mode = stat.mode & 0o777
    // The path may lead to a device or a folder, which may be everybody's.
    if (!stat.isFile() || (mode & 0o077) === 0) return undefined
    if (isForeign(stat, uid)) {
      // Its owner may let us read it through a group.
      if ((mode & 0o007) === 0) return undefined
      return `${path} belongs to another user (uid ${stat.uid}), and everyone on this machine can read it (mode ${octal(mode)}): have its owner run chmod o= on it.`
    }
    chmodSync(path, 0o600)
    return `${path} was readable by others (mode ${octal(mode)}); it is 0600 now. If others use this machine, replace its tokens.`
  } catch (error) {
    if (isMissing(error)) return undefined
    return `${path} may be readable by others, and its mode cannot be changed: ${describeError(error)}`
  }
}

function octal(mode: number): string {
  return `0${(mode & 0o777).toString(8)}`
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
}
