/**
 * Which process receives for a workspace. The kernel decides: the lock is an exclusive SQLite transaction, which ends
 * with the process that holds it, however that ends.
 */
import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf, describeError } from '../../base/errors.ts'
import type { Database, Disk } from '../../base/sqlite.ts'
import { createPrivately } from './database-file.ts'
import { identityOf, regularFileStat } from './file-stat.ts'

export type LockAttempt =
  | { readonly state: 'held' }
  | { readonly state: 'busy' }
  | { readonly state: 'failed'; readonly reason: string }

/** The files of one workspace in the locks folder. */
export interface LockPaths {
  readonly lock: string
  /** The record of who holds the lock, for people. */
  readonly holder: string
  /** Another session's claim on it. */
  readonly claim: string
}

export function lockPaths(folder: string, workspaceId: string): LockPaths {
  const path = (extension: string): string => join(folder, `${workspaceId}.${extension}`)
  return { lock: path('lock'), holder: path('holder'), claim: path('claim') }
}

/**
 * Whether any process holds a lock, this one included. Asks as a reader, so it takes and writes nothing; under a
 * millisecond. Never throws: a lock that cannot be checked counts as held.
 */
export function isHeld(path: string, disk: Disk): boolean {
  try {
    const handle = disk.open(path, { mode: 'readonly' })
    try {
      handle.run('PRAGMA busy_timeout = 0')
      handle.query('SELECT 1 FROM sqlite_schema').get()
      return false
    } finally {
      handle.close()
    }
  } catch (error) {
    // Nobody holds a file that does not exist, or one that was readable and is not a database.
    return codeOf(error) !== 'SQLITE_CANTOPEN' && codeOf(error) !== 'SQLITE_NOTADB'
  }
}

/**
 * Open handles. An unreferenced `Database` is garbage-collected, which silently releases its lock; this set keeps each
 * one reachable until it is closed on purpose.
 */
const handles = new Set<Database>()

export class LockFile {
  readonly #path: string
  readonly #disk: Disk
  #handle: Database | undefined
  /** Of the open file. */
  #identity = ''
  #held = false

  constructor(path: string, disk: Disk) {
    this.#path = path
    this.#disk = disk
  }

  /** The open file is not the one at its path, so no other process sees this lock. */
  get lost(): boolean {
    return this.#handle !== undefined && identityOf(this.#path) !== this.#identity
  }

  /** Tries to take the lock, without waiting. Never throws. */
  tryTake(): LockAttempt {
    if (this.#held) return { state: 'held' }
    if (this.lost) this.close()
    try {
      this.#begin()
      this.#held = true
      return { state: 'held' }
    } catch (error) {
      if (codeOf(error) === 'SQLITE_BUSY') return { state: 'busy' }
      this.close()
      return { state: 'failed', reason: `the lock ${this.#path} cannot be taken: ${describeError(error)}` }
    }
  }

  /**
   * Takes the lock from a process that is stopped, by putting a new file in place of the one it has locked. That process
   * is not signalled: it finds its lock {@link lost} as soon as it runs. Never throws.
   */
  seize(): LockAttempt {
    this.close()
    try {
      rmSync(this.#path, { force: true })
    } catch (error) {
      return { state: 'failed', reason: `the lock ${this.#path} cannot be replaced: ${describeError(error)}` }
    }
    return this.tryTake()
  }

  #begin(): void {
    try {
      this.#open().run('BEGIN EXCLUSIVE')
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_NOTADB') throw error
      // Something wrote into the file. Since it could be read, no process holds it. Truncating instead of replacing it
      // keeps it the same file for everyone else who is trying.
      this.close()
      if ((regularFileStat(this.#path)?.nlink ?? 1) > 1) {
        throw new Error("it has another hard link and may be somebody else's file: remove it")
      }
      truncateSync(this.#path)
      this.#open().run('BEGIN EXCLUSIVE')
    }
  }

  /** Releases the lock, if it is held, and closes the file. */
  close(): void {
    this.#held = false
    if (this.#handle === undefined) return
    handles.delete(this.#handle)
    this.#handle.close()
    this.#handle = undefined
  }

  #open(): Database {
    if (this.#handle !== undefined) return this.#handle
    // A hard link does no harm: nothing is written into a lock. Replacing the file would make two locks of one.
    createPrivately(this.#path, 'accepted')
    const identity = identityOf(this.#path)
    const handle = this.#disk.open(this.#path)
    handle.run('PRAGMA busy_timeout = 0')
    this.#identity = identity
    handles.add(handle)
    this.#handle = handle
    return handle
  }
}
