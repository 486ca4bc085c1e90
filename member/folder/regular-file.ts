/**
 * Our own small files, in a folder where others can put things. A pipe or a device in place of one would block the
 * process; a symbolic or hard link to somebody else's file would redirect our writes there.
 */
import {
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from 'node:fs'
import { codeOf } from '../../base/errors.ts'
import { isOursToRead } from './file-stat.ts'

/** None of our files grows this large. */
const MAX_READ_BYTES = 8 * 1024 * 1024
// Follows no link, and does not wait for the other end of a pipe.
const AS_IT_IS = constants.O_NOFOLLOW | constants.O_NONBLOCK
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | AS_IT_IS

/** @throws the file system's error, or why the file is not ours: a link, not regular, hard-linked or too large. */
export function readRegularFile(path: string): string {
  const handle = openSync(path, constants.O_RDONLY | AS_IT_IS)
  try {
    requireOurs(path, fstatSync(handle))
    return readFileSync(handle, 'utf8')
  } finally {
    closeSync(handle)
  }
}

/**
 * The end of a file that only grows; empty when there is none.
 *
 * @throws the file system's error, or why the file is not ours: a link, not regular or hard-linked.
 */
export function readTail(path: string, bytes: number): string {
  const handle = openIfAny(path)
  if (handle === undefined) return ''
  try {
    const stat = fstatSync(handle)
    requireRegular(path, stat)
    const tail = Buffer.alloc(Math.min(bytes, stat.size))
    const length = readSync(handle, tail, 0, tail.length, stat.size - tail.length)
    return tail.toString('utf8', 0, length)
  } finally {
    closeSync(handle)
  }
}

function openIfAny(path: string): number | undefined {
  try {
    return openSync(path, constants.O_RDONLY | AS_IT_IS)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

function requireOurs(path: string, stat: Stats): void {
  requireRegular(path, stat)
  if (stat.size > MAX_READ_BYTES) throw new Error(`${path} is too large`)
}

function requireRegular(path: string, stat: Stats): void {
  if (!stat.isFile()) throw new Error(`${path} is not a regular file`)
  if (!isOursToRead(stat)) throw new Error(`${path} has another hard link`)
}

/**
 * Writes a file with mode 0600 under a temporary name and renames it, so whatever is at `path` is replaced without being
 * opened or followed.
 *
 * @throws the file system's error, and leaves nothing behind.
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
 * Appends to a file of mode 0600, creating it if necessary. One with another hard link is not written: a new file takes
 * its place, with what it held if only its owner can read it.
 *
 * @throws the file system's error, or that it is a link or not a regular file.
 */
export function appendToFile(path: string, text: string): void {
  if (appendToOwn(path, text)) return
  const held = readIfOurs(path)
  rmSync(path)
  if (!appendToOwn(path, held + text)) throw new Error(`${path} has another hard link`)
}

function readIfOurs(path: string): string {
  try {
    return readRegularFile(path)
  } catch {
    // Somebody else's file, or too large: what comes next is worth more.
    return ''
  }
}

/** @returns false, with nothing written, when the file has another hard link. */
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
