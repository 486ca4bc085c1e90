/**
 * Small files of ours in a folder where others can put things: a pipe or a device in place of one would block the
 * process, and a link, or a second name of a file of someone else, would lead there what is written.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'

/** What is read at once at most; no file of ours is as large. */
const MAX_READ_BYTES = 8 * 1024 * 1024
// Neither does a link lead on, nor is the other end of a pipe waited for.
const AS_IT_IS = constants.O_NOFOLLOW | constants.O_NONBLOCK
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | AS_IT_IS

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

/** @throws the file system's error, or that it is no file of ours: a link, no regular one, with a second name, too large. */
export function readRegularFile(path: string): string {
  const handle = openSync(path, constants.O_RDONLY | AS_IT_IS)
  try {
    checkOwn(path, fstatSync(handle))
    return readFileSync(handle, 'utf8')
  } finally {
    closeSync(handle)
  }
}

function checkOwn(path: string, stat: Stats): void {
  if (!stat.isFile()) throw new Error(`${path} is not a regular file`)
  if (stat.nlink > 1) throw new Error(`${path} has a second name`)
  if (stat.size > MAX_READ_BYTES) throw new Error(`${path} is too large`)
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

/**
 * Appends to a file for its owner alone, which is made if there is none. A second name of another file is taken away
 * before, and a file of ours begun in its place.
 *
 * @throws the file system's error, or that it is a link or no regular file.
 */
export function appendToFile(path: string, text: string): void {
  if (!appendToOwn(path, text)) {
    rmSync(path)
    if (!appendToOwn(path, text)) throw new Error(`${path} has a second name`)
  }
}

/** @returns false, with nothing written, when the file has a second name. */
function appendToOwn(path: string, text: string): boolean {
  const handle = openSync(path, APPEND, 0o600)
  try {
    const stat = fstatSync(handle)
    if (!stat.isFile()) throw new Error(`${path} is not a regular file`)
    if (stat.nlink > 1) return false
    if ((stat.mode & 0o077) !== 0) fchmodSync(handle, 0o600)
    if (text !== '') writeFileSync(handle, text)
    return true
  } finally {
    closeSync(handle)
  }
}
