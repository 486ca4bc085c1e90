/**
 * Small files of ours in a folder where others can put things: a pipe or a device in place of one would block the
 * process, and a link would lead what is written to a file of someone else.
 */
import { lstatSync, readFileSync, renameSync, rmSync, type Stats, writeFileSync } from 'node:fs'

/**
 * What is there itself, not what it links to.
 *
 * @returns undefined when nothing is there.
 * @throws when something else than a regular file is, or it cannot be told.
 */
export function regularFileStat(path: string): Stats | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isFile()) throw new Error(`${path} is not a regular file`)
  return stat
}

/** @throws the file system's error, or that it is not a regular file. */
export function readRegularFile(path: string): string {
  regularFileStat(path)
  return readFileSync(path, 'utf8')
}

/**
 * Writes a file for its owner alone, beside and renamed: whatever is there is replaced, and neither opened nor followed.
 *
 * @throws the file system's error; nothing stays behind then.
 */
export function replaceFile(path: string, text: string): void {
  const temporary = `${path}.${crypto.randomUUID()}`
  try {
    writeFileSync(temporary, text, { mode: 0o600, flag: 'wx' })
    renameSync(temporary, path)
  } catch (error) {
    rmSync(temporary, { force: true })
    throw error
  }
}
