/** Opens the file of the ledger, whatever it finds there: none, one that is in use, one that is damaged. */
import { Database } from 'bun:sqlite'
import { existsSync, renameSync, rmSync } from 'node:fs'
import { codeOf } from '../../base/errors.ts'
import { createPrivately } from '../folder/database-file.ts'
import { identityOf } from '../folder/file-stat.ts'
import { LockFile } from '../folder/lock.ts'
import { DamagedLedger, doubtOlder, isDamage, type Loss, salvage, setAside } from './ledger-damage.ts'
import { migrate } from './ledger-schema.ts'

/** Sessions that start together get into each other's way for some milliseconds while the file is made. */
const BUSY_TRIES = 40
const BUSY_PAUSE_MS = 25

/** Another session that mends the file carries over what may be a large one. */
const TURN_PATIENCE_MS = 10_000
const TURN_PAUSE_MS = 25

/**
 * Opens the ledger, creating it with mode 0600.
 *
 * A file that is no database, or a broken one, is set aside under another name, and a new one is begun with what can
 * still be read of it.
 *
 * @param onDamage is told, in a sentence, when that happened.
 * @throws when the folder cannot be written, the file is of a newer version, or another process mends it for too long.
 */
export function openLedgerFile(path: string, onDamage: (sentence: string) => void): Database {
  return openOrMend(path, '', onDamage)
}

/**
 * As {@link openLedgerFile}, in the midst of a session that has lost its ledger. Nobody of this process may have the
 * lost one open.
 *
 * @param session names the session: what it was just writing has left it, or will.
 * @param lost the identity of the file that was lost. Only if it is still there is it set aside as damaged.
 */
export function beginAnew(
  path: string,
  loss: Loss,
  onDamage: (sentence: string) => void,
  session: string,
  lost: string = identityOf(path),
): Database {
  const db = openOrMend(path, loss === 'damaged' ? lost : '', onDamage)
  // What this session wrote after another one had read the damaged file is not in it.
  doubtOlder(db)
  db.query(
    "UPDATE message SET state = 'sent', sent_at = received_at WHERE state = 'sending' AND session = ?",
  ).run(session)
  return db
}

/**
 * One process at a time, so that none takes for its own what another one is about to put in place, or sets that aside.
 *
 * @param known the identity of a file that is known to be damaged, whatever a check says; empty when none is.
 */
function openOrMend(path: string, known: string, onDamage: (sentence: string) => void): Database {
  if (path === ':memory:') return openPatiently(path)
  const turn = takeTurn(`${path}.opening`)
  let sentence: string | undefined
  try {
    finishMending(path)
    try {
      if (known === '' || identityOf(path) !== known) return openPatiently(path)
    } catch (error) {
      if (!isDamage(error)) throw error
    }
    sentence = mend(path)
    return openPatiently(path)
  } finally {
    turn.close()
    // Not before: whoever is told may look at the ledger.
    if (sentence !== undefined) onDamage(sentence)
  }
}

function takeTurn(path: string): LockFile {
  const turn = new LockFile(path)
  const until = performance.now() + TURN_PATIENCE_MS
  for (;;) {
    const attempt = turn.tryTake()
    if (attempt.state === 'held') return turn
    if (attempt.state === 'failed') throw new Error(attempt.reason)
    if (performance.now() >= until) {
      turn.close()
      throw new Error(`another process has been opening the ledger for ${TURN_PATIENCE_MS / 1000} s`)
    }
    Bun.sleepSync(TURN_PAUSE_MS)
  }
}

/** The new file, complete, until the damaged one is out of its place. */
const mendedPath = (path: string): string => `${path}.mended`

/** A process that was killed between setting the damaged file aside and putting the new one in its place. */
function finishMending(path: string): void {
  if (!existsSync(path) && existsSync(mendedPath(path))) renameSync(mendedPath(path), path)
}

/** @returns a sentence on what became of the damaged file. */
function mend(path: string): string {
  const unfinished = `${path}.mending`
  for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(unfinished + suffix, { force: true })
  const db = openPatiently(unfinished)
  let saved: string
  try {
    saved = salvage(path, db)
    db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
  renameSync(unfinished, mendedPath(path))
  const aside = setAside(path)
  renameSync(mendedPath(path), path)
  return `the ledger was damaged; it is kept as ${aside}, and a new one was begun: ${saved}`
}

/** The change to WAL does not honour `busy_timeout`, so a busy file is tried again here. */
function openPatiently(path: string): Database {
  for (let tries = 1; ; tries++) {
    try {
      return openOnce(path)
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || tries === BUSY_TRIES) throw error
      Bun.sleepSync(BUSY_PAUSE_MS)
    }
  }
}

function openOnce(path: string): Database {
  if (path !== ':memory:') createPrivately(path)
  const db = new Database(path, { readwrite: true, create: true, strict: true })
  try {
    db.run('PRAGMA busy_timeout = 1000')
    db.run('PRAGMA journal_mode = WAL')
    // A killed process loses nothing; a power cut at worst rewinds rows and cursor together.
    db.run('PRAGMA synchronous = NORMAL')
    // First, since it refuses the file of a newer version, which must stay where it is.
    migrate(db)
    checkPages(db)
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

/** Damage behind an intact header would else show up only at the row it hit, and then again at every start. */
function checkPages(db: Database): void {
  const [finding] = db.query('PRAGMA quick_check(1)').values().flat()
  if (finding !== 'ok') throw new DamagedLedger(String(finding))
}
