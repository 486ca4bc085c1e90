/**
 * Who consumes the messages of a workspace. The kernel decides: the lock is an exclusive SQLite transaction, which
 * ends with the process that holds it, however it ends. What the pid file says is for people; nobody acts on it, and
 * nobody signals the process it names.
 */
import { Database } from 'bun:sqlite'
import { rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'
import { codeOf } from '../../base/errors.ts'
import { readRegularFile, regularFileStat, replaceFile } from './regular-file.ts'
import { createPrivately, identityOf } from './state-folder.ts'

export type LockAttempt =
  | { readonly state: 'held' }
  | { readonly state: 'busy' }
  | { readonly state: 'failed'; readonly reason: string }

/** What lies in the folder of locks for one workspace. */
export interface LockPaths {
  readonly lock: string
  /** The record of who holds it, for people. */
  readonly holder: string
  /** The wish of another session to hold it. */
  readonly claim: string
}

export function lockPaths(folder: string, workspaceId: string): LockPaths {
  const path = (ending: string): string => join(folder, `${workspaceId}.${ending}`)
  return { lock: path('lock'), holder: path('holder'), claim: path('claim') }
}

/**
 * Whether some process holds a lock, this one included. Asked as a reader would, so that nothing is taken and nothing
 * is written; it costs less than a millisecond. Never throws: a lock that cannot be asked counts as held.
 */
export function isHeld(path: string): boolean {
  try {
    const handle = new Database(path, { readonly: true })
    try {
      handle.run('PRAGMA busy_timeout = 0')
      handle.query('SELECT 1 FROM sqlite_schema').get()
      return false
    } finally {
      handle.close()
    }
  } catch (error) {
    // No file, and one that could be read and is no database, are nobody's.
    return codeOf(error) !== 'SQLITE_CANTOPEN' && codeOf(error) !== 'SQLITE_NOTADB'
  }
}

/**
 * Open handles. A `Database` that nothing refers to is collected, and its lock is released without a word; this set
 * keeps each one reachable until it is closed on purpose.
 */
const handles = new Set<Database>()

export class LockFile {
  readonly #path: string
  #handle: Database | undefined
  /** Of the file that is open. */
  #identity = ''
  #held = false

  constructor(path: string) {
    this.#path = path
  }

  get held(): boolean {
    return this.#held
  }

  /** The file that is open is not the one at its path: nobody else sees that lock. */
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
      return { state: 'failed', reason: `the lock ${this.#path} cannot be taken: ${String(error)}` }
    }
  }

  #begin(): void {
    try {
      this.#open().run('BEGIN EXCLUSIVE')
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_NOTADB') throw error
      // Something wrote into the file. That it was read at all means that nobody holds it; emptied and not replaced,
      // so that it stays the same file for whoever else is trying.
      this.close()
      if ((regularFileStat(this.#path)?.nlink ?? 1) > 1) {
        throw new Error('it has a second name and may be a file of someone else: remove it')
      }
      truncateSync(this.#path)
      this.#open().run('BEGIN EXCLUSIVE')
    }
  }

  /** Gives the lock back, if it is held, and closes the file. */
  close(): void {
    this.#held = false
    if (this.#handle === undefined) return
    handles.delete(this.#handle)
    this.#handle.close()
    this.#handle = undefined
  }

  #open(): Database {
    if (this.#handle !== undefined) return this.#handle
    // A second name is no harm: nothing is written into a lock. To put another file in its place would make two locks.
    createPrivately(this.#path, 'accepted')
    const identity = identityOf(this.#path)
    const handle = new Database(this.#path, { readwrite: true, create: true })
    handle.run('PRAGMA busy_timeout = 0')
    this.#identity = identity
    handles.add(handle)
    this.#handle = handle
    return handle
  }
}

export interface Holder {
  readonly pid: number
  /** Milliseconds since the epoch: when the process began; in the record of one workspace, when it took the lock. */
  readonly startedAt: number
  /** The folder the session works in, for the person who looks for it. */
  readonly project: string
}

/** Writes who holds a lock, for people to read. Not being able to is no reason not to work. */
export function writePidFile(path: string, holder: Holder): void {
  try {
    replaceFile(path, pidFileText(holder))
  } catch {
    // A folder in its place, a read-only or a full disk: the record is a courtesy, the lock does not depend on it.
  }
}

/** Removes the record if it is still ours. */
export function removePidFile(path: string, holder: Holder): void {
  try {
    if (readRegularFile(path) === pidFileText(holder)) rmSync(path)
  } catch {
    // Gone, or never written: what was wanted is so.
  }
}

/** What the record says, or undefined when there is none that can be read. It may be out of date. */
export function readPidFile(path: string): Holder | undefined {
  try {
    const [pid = '', startedAt = '', ...project] = readRegularFile(path).split('\n')
    const holder = { pid: Number(pid), startedAt: Date.parse(startedAt), project: project.join(' ').trim() }
    return Number.isSafeInteger(holder.pid) && holder.pid > 0 && Number.isFinite(holder.startedAt)
      ? holder
      : undefined
  } catch {
    // No record, or not one we can read: the same to whoever asks.
    return undefined
  }
}

function pidFileText(holder: Holder): string {
  return `${holder.pid}\n${new Date(holder.startedAt).toISOString()}\n${holder.project}\n`
}
