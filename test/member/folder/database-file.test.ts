import { expect, test } from 'bun:test'
import { linkSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { createPrivately } from '../../../member/folder/database-file.ts'

/** A database, and what SQLite keeps beside it. */
const SUFFIXES = ['', '-wal', '-shm', '-journal']
const modeOf = (path: string) => statSync(path).mode & 0o777

test('a new file is 0600 whatever the umask, and an existing one stays as it is', () => {
  using folder = temporaryFolder()
  const before = process.umask(0)
  try {
    createPrivately(folder.file('new'))
    writeFileSync(folder.file('old'), 'content')
    createPrivately(folder.file('old'))
  } finally {
    process.umask(before)
  }
  expect([modeOf(folder.file('new')), statSync(folder.file('old')).size]).toEqual([0o600, 7])
  expect(() => createPrivately(folder.file('no/such/folder'))).toThrow(/ENOENT/)
})

test('a database, or a part of one, of another user is refused, except for the administrator', () => {
  for (const suffix of SUFFIXES) {
    using folder = temporaryFolder()
    const path = folder.file('ledger.db')
    writeFileSync(path + suffix, '')
    const { uid } = statSync(path + suffix)
    for (const hardLinks of ['refused', 'accepted'] as const) {
      expect(() => createPrivately(path, hardLinks, uid + 1)).toThrow('belongs to another user')
    }
    for (const own of [uid, 0, undefined]) createPrivately(path, 'refused', own)
  }
})

test.each(SUFFIXES)(
  'a symbolic or hard link in place of a database%s is refused and not written through',
  (suffix) => {
    using folder = temporaryFolder()
    writeFileSync(folder.file('own'), 'own')
    const path = folder.file('ledger.db')
    symlinkSync(folder.file('own'), path + suffix)
    expect(() => openLedger(path)).toThrow('is not a regular file')
    rmSync(path + suffix)
    linkSync(folder.file('own'), path + suffix)
    expect(() => openLedger(path)).toThrow('has another hard link')
    expect(readFileSync(folder.file('own'), 'utf8')).toBe('own')
    rmSync(path + suffix)
    openLedger(path).close()
  },
)
