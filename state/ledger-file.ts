/** Opens the file of the ledger, whatever it finds there: none, one that is in use, one that is damaged. */
import { Database } from 'bun:sqlite'
import { codeOf, DamagedLedger, doubtOlder, isDamage, type Loss, salvage, setAside } from './ledger-damage.ts'
import { migrate } from './ledger-schema.ts'
import { createPrivately } from './state-folder.ts'

/** Sessions that start together get into each other's way for some milliseconds while the file is made. */
const BUSY_TRIES = 40
const BUSY_PAUSE_MS = 25

/**
 * Opens the ledger, creating it with mode 0600.
 *
 * A file that is no database, or a broken one, is set aside under another name, and a new one is begun with what can
 * still be read of it.
 *
 * @param onDamage is told, in a sentence, when that happened.
 * @throws when the folder cannot be written, or the file is of a newer version.
 */
export function openLedgerFile(path: string, onDamage: (sentence: string) => void): Database {
  try {
    return openPatiently(path)
  } catch (error) {
    if (!isDamage(error)) throw error
    return replaceDamaged(path, onDamage)
  }
}

/**
 * As {@link openLedgerFile}, in the midst of a session that has lost its ledger. Nobody of this process may have the
 * lost one open.
 *
 * @param session names the session: what it was just writing has left it, or will.
 */
export function beginAnew(
  path: string,
  loss: Loss,
  onDamage: (sentence: string) => void,
  session: string,
): Database {
  if (loss === 'replaced') {
    const db = openLedgerFile(path, onDamage)
    doubtOlder(db)
    return db
  }
  const db = replaceDamaged(path, onDamage)
  db.query(
    "UPDATE message SET state = 'sent', sent_at = received_at WHERE state = 'sending' AND session = ?",
  ).run(session)
  return db
}

function replaceDamaged(path: string, onDamage: (sentence: string) => void): Database {
  const aside = setAside(path)
  const db = openPatiently(path)
  onDamage(`the ledger was damaged; it is kept as ${aside}, and a new one was begun: ${salvage(aside, db)}`)
  return db
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
