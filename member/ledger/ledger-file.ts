/**
 * Opens the ledger's file, whatever its state: missing, in use, damaged. All of this may take seconds, and waits for
 * other processes where it stands: a session has it done as a job (`ledger-jobs.ts`).
 */
import { existsSync, renameSync, rmSync } from 'node:fs'
import { uptime } from 'node:os'
import { type Database, type Disk, EMPTY_LOG_BYTES, isBusy, type OpenOptions } from '../../base/sqlite.ts'
import { createPrivately } from '../folder/database-file.ts'
import { identityOf, sizeOf } from '../folder/file-stat.ts'
import { explained, requireLocks } from '../folder/file-system.ts'
import {
  describeHolder,
  type Holder,
  readPidFile,
  removePidFile,
  writePidFile,
} from '../folder/holder-record.ts'
import { LockFile } from '../folder/lock.ts'
import { stoppedOf } from '../folder/stopped-process.ts'
import { DamagedLedger, isDamage, type Loss, setAside } from './ledger-damage.ts'
import { migrate } from './ledger-schema.ts'
import { separateLinked } from './linked-ledger.ts'
import { doubtOlder, salvage } from './salvage.ts'

/** Sessions that start together block each other for some milliseconds while the file is created. */
const BUSY_TRIES = 40
const BUSY_PAUSE_MS = 25

/** Another session may be repairing a large file: ten seconds in all. */
const TURN_TRIES = 400
const TURN_PAUSE_MS = 25

/** A smaller file is checked at every start: that takes no time to speak of. */
const LARGE_BYTES = 16 * 1024 * 1024
const CHECK_EVERY_MS = 24 * 60 * 60_000
/** How often to check whether the process that has the turn is stopped: every half second. */
const STOPPED_TRIES = 20

export interface LedgerFileOptions {
  readonly disk: Disk
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** This process, for others that wait meanwhile. Default: it leaves no record. */
  readonly holder?: Holder
  /** Called with a sentence when a damaged file was set aside. */
  readonly onDamage: (sentence: string) => void
  /** Called with every error of the open database. */
  readonly onError?: (error: unknown) => void
}

/**
 * Opens the ledger, creating it with mode 0600. Once open, it waits for no other process.
 *
 * A file that is not a database, or a damaged one, is renamed, and a new ledger starts with what can still be read of
 * it.
 *
 * @throws when the folder cannot be written, the file has a newer version, or another process takes too long to repair
 *   it.
 */
export function openLedgerFile(path: string, options: LedgerFileOptions): Database {
  return openOrMend(path, '', options)
}

/**
 * Like {@link openLedgerFile}, for a running session that has lost its ledger. This process must no longer have the
 * lost one open.
 *
 * @param session names the session: what it was writing has left the process, or will leave it.
 * @param lost the identity of the lost file. It is set aside as damaged only if it is still there.
 */
export function beginAnew(
  path: string,
  loss: Loss,
  session: string,
  lost: string,
  options: LedgerFileOptions,
): Database {
  const db = openOrMend(path, loss === 'damaged' ? lost : '', options)
  db.run('PRAGMA busy_timeout = 1000')
  // What this session wrote after another one read the damaged file is missing from the new one.
  doubtOlder(db, options.now())
  db.query(
    "UPDATE message SET state = 'sent', sent_at = received_at WHERE state = 'sending' AND session = ?",
  ).run(session)
  db.run('PRAGMA busy_timeout = 0')
  return db
}

/**
 * One process at a time: none may open or set aside a file that another is about to put in place.
 *
 * @param known the identity of a file known to be damaged, whatever a check says; empty when there is none.
 */
function openOrMend(path: string, known: string, options: LedgerFileOptions): Database {
  if (path === ':memory:') return openPatiently(path, options)
  const endTurn = takeTurn(`${path}.opening`, options)
  let sentence: string | undefined
  try {
    finishMending(path)
    separateLinked(path, options.disk)
    try {
      if (known === '' || identityOf(path) !== known) return openPatiently(path, options)
    } catch (error) {
      if (!isDamage(error)) throw error
    }
    sentence = mend(path, options)
    return openPatiently(path, options)
  } finally {
    endTurn()
    // Not before: the callee may read the ledger.
    if (sentence !== undefined) options.onDamage(sentence)
  }
}

/** @returns what ends the turn. */
function takeTurn(path: string, { disk, holder }: LedgerFileOptions): () => void {
  const turn = new LockFile(path, disk)
  const record = `${path}.holder`
  for (let tries = 1; ; tries++) {
    const attempt = turn.tryTake()
    if (attempt.state === 'held') {
      if (holder !== undefined) writePidFile(record, holder)
      return () => {
        if (holder !== undefined) removePidFile(record, holder)
        turn.close()
      }
    }
    try {
      // SQLite reports a file system without locks as a lock that somebody else holds.
      if (tries === 1) requireLocks(path, disk)
      if (attempt.state === 'failed') throw new Error(attempt.reason)
      if (tries % STOPPED_TRIES === 0) refuseStopped(readPidFile(record), holder)
      if (tries === TURN_TRIES) {
        const seconds = (TURN_TRIES * TURN_PAUSE_MS) / 1000
        throw new Error(
          `${describeHolder(readPidFile(record))} has been opening the ledger for ${seconds} s. If it is stopped (Ctrl-Z), continue or end it`,
        )
      }
    } catch (error) {
      turn.close()
      throw error
    }
    Bun.sleepSync(TURN_PAUSE_MS)
  }
}

/** @throws when the process that has the turn is stopped: it will not end it. */
function refuseStopped(other: Holder | undefined, own: Holder | undefined): void {
  // Elsewhere its pid names another process here.
  if (other === undefined || own?.pidSpace === undefined || other.pidSpace !== own.pidSpace) return
  if (stoppedOf(other.pid) !== 'plugin') return
  throw new Error(
    `${describeHolder(other)} is stopped (Ctrl-Z) while it opens the ledger: continue it with fg in its terminal, or end it`,
  )
}

/** The complete new file, until the damaged one has been moved away. */
const mendedPath = (path: string): string => `${path}.mended`

/** Finishes the repair of a process that was killed after it set the damaged file aside. */
function finishMending(path: string): void {
  if (!existsSync(path) && existsSync(mendedPath(path))) renameSync(mendedPath(path), path)
}

/** @returns a sentence on what was done with the damaged file. */
function mend(path: string, options: LedgerFileOptions): string {
  const unfinished = `${path}.mending`
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(unfinished + suffix, { force: true })
  const db = openPatiently(unfinished, options)
  let saved: string
  try {
    saved = salvage(path, db, options.disk, options.now())
    db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
  renameSync(unfinished, mendedPath(path))
  const aside = setAside(path, options.now())
  renameSync(mendedPath(path), path)
  return `the ledger was damaged; it is kept as ${aside}, and a new one was begun: ${saved}`
}

/** Switching to WAL ignores `busy_timeout`, so a busy file is retried here. */
function openPatiently(path: string, options: LedgerFileOptions): Database {
  for (let tries = 1; ; tries++) {
    try {
      return openOnce(path, options)
    } catch (error) {
      if (!isBusy(error) || tries === BUSY_TRIES) throw error
      Bun.sleepSync(BUSY_PAUSE_MS)
    }
  }
}

function openOnce(path: string, options: LedgerFileOptions): Database {
  const { disk, onError } = options
  const db = openWithoutCheck(path, onError === undefined ? { disk } : { disk, onError })
  try {
    if (!wasChecked(db, path, options.now())) checkPages(db, options.now())
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/**
 * Opens a ledger that was checked a moment ago. Quick, and fails instead of waiting for another process.
 *
 * @throws as {@link openLedgerFile}; the busy error.
 */
export function openWithoutCheck(
  path: string,
  { disk, ...options }: Pick<LedgerFileOptions, 'disk' | 'onError'> & Pick<OpenOptions, 'verify'>,
): Database {
  if (path !== ':memory:') createPrivately(path)
  const db = disk.open(path, options)
  try {
    db.run('PRAGMA journal_mode = WAL')
    // A killed process loses nothing; a power cut at worst rolls back rows and cursor together.
    db.run('PRAGMA synchronous = NORMAL')
    // A checkpoint flushes the disk, which may take long: `SessionLedger` has it done off the loop.
    db.run('PRAGMA wal_autocheckpoint = 0')
    db.run(`PRAGMA journal_size_limit = ${EMPTY_LOG_BYTES}`)
    // First, because it refuses a file of a newer version, which must stay where it is.
    migrate(db)
    return db
  } catch (error) {
    db.close()
    throw explained(error)
  }
}

/**
 * Whether a large file has been found whole within a day, and since the machine was started: a power cut damages files.
 * Reading all of it at every start would take longer the longer the history is.
 */
function wasChecked(db: Database, path: string, now: number): boolean {
  if (sizeOf(path) < LARGE_BYTES) return false
  const last = db.query<{ at: number }, []>('SELECT checked_at AS at FROM page_check').get()
  const startedAt = now - uptime() * 1000
  return last !== null && last.at <= now && last.at > Math.max(startedAt, now - CHECK_EVERY_MS)
}

/** Damage behind an intact header would otherwise be noticed only on reading a damaged row, and again at every start. */
function checkPages(db: Database, now: number): void {
  const finding = db.query<{ quick_check: string }>('PRAGMA quick_check(1)').get()?.quick_check
  if (finding !== 'ok') throw new DamagedLedger(String(finding))
  try {
    db.query(
      'INSERT INTO page_check (id, checked_at) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET checked_at = excluded.checked_at',
    ).run(now)
  } catch {
    // A full disk, or a process that writes: the next start checks again.
  }
}
