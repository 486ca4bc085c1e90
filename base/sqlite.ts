/**
 * SQLite files. An entry point injects one disk, and everything below it opens databases there and nowhere else.
 *
 * SQLite works on the event loop, so nothing here waits: a call that would have to wait for another process fails at
 * once (see `patience.ts`), and work whose length depends on the file or on the disk is a {@link Job}.
 */
import { Database as BunDatabase, type SQLQueryBindings } from 'bun:sqlite'
import { codeOf } from './errors.ts'

export interface Query<Row, Values extends SQLQueryBindings[]> {
  readonly get: (...values: Values) => Row | null
  readonly all: (...values: Values) => Row[]
  readonly run: (...values: Values) => { readonly changes: number }
  readonly iterate: (...values: Values) => IterableIterator<Row>
}

export interface Database {
  readonly query: <Row = unknown, Values extends SQLQueryBindings[] = SQLQueryBindings[]>(
    sql: string,
  ) => Query<Row, Values>
  readonly run: (sql: string) => void
  /**
   * Runs `work` as one transaction that writes. It takes the write lock at once: two processes that both begin by
   * reading would otherwise conflict at their first write.
   */
  readonly transaction: <T>(work: () => T) => T
  /**
   * Moves what was committed from the log into the file, and flushes both to the disk, off the loop.
   *
   * @returns whether the log is empty now: another process may read or write it.
   * @throws what SQLite throws.
   */
  readonly checkpoint: () => Promise<boolean>
  /**
   * From now on, closing the database leaves its log to the next process that opens it. SQLite would move it into the
   * file, and flush the disk, on the loop.
   */
  readonly leaveLog: () => void
  readonly close: () => void
}

export interface OpenOptions {
  /** `create` by default: the file is created if there is none. */
  readonly mode?: 'create' | 'existing' | 'readonly'
  /** Called with every error of this database before its caller sees it. */
  readonly onError?: (error: unknown) => void
  /** Called in each transaction, and before a statement outside one that writes; what it throws ends either. */
  readonly verify?: () => void
}

/** Work on files that may take seconds. Input and output are copied between threads. */
export interface Job<Input, Output> {
  readonly name: string
  readonly run: (input: Input, disk: Disk) => Output
}

/** Does a job while the loop goes on. Rejects with what the job throws. */
export type DoJob = <Input, Output>(job: Job<Input, Output>, input: Input) => Promise<Output>

export interface Disk {
  /** @throws what SQLite throws. */
  readonly open: (path: string, options?: OpenOptions) => Database
  readonly doJob: DoJob
}

/** The disk of the system. */
export function systemDiskWith(doJob: DoJob): Disk {
  return {
    open: (path, { mode = 'create', onError = () => {}, verify = () => {} } = {}) =>
      new SqliteDatabase(path, { mode, onError, verify, checkpoint: () => doJob(CHECKPOINT, path) }),
    doJob,
  }
}

/** Does its jobs where they are asked for: for a thread, and for programs without a loop to keep free. */
export const systemDisk: Disk = systemDiskWith(async (job, input) => job.run(input, systemDisk))

/** Whether a call failed because it would have had to wait for another process. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(codeOf(error) ?? '')
}

/** The size at which the log's file stays after it is emptied. */
export const EMPTY_LOG_BYTES = 1024 * 1024

/** What is written in the meantime has to be moved, too. */
const MOVES = 4

/** Returns whether all of it was moved. */
function moveLog(db: Database): boolean {
  const move = db.query<{ log: number; checkpointed: number }, []>('PRAGMA wal_checkpoint(PASSIVE)')
  for (let moves = 0; moves < MOVES; moves++) {
    const moved = move.get()
    if (moved !== null && moved.log === moved.checkpointed) return true
  }
  return false
}

/**
 * See {@link Database.checkpoint}. The first write to an emptied log flushes it, so that is done here, too: a write that
 * leaves everything as it is.
 */
export const CHECKPOINT: Job<string, boolean> = {
  name: 'checkpoint',
  run: (path, disk) => {
    const db = disk.open(path, { mode: 'existing' })
    try {
      db.run('PRAGMA busy_timeout = 1000')
      db.run('PRAGMA synchronous = NORMAL')
      db.run(`PRAGMA journal_size_limit = ${EMPTY_LOG_BYTES}`)
      const version = db.query<{ user_version: number }, []>('PRAGMA user_version').get()?.user_version ?? 0
      if (!moveLog(db)) return false
      // At once: another connection that writes first has to flush.
      db.run(`PRAGMA user_version = ${version}`)
      return true
    } finally {
      db.close()
    }
  },
}

const MODES = {
  create: { readwrite: true, create: true },
  existing: { readwrite: true, create: false },
  readonly: { readonly: true },
} as const

class SqliteDatabase implements Database {
  readonly #db: BunDatabase
  readonly #path: string
  readonly #onError: (error: unknown) => void
  readonly #verify: () => void
  readonly checkpoint: () => Promise<boolean>
  #keeper: BunDatabase | undefined

  constructor(
    path: string,
    { mode, onError, verify, checkpoint }: Required<OpenOptions> & Pick<Database, 'checkpoint'>,
  ) {
    this.#path = path
    this.#db = opened(path, () => new BunDatabase(path, { ...MODES[mode], strict: true }))
    this.#onError = onError
    this.#verify = verify
    this.checkpoint = checkpoint
  }

  query<Row, Values extends SQLQueryBindings[]>(sql: string): Query<Row, Values> {
    // Bun derives a tuple from its type parameter, which TypeScript cannot prove for a generic one.
    const statement: Query<Row, Values> = this.#heed(() => this.#db.query<Row, SQLQueryBindings[]>(sql))
    return {
      get: (...values) => this.#heed(() => statement.get(...values)),
      all: (...values) => this.#heed(() => statement.all(...values)),
      run: (...values) =>
        this.#heed(() => {
          if (!this.#db.inTransaction) this.#verify()
          return statement.run(...values)
        }),
      iterate: (...values) => this.#iterate(statement, values),
    }
  }

  run(sql: string): void {
    this.#heed(() => this.#db.run(sql))
  }

  transaction<T>(work: () => T): T {
    const verified = (): T => {
      this.#verify()
      return work()
    }
    return this.#heed(() => this.#db.transaction(verified).immediate())
  }

  leaveLog(): void {
    // Only the last connection to close moves the log, and this one, which closes after the other, may not write.
    this.#keeper ??= new BunDatabase(this.#path, MODES.readonly)
    this.#keeper.query('SELECT 1 FROM sqlite_schema').get()
  }

  close(): void {
    this.#db.close()
    this.#keeper?.close()
  }

  *#iterate<Row, Values extends SQLQueryBindings[]>(
    statement: Query<Row, Values>,
    values: Values,
  ): IterableIterator<Row> {
    try {
      yield* statement.iterate(...values)
    } catch (error) {
      this.#onError(error)
      throw nameFile(error, this.#path)
    }
  }

  #heed<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.#onError(error)
      throw nameFile(error, this.#path)
    }
  }
}

function opened<T>(path: string, open: () => T): T {
  try {
    return open()
  } catch (error) {
    throw nameFile(error, path)
  }
}

/** Errors of the file system, not of a statement. SQLite says what failed, but not where. */
const OF_THE_FILE = /^SQLITE_(?:FULL|IOERR|READONLY|CANTOPEN|CORRUPT|NOTADB|BUSY|PERM|NOMEM)/

/** Adds the path to the message, once: a transaction passes on the error of a statement. */
function nameFile(error: unknown, path: string): unknown {
  if (!(error instanceof Error) || !OF_THE_FILE.test(codeOf(error) ?? '')) return error
  if (!error.message.includes(path)) error.message += ` (${path})`
  return error
}
