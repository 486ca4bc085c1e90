/**
 * One process's view of the disk: each use of the ledger is an action during which the process may die, or the disk be
 * full.
 */
import type { SQLQueryBindings } from 'bun:sqlite'
import {
  CHECKPOINT,
  type Database,
  type Disk,
  type DoJob,
  type OpenOptions,
  type Query,
  systemDisk,
} from '../../base/sqlite.ts'
import type { Life } from './life.ts'
import type { Storage } from './storage.ts'

export interface SimDiskOptions {
  readonly life: Life
  readonly storage: Storage
  /** Whether the write that begins now finds the disk full. */
  readonly isFull: () => boolean
  /** Whether another process is writing to the ledger when a write begins. */
  readonly isBusy: () => boolean
}

export class SimDisk implements Disk {
  readonly #options: SimDiskOptions
  readonly #open = new Set<Database>()
  readonly #locked = new Set<string>()
  #inJob = false

  constructor(options: SimDiskOptions) {
    this.#options = options
  }

  readonly open = (path: string, options?: OpenOptions): Database => {
    const { life, storage } = this.#options
    if (life.dead) throw new Error('the process is dead')
    const db = systemDisk.open(path, options)
    this.#open.add(db)
    const close = (): void => {
      this.#locked.delete(path)
      if (this.#open.delete(db)) db.close()
    }
    // Locks belong to the kernel: taking one is not an action at which the process can die.
    if (!storage.isLedger(path)) {
      const run = (sql: string): void => {
        db.run(sql)
        if (sql === 'BEGIN EXCLUSIVE') this.#locked.add(path)
      }
      return {
        query: (sql) => db.query(sql),
        run,
        transaction: (work) => db.transaction(work),
        checkpoint: () => db.checkpoint(),
        leaveLog: () => db.leaveLog(),
        close,
      }
    }
    storage.keep()
    const isBusy = (): boolean => !this.#inJob && this.#options.isBusy()
    return new MortalDatabase(db, { ...this.#options, isBusy }, () => this.doJob(CHECKPOINT, path), close)
  }

  /** Each action of a job is one of the process. It waits for other processes on its thread, which takes no time here. */
  readonly doJob: DoJob = async (job, input) => {
    this.#inJob = true
    try {
      return job.run(input, this)
    } finally {
      this.#inJob = false
    }
  }

  /** Whether the lock in this file is held. */
  holds(path: string): boolean {
    return this.#locked.has(path)
  }

  /** Called at the end of the process: the kernel closes its open files and releases its locks. */
  closeAll(): void {
    for (const db of this.#open) db.close()
    this.#open.clear()
    this.#locked.clear()
  }
}

const WRITES = /^\s*(?:INSERT|UPDATE|DELETE|CREATE|ALTER|DROP)/i

class MortalDatabase implements Database {
  readonly #db: Database
  readonly #options: SimDiskOptions
  readonly checkpoint: () => Promise<boolean>
  readonly close: () => void
  readonly #queries = new Map<string, Query<unknown, SQLQueryBindings[]>>()
  #inTransaction = false

  constructor(db: Database, options: SimDiskOptions, checkpoint: () => Promise<boolean>, close: () => void) {
    this.#db = db
    this.#options = options
    this.checkpoint = checkpoint
    this.close = close
  }

  query<Row, Values extends SQLQueryBindings[]>(sql: string): Query<Row, Values> {
    const known = this.#queries.get(sql)
    if (known !== undefined) return known as Query<Row, Values>
    const query = this.#guard<Row, Values>(sql)
    this.#queries.set(sql, query as Query<unknown, SQLQueryBindings[]>)
    return query
  }

  leaveLog(): void {
    this.#db.leaveLog()
  }

  run(sql: string): void {
    this.#deed(false, () => this.#db.run(sql))
  }

  transaction<T>(work: () => T): T {
    return this.#deed(true, () => {
      this.#inTransaction = true
      try {
        return this.#db.transaction(work)
      } finally {
        this.#inTransaction = false
      }
    })
  }

  #guard<Row, Values extends SQLQueryBindings[]>(sql: string): Query<Row, Values> {
    const isWrite = WRITES.test(sql)
    const query = this.#db.query<Row, Values>(sql)
    return {
      get: (...values) => this.#deed(isWrite, () => query.get(...values)),
      all: (...values) => this.#deed(isWrite, () => query.all(...values)),
      run: (...values) => this.#deed(isWrite, () => query.run(...values)),
      iterate: (...values) => this.#deed(isWrite, () => query.iterate(...values)),
    }
  }

  #deed<T>(isWrite: boolean, work: () => T): T {
    const { life, storage, isFull, isBusy } = this.#options
    if (this.#inTransaction) {
      // A process that dies during a transaction leaves nothing of it, as if it had died before. The disk can fill up
      // here.
      if (isWrite && isFull()) throw fullDisk()
      return work()
    }
    life.half()
    if (isWrite && isBusy()) throw busy()
    if (isWrite && isFull()) throw fullDisk()
    const since = isWrite && life.tearsNext() ? storage.mark() : undefined
    const result = work()
    if (since !== undefined) life.tear(since)
    life.half()
    return result
  }
}

function busy(): Error {
  return Object.assign(new Error('database is locked'), { code: 'SQLITE_BUSY' })
}

function fullDisk(): Error {
  return Object.assign(new Error('database or disk is full'), { code: 'SQLITE_FULL' })
}
