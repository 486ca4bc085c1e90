/** What the file system says about a path. */
import { lstatSync, type Stats, statSync } from 'node:fs'

/**
 * Looks at the path itself, not at what it links to.
 *
 * @returns undefined when nothing is there.
 * @throws when it is not a regular file, or the file system's error.
 */
export function regularFileStat(path: string): Stats | undefined {
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat !== undefined && !stat.isFile()) throw new Error(`${path} is not a regular file`)
  return stat
}

/**
 * Whether somebody else owns it. Always false for the administrator, who can read everything anyway and in a container
 * often works on folders of another user.
 *
 * @param uid of this process; undefined where the system has none.
 */
export function isForeign({ uid: owner }: Stats, uid: number | undefined): boolean {
  return uid !== undefined && uid !== 0 && owner !== uid
}

/**
 * Whether it may be read in a folder of ours: it has no other hard link, or only its owner can read it, as all our files
 * are from the start. A copy of the folder can be made of hard links.
 */
export function isOursToRead({ nlink, mode, uid: owner }: Stats, uid = process.getuid?.()): boolean {
  return nlink < 2 || ((mode & 0o077) === 0 && (uid === undefined || owner === uid))
}

/** A text that stays the same while the path names the same file, whatever is written to it; empty without a file. */
export function identityOf(path: string): string {
  const stat = statIfAny(path)
  return stat === undefined ? '' : `${stat.dev}:${stat.ino}`
}

/** A text that changes whenever the file does; empty without a file. */
export function stampOf(path: string): string {
  const stat = statIfAny(path)
  return stat === undefined ? '' : `${stat.mtimeMs}:${stat.size}:${stat.ino}:${stat.mode}`
}

/** In bytes; 0 without a file. */
export function sizeOf(path: string): number {
  return statIfAny(path)?.size ?? 0
}

/** Follows links. */
export function isRegularFile(path: string): boolean {
  return statIfAny(path)?.isFile() ?? false
}

/** Follows links. */
export function exists(path: string): boolean {
  return statIfAny(path) !== undefined
}

function statIfAny(path: string): Stats | undefined {
  try {
    // Called again and again: throwing each time there is no file would cost more than the call.
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    // What cannot be accessed counts as missing; the next call sees when that changes.
    return undefined
  }
}
