/** The ledger of a running session, seen from outside. */
import { Database } from 'bun:sqlite'
import { existsSync } from 'node:fs'

/** The rows of a query on the ledger in a state folder; none while there is no ledger. */
export function ledgerRows(stateFolder: string, query: string): readonly unknown[] {
  return withLedger(stateFolder, (ledger) => ledger.query(query).all()) ?? []
}

/** Keeps the ledger in a state folder busy, as a process that writes to it, until it is disposed of. */
export function busyLedger(stateFolder: string): Disposable {
  const ledger = new Database(`${stateFolder}/ledger.db`, { readwrite: true })
  ledger.run('BEGIN IMMEDIATE')
  return {
    [Symbol.dispose]: () => {
      ledger.run('ROLLBACK')
      ledger.close()
    },
  }
}

function withLedger<T>(stateFolder: string, work: (ledger: Database) => T): T | undefined {
  const path = `${stateFolder}/ledger.db`
  if (!existsSync(path)) return undefined
  using ledger = new Database(path, { readwrite: true })
  ledger.run('PRAGMA busy_timeout = 2000')
  const tables = ledger.query("SELECT 1 FROM sqlite_schema WHERE name = 'message'").all()
  return tables.length === 0 ? undefined : work(ledger)
}
