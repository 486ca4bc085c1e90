/** The `.env` file of the state folder. It may be a link, since people keep such files elsewhere. */
import { chmodSync, readFileSync, statSync } from 'node:fs'
import { codeOf, describeError } from '../../base/errors.ts'
import { isForeign } from './file-stat.ts'

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
    if (!stat.isFile()) return { state: 'unreadable', reason: `${path} is not a regular file` }
    if (stat.size > MAX_BYTES) return { state: 'unreadable', reason: `${path} is larger than 1 MiB` }
    if (isForeign(stat, uid)) {
      const reason = `${path} belongs to another user (uid ${stat.uid}): replace it with a file of your own`
      return { state: 'unreadable', reason }
    }
    return { state: 'read', text: readFileSync(path, 'utf8') }
  } catch (error) {
    if (isMissing(error)) return { state: 'absent' }
    return { state: 'unreadable', reason: `${path} cannot be read: ${describeError(error)}` }
  }
}

/**
 * Removes other users' permissions from the file, because it holds tokens.
 *
 * @returns a warning when others had any.
 */
export function tightenEnvFile(path: string): string | undefined {
  try {
    const stat = statSync(path)
    const mode = stat.mode & 0o777
    // The path may lead to a device or a folder, which may be everybody's.
    if (!stat.isFile() || (mode & 0o077) === 0) return undefined
    chmodSync(path, 0o600)
    return `${path} was readable by others (mode 0${mode.toString(8)}); it is 0600 now. If others use this machine, replace its tokens.`
  } catch (error) {
    if (isMissing(error)) return undefined
    return `${path} may be readable by others, and its mode cannot be changed: ${describeError(error)}`
  }
}

function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
}
