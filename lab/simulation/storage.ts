/**
 * The state folder of a simulated machine: real files, and what a power cut leaves of the ledger. SQLite flushes its
 * log (WAL) only at a checkpoint, so a power cut keeps a prefix of the log, at least up to the last checkpoint; the
 * rest is lost or torn. The next open drops incomplete transactions.
 */
import { Database } from 'bun:sqlite'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemClock } from '../../base/clock.ts'
import { systemDisk } from '../../base/sqlite.ts'
import { identityOf } from '../../member/folder/file-stat.ts'
import { type StatePaths, statePaths } from '../../member/folder/state-folder.ts'
import { openLedgerFile } from '../../member/ledger/ledger-file.ts'
import type { DeliveryRecord } from '../judge/evidence.ts'

/** A position in the log: the number of frames since it was restarted with this salt. */
export interface LogMark {
  readonly salt: string
  readonly frames: number
}

export interface LedgerCopy {
  readonly ledger: Uint8Array
  readonly log: Uint8Array
}

const LOG_HEADER_BYTES = 32
const FRAME_HEADER_BYTES = 24
/** Offsets in the index of the log (`-shm`); the file format is fixed. */
const PAGE_SIZE_AT = 14
const FRAMES_AT = 16
const SALT_AT = 32
const MOVED_AT = 96
const MOVE_BEGUN_AT = 128

/** In memory where the system offers that: the cost of a flush does not matter here. */
export function simulationFolder(): string {
  return mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'molecule-simulation-'))
}

export class Storage implements Disposable {
  readonly #root: string
  readonly #name: string
  #cuts = 0
  /** Preserves the log when a process ends: a killed process cleans nothing up, and this handle is read-only. */
  #keeper: Database | undefined
  /** The identity of the file that the keeper has open. */
  #kept = ''

  /** @param isPrepared whether an empty ledger exists from the beginning: then its tables survive every power cut. */
  constructor(root: string, name: string, isPrepared: boolean) {
    this.#root = root
    this.#name = name
    mkdirSync(this.paths.folder, { mode: 0o700 })
    if (isPrepared) this.#prepare()
  }

  /** The current state folder: after a power cut it is a different one. */
  get paths(): StatePaths {
    return statePaths(join(this.#root, `${this.#name}-${this.#cuts}`))
  }

  isLedger(path: string): boolean {
    return path === this.paths.ledger
  }

  /** Writes the `.env` file. */
  configure(text: string): void {
    writeFileSync(this.paths.envFile, text, { mode: 0o600 })
  }

  /** Called when a process has opened the ledger. */
  keep(): void {
    const identity = identityOf(this.paths.ledger)
    if (identity !== this.#kept) {
      this.#keeper?.close()
      this.#keeper = undefined
    }
    this.#kept = identity
    this.#keeper ??= new Database(this.paths.ledger, { readonly: true })
    if (this.#hasTable('cursor')) {
      // The keeper joins the log with its first read.
      this.#keeper.query('SELECT 1 FROM cursor').get()
    }
  }

  mark(): LogMark {
    const { salt, frames } = this.#log()
    return { salt, frames }
  }

  hasCursor(workspaceId: string): boolean {
    return (
      this.#hasTable('cursor') &&
      this.#get('SELECT 1 FROM cursor WHERE workspace_id = ?', workspaceId) !== null
    )
  }

  /** What the ledger knows about a message, even while processes have it open. */
  recordOf(workspaceId: string, activityId: string): DeliveryRecord | undefined {
    return (
      this.#get<DeliveryRecord>(
        'SELECT state, attempts, unseen FROM message WHERE workspace_id = ? AND activity_id = ?',
        workspaceId,
        activityId,
      ) ?? undefined
    )
  }

  /** The messages that one digest contains. */
  inDigest(workspaceId: string, lead: string): readonly string[] {
    const rows = this.#keeper
      ?.query<{ id: string }, [string, string]>(
        'SELECT activity_id AS id FROM message WHERE workspace_id = ? AND digest = ? ORDER BY ord',
      )
      .all(workspaceId, lead)
    return rows?.map(({ id }) => id) ?? []
  }

  /** How many messages of a workspace wait to be shown. */
  waiting(workspaceId: string): number {
    const row = this.#get<{ n: number }>(
      "SELECT count(*) AS n FROM message WHERE workspace_id = ? AND state IN ('received', 'held', 'sending')",
      workspaceId,
    )
    return row?.n ?? 0
  }

  /** The same, without messages held for a digest. */
  waitingUnheld(workspaceId: string): number {
    const row = this.#get<{ n: number }>(
      "SELECT count(*) AS n FROM message WHERE workspace_id = ? AND state IN ('received', 'sending')",
      workspaceId,
    )
    return row?.n ?? 0
  }

  /** By workspace and activity, `workspace activity`. */
  records(): ReadonlyMap<string, DeliveryRecord> {
    if (!this.#hasTable('message')) return new Map()
    const rows = this.#keeper
      ?.query<{ id: string } & DeliveryRecord, []>(
        "SELECT workspace_id || ' ' || activity_id AS id, state, attempts FROM message",
      )
      .all()
    return new Map(rows?.map(({ id, ...record }) => [id, record]))
  }

  /**
   * Simulates a power cut. Every process must be dead by now.
   *
   * @param random decides how much of the unflushed log survives.
   * @param since keeps what was written before: only the last action is torn.
   * @returns whether anything was lost.
   */
  cut(random: () => number, since?: LogMark): boolean {
    const before = this.paths
    // A process that died while it created the file may not have begun a log.
    if (this.#keeper === undefined || !existsSync(`${before.ledger}-wal`)) return false
    const { salt, frames, flushed, frameBytes } = this.#log()
    const kept = since?.salt === salt ? Math.max(since.frames, flushed) : flushed
    const log = readFileSync(`${before.ledger}-wal`)
    // Without frames under its own salt, the file is the previous log, all of which was checkpointed.
    const [least, most] =
      frames === 0 ? [log.length, log.length] : [kept, frames].map((n) => LOG_HEADER_BYTES + n * frameBytes)
    if (least === undefined || most === undefined) throw new Error('no bounds')
    const left = least + Math.floor(random() * (most - least + 1))
    const isHole = random() < 0.3
    this.#replace((after) => {
      copyFileSync(before.ledger, after.ledger)
      // Sometimes the file already has its length, but not its content.
      writeFileSync(`${after.ledger}-wal`, isHole ? log.fill(0, left, most) : log.subarray(0, left))
    })
    return left < most
  }

  /** A new state folder with the same settings takes the place of this one. */
  #replace(fill: (after: StatePaths) => void): void {
    const before = this.paths
    this.#cuts++
    const after = this.paths
    mkdirSync(after.folder, { mode: 0o700 })
    fill(after)
    if (existsSync(before.envFile)) copyFileSync(before.envFile, after.envFile)
    this.#keeper?.close()
    this.#keeper = undefined
    rmSync(before.folder, { recursive: true, force: true })
    // The next reader of the ledger finds what is left.
    this.keep()
  }

  /** A copy of the ledger, as a backup of the home folder has it; undefined while there is none. */
  copy(): LedgerCopy | undefined {
    const { ledger } = this.paths
    if (!existsSync(`${ledger}-wal`)) return undefined
    return { ledger: readFileSync(ledger), log: readFileSync(`${ledger}-wal`) }
  }

  /** Puts a copy back. Every process must be dead by now. */
  putBack({ ledger, log }: LedgerCopy): void {
    this.#replace((after) => {
      writeFileSync(after.ledger, ledger)
      writeFileSync(`${after.ledger}-wal`, log)
    })
  }

  [Symbol.dispose](): void {
    this.#keeper?.close()
    this.#keeper = undefined
    rmSync(this.paths.folder, { recursive: true, force: true })
  }

  /** Cached, since creating the tables for every seed would take much of the time. */
  #prepare(): void {
    const pattern = join(this.#root, 'prepared.db')
    if (!existsSync(pattern)) {
      // Small pages: a transaction writes whole pages, each with little on it.
      const db = new Database(pattern, { create: true })
      db.run('PRAGMA page_size = 1024')
      db.run('VACUUM')
      db.close()
      openLedgerFile(pattern, { disk: systemDisk, now: systemClock.now, onDamage: () => {} }).close()
    }
    copyFileSync(pattern, this.paths.ledger)
  }

  /** A power cut may have erased the tables, too. */
  #hasTable(name: string): boolean {
    return this.#get('SELECT 1 FROM sqlite_schema WHERE name = ?', name) !== null
  }

  #get<Row>(sql: string, ...values: string[]): Row | null {
    return this.#keeper?.query<Row, string[]>(sql).get(...values) ?? null
  }

  #log(): LogMark & { readonly flushed: number; readonly frameBytes: number } {
    const path = `${this.paths.ledger}-shm`
    if (statSync(path, { throwIfNoEntry: false }) === undefined) {
      return { salt: '', frames: 0, flushed: 0, frameBytes: 0 }
    }
    const index = readFileSync(path)
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
