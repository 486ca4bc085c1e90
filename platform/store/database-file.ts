/**
 * Whether what is written still reaches the file. SQLite goes on writing into a file that was deleted, and all of it is
 * gone once the process ends.
 */
import { type Stats, statSync } from 'node:fs'
import { MEMORY } from './database.ts'
import { isFullDisk, tellFullDisk } from './full-disk.ts'

/** What happened to a file from outside. */
type Fate = 'removed' | 'replaced' | 'cut short'

interface Watched {
  readonly path: string
  readonly stats: Stats
  /** Whether it never gets shorter while it is in use. */
  readonly onlyGrows: boolean
}

export class DatabaseFile {
  readonly #path: string
  readonly #log: (line: string) => void
  readonly #watched: readonly Watched[]
  #lost = false
  #full = false

  /**
   * @param path the file that the platform has just opened, or `:memory:`.
   * @param log receives a sentence when the file is lost, and one when it is back.
   */
  constructor(path: string, log: (line: string) => void) {
    this.#path = path
    this.#log = log
    // The newest rows are in the write-ahead log alone until a checkpoint.
    this.#watched = path === MEMORY ? [] : [watched(path, true), watched(`${path}-wal`, false)].flat()
  }

  /** Whether what is stored now will still be there after a restart. */
  isInPlace(): boolean {
    const fate = this.#watched.map(fateOf).find((one) => one !== undefined)
    if ((fate !== undefined) !== this.#lost) this.#log(this.#sentence(fate))
    this.#lost = fate !== undefined
    return !this.#lost
  }

  /** Whether an error means that something could not be stored for want of room; logs the first. */
  isFull(error: unknown): boolean {
    if (!isFullDisk(error, this.#path)) return false
    if (!this.#full)
      this.#log(`${tellFullDisk(this.#path)}. Until then requests that would store are refused.`)
    this.#full = true
    return true
  }

  /** Something was stored. */
  noteStored(): void {
    if (this.#full) this.#log(`There is room for the database ${this.#path} again; the platform stores.`)
    this.#full = false
  }

  #sentence(fate: Fate | undefined): string {
    if (fate === undefined) return `The database ${this.#path} is back in place; the platform stores again.`
    return `The database ${this.#path} was ${fate} while the platform ran. The platform refuses every request that would store something. Put the file back, or restart the platform.`
  }
}

function watched(path: string, onlyGrows: boolean): readonly Watched[] {
  const stats = statSync(path, { throwIfNoEntry: false })
  return stats === undefined ? [] : [{ path, stats, onlyGrows }]
}

function fateOf({ path, stats, onlyGrows }: Watched): Fate | undefined {
  const now = present(path)
  if (now === undefined) return 'removed'
  if (now === 'unknown') return undefined
  if (now.ino !== stats.ino || now.dev !== stats.dev) return 'replaced'
  return onlyGrows && now.size < stats.size ? 'cut short' : undefined
}

/** Undefined when it is not there; `unknown` when that cannot be told, as when a folder above it was locked. */
function present(path: string): Stats | undefined | 'unknown' {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR' ? undefined : 'unknown'
  }
}
