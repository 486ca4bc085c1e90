/** Changes settings in the `.env` file, and keeps every other line as it is. */
import { lstatSync, realpathSync } from 'node:fs'
import { withSettings } from '../settings/env-file-text.ts'
import { readEnvFile } from './env-file.ts'
import { replaceFile } from './regular-file.ts'
import { ensureStateFolder, type StatePaths } from './state-folder.ts'

/**
 * Writes the file with mode 0600, and makes its folder if it is missing. A link stays, and what it leads to is replaced.
 *
 * @param changes the value of each setting; `undefined` removes it.
 * @throws the file system's error, or why the file cannot be read.
 */
export function changeEnvFile(
  paths: StatePaths,
  changes: Readonly<Record<string, string | undefined>>,
): void {
  const { envFile } = paths
  const file = readEnvFile(envFile)
  if (file.state === 'unreadable') throw new Error(file.reason)
  ensureStateFolder(paths)
  const isLink = lstatSync(envFile, { throwIfNoEntry: false })?.isSymbolicLink() === true
  const target = isLink ? realpathSync(envFile) : envFile
  replaceFile(target, withSettings(file.state === 'read' ? file.text : '', changes))
}
