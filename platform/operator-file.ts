/**
 * How the programs of this user find a running platform and act as its operator, with nothing typed or pasted: a file
 * beside the database, which only its owner can read. The key in it is good for one start, so that a file that a crash
 * left behind gives nothing to whoever takes over the port.
 */
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { newUuid, systemRandom } from './base/random.ts'
import { MEMORY } from './store/database.ts'

export interface Operator {
  /** The platform's origin, as a program on this machine reaches it. */
  readonly url: string
  /** Opens every route, as the operator token does. */
  readonly key: string
}

/** @throws the file system's error. */
export function writeOperatorFile(db: string, operator: Operator): void {
  if (db === MEMORY) return
  const path = operatorPath(db)
  const temporary = `${path}.${newUuid(systemRandom)}`
  try {
    // A new file, and then a new name: whatever has that name is neither opened nor followed.
    writeFileSync(temporary, `${JSON.stringify(operator)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}

/** @throws the file system's error. */
export function removeOperatorFile(db: string): void {
  if (db !== MEMORY) rmSync(operatorPath(db), { force: true })
}

/** The origin for a program on this machine, where the platform listens on every address. */
export function localUrl(url: string): string {
  return url.replace(/\/\/(?:0\.0\.0\.0|\[::\])(?=:|$)/, '//127.0.0.1')
}

function operatorPath(db: string): string {
  return `${db}-operator`
}
