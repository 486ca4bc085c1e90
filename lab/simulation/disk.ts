/**
 * The disk under the ledger: real files of SQLite, and what a power cut leaves of them. SQLite flushes its log only
 * when it moves pages from there into the database, so a cut keeps a beginning of the log, at least as long as what
 * was moved, and the rest is gone or half there. The next opening drops what is not a whole transaction.
 */
import { Database } from 'bun:sqlite'
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ledger } from '../../member/ledger/ledger.ts'

/** A place in the log: so many frames, since it was begun anew under this salt. */
export interface LogMark {
  readonly salt: string
  readonly frames: number
}

/** What the ledger holds of one message, as far as its showing goes. */
export interface ShowRecord {
  readonly state: string
  readonly attempts: number
}

const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** Where the index of the log (`-shm`) keeps what we need; the file format is fixed. */
const PAGE_SIZE_AT = 14
const FRAMES_AT = 16
const SALT_AT = 32
const MOVED_AT = 96
const MOVE_BEGUN_AT = 128

/** In memory where the system offers it: what a flush costs is of no interest here. */
export function simulationFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'molecule-simulation-'))
}

export class Disk implements Disposable {
  readonly #folder: string
  readonly #name: string
  readonly #locks = new Set<string>()
  /** Whether the ledger is there from the beginning, without a message: then its tables outlive every power cut. */
  readonly #isPrepared: boolean
  #cuts = 0
  /** Keeps the log as it is when a process ends: one that is killed tidies nothing up. Read-only, so that it does not either. */
  #keeper: Database | undefined

  constructor(folder: string, name: string, isPrepared: boolean) {
    this.#folder = folder
    this.#name = name
    this.#isPrepared = isPrepared
  }

  lockPath(workspaceId: string): string {
    const path = join(this.#folder, `${this.#name}-${workspaceId}.lock`)
    this.#locks.add(path)
    return path
  }

  open(): Ledger {
    if (this.#isPrepared && this.#cuts === 0 && this.#keeper === undefined) this.#prepare()
    const ledger = Ledger.open(this.#path)
    this.#keeper ??= new Database(this.#path, { readonly: true })
    // The log is joined with the first reading.
    this.#keeper.query('SELECT 1 FROM cursor').get()
    return ledger
  }

  mark(): LogMark {
    const { salt, frames } = this.#log()
    return { salt, frames }
  }

  /** By workspace and activity, `workspace activity`. */
  records(): ReadonlyMap<string, ShowRecord> {
    if (!existsSync(this.#path)) return new Map()
    const db = new Database(this.#path, { readonly: true })
    try {
      // A cut may have taken the tables as well.
      if (db.query("SELECT 1 FROM sqlite_master WHERE name = 'message'").get() === null) return new Map()
      return new Map(
        db
          .query<{ id: string } & ShowRecord, []>(
            "SELECT workspace_id || ' ' || activity_id AS id, state, attempts FROM message",
          )
          .all()
          .map(({ id, ...record }) => [id, record]),
      )
    } finally {
      db.close()
    }
  }

  /**
   * Lets the power fail. Everything that has the ledger open must be dead by now.
   *
   * @param random decides how much of the unflushed log is left.
   * @param since what was written before is kept: only the last deed is torn.
   * @returns whether anything was lost.
   */
  cut(random: () => number, since?: LogMark): boolean {
    if (this.#keeper === undefined) return false
    const { salt, frames, flushed, frameBytes } = this.#log()
    const kept = since?.salt === salt ? Math.max(since.frames, flushed) : flushed
    const log = readFileSync(`${this.#path}-wal`)
    // Without frames of its own the file is that of the last round, all of which was moved.
    const [least, most] =
      frames === 0 ? [log.length, log.length] : [kept, frames].map((n) => LOG_HEADER_BYTES + n * frameBytes)
    if (least === undefined || most === undefined) throw new Error('no bounds')
    const left = least + Math.floor(random() * (most - least + 1))
    const isHole = random() < 0.3
    const before = this.#path
    this.#cuts++
    copyFileSync(before, this.#path)
    // Sometimes the file has its length already, and not its content.
    writeFileSync(`${this.#path}-wal`, isHole ? log.fill(0, left, most) : log.subarray(0, left))
    this.#keeper.close()
    this.#keeper = undefined
    remove(before)
    return left < most
  }

  [Symbol.dispose](): void {
    this.#keeper?.close()
    for (const path of [this.#path, ...this.#locks]) remove(path)
  }

  /** To make the tables anew for each of many seeds would take a good part of the time. */
  #prepare(): void {
    const pattern = join(this.#folder, 'prepared.db')
    if (!existsSync(pattern)) {
      // Small pages: a transaction writes whole ones, and there is little on each.
      const db = new Database(pattern, { create: true })
      db.run('PRAGMA page_size = 1024')
      db.run('VACUUM')
      db.close()
      Ledger.open(pattern).close()
    }
    copyFileSync(pattern, this.#path)
  }

  get #path(): string {
    return join(this.#folder, `${this.#name}-${this.#cuts}.db`)
  }

  #log(): LogMark & { readonly flushed: number; readonly frameBytes: number } {
    const index = readFileSync(`${this.#path}-shm`)
    const number = (at: number): number => new Uint32Array(index.buffer, index.byteOffset + at, 1)[0] ?? 0
    const [pageBytes = 0] = new Uint16Array(index.buffer, index.byteOffset + PAGE_SIZE_AT, 1)
    return {
      salt: index.toString('hex', SALT_AT, SALT_AT + 8),
      frames: number(FRAMES_AT),
      flushed: Math.max(number(MOVED_AT), number(MOVE_BEGUN_AT)),
      frameBytes: FRAME_HEADER_BYTES + pageBytes,
    }
  }
}

function remove(path: string): void {
  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
}
