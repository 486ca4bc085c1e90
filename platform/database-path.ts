/** Where the platform keeps its file, and the creation of a new one. */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join } from 'node:path'
import { given } from './arguments.ts'
import { errorText } from './base/text.ts'
import { DatabaseRefused, MEMORY } from './store/database.ts'

/**
 * @param chosen the value of --db.
 * @param dataHome the value of XDG_DATA_HOME; a relative path does not count (XDG Base Directory Specification).
 * @throws DatabaseRefused when neither names a place and the user has no home folder.
 */
export function databasePath(chosen: string | undefined, dataHome: string | undefined): string {
  if (chosen !== undefined) return chosen.toLowerCase() === MEMORY ? MEMORY : chosen
  const data = given(dataHome)
  const folder = data !== undefined && isAbsolute(data) ? data : join(homeFolder(), '.local', 'share')
  return join(folder, 'molecule-platform', 'platform.db')
}

function homeFolder(): string {
  try {
    return homedir()
  } catch {
    throw new DatabaseRefused('This user has no home folder to keep the database in; name a file with --db.')
  }
}

/**
 * The file holds everyone's messages, so only its owner may read it. SQLite gives its side files the same
 * mode.
 *
 * @throws DatabaseRefused when it cannot be created.
 */
export function prepareFile(path: string): void {
  if (path === MEMORY || existsSync(path)) return
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'a', 0o600))
  } catch (error) {
    throw new DatabaseRefused(
      `The database ${path} cannot be created: ${errorText(error)}. Name another file with --db.`,
    )
  }
}
