import { expect, test } from 'bun:test'
import { readdirSync } from 'node:fs'
import { type Disk, systemDisk } from '../../../base/sqlite.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { requireLocks } from '../../../member/folder/file-system.ts'
import { LockFile } from '../../../member/folder/lock.ts'
import { openLedgerFile } from '../../../member/ledger/ledger-file.ts'
import { diskWith } from '../../fixtures/disk.ts'

/** A disk on which the statement fails as SQLite reports it. */
const without = (statement: string, code: string): Disk =>
  diskWith((db) => ({
    run: (sql) => {
      if (sql === statement) throw Object.assign(new Error('it cannot be had'), { code })
      db.run(sql)
    },
  }))

const open = (path: string, disk: Disk): void =>
  openLedgerFile(path, { disk, now: () => 1, onDamage: () => {} }).close()

// ENOLCK and EACCES; EOPNOTSUPP and EINVAL; EPERM.
test.each(['SQLITE_BUSY', 'SQLITE_IOERR_LOCK', 'SQLITE_PERM'])(
  'a file system without locks (%s) is named as such, with the remedy, and not as another process',
  (code) => {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    expect(() => open(path, without('BEGIN EXCLUSIVE', code))).toThrow(
      /does not support file locks.*: set MOLECULE_STATE_DIR/,
    )
    expect(readdirSync(folder.path).filter((name) => name !== 'ledger.db.opening')).toEqual([])
  },
)

test('a lock that another process holds does not count as a file system without locks', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const other = new LockFile(path, systemDisk)
  expect(other.tryTake()).toEqual({ state: 'held' })
  expect(() => requireLocks(path, systemDisk)).not.toThrow()
  other.close()
})

test('a file system without shared memory is named as such, with the remedy', () => {
  using folder = temporaryFolder()
  const disk = without('PRAGMA journal_mode = WAL', 'SQLITE_IOERR_SHMMAP')
  expect(() => open(folder.file('ledger.db'), disk)).toThrow(/shared memory.*: set MOLECULE_STATE_DIR/)
})
