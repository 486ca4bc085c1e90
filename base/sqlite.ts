/** SQLite files. An entry point injects one disk, and everything below it opens databases there and nowhere else. */
import { Database as BunDatabase, type SQLQueryBindings } from 'bun:sqlite'

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
  readonly close: () => void
}

export interface OpenOptions {
  /** `create` by default: the file is created if there is none. */
  readonly mode?: 'create' | 'existing' | 'readonly'
  /** Called with every error of this database before its caller sees it. */
  readonly onError?: (error: unknown) => void
}

export interface Disk {
  /** @throws what SQLite throws. */
  readonly open: (path: string, options?: OpenOptions) => Database
}

export const systemDisk: Disk = {
  open: (path, { mode = 'create', onError = () => {} } = {}) => new SqliteDatabase(path, mode, onError),
}

const MODES = {
  create: { readwrite: true, create: true },
  existing: { readwrite: true, create: false },
  readonly: { readonly: true },
} as const

class SqliteDatabase implements Database {
  readonly #db: BunDatabase
  readonly #onError: (error: unknown) => void

  constructor(path: string, mode: keyof typeof MODES, onError: (error: unknown) => void) {
    this.#db = new BunDatabase(path, { ...MODES[mode], strict: true })
    this.#onError = onError
  }

  query<Row, Values extends SQLQueryBindings[]>(sql: string): Query<Row, Values> {
    // Bun derives a tuple from its type parameter, which TypeScript cannot prove for a generic one.
    const statement: Query<Row, Values> = this.#heed(() => this.#db.query<Row, SQLQueryBindings[]>(sql))
    return {
      get: (...values) => this.#heed(() => statement.get(...values)),
      all: (...values) => this.#heed(() => statement.all(...values)),
      run: (...values) => this.#heed(() => statement.run(...values)),
      iterate: (...values) => this.#iterate(statement, values),
    }
  }

  run(sql: string): void {
    this.#heed(() => this.#db.run(sql))
  }

  transaction<T>(work: () => T): T {
    return this.#heed(() => this.#db.transaction(work).immediate())
  }

  close(): void {
    this.#db.close()
  }

  *#iterate<Row, Values extends SQLQueryBindings[]>(
    statement: Query<Row, Values>,
    values: Values,
  ): IterableIterator<Row> {
    try {
      yield* statement.iterate(...values)
    } catch (error) {
      this.#onError(error)
      throw error
    }
  }

  #heed<T>(work: () => T): T {
    try {
      return work()
    } catch (error) {
      this.#onError(error)
      throw error
    }
  }
}
