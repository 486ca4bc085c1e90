import { expect, test } from 'bun:test'
import { renameSync, utimesSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { identityOf, stampOf } from '../../../member/folder/file-stat.ts'

test('the stamp changes with every change of the file, and is empty without one', () => {
  using folder = temporaryFolder()
  const path = folder.file('.env')
  const stamps = [stampOf(path)]
  writeFileSync(path, 'A=1')
  utimesSync(path, 1, 1)
  stamps.push(stampOf(path))
  utimesSync(path, 2, 2)
  stamps.push(stampOf(path))
  writeFileSync(path, 'A=12')
  stamps.push(stampOf(path))
  expect([stamps[0], new Set(stamps).size]).toEqual(['', 4])
})

test('the identity stays the same while a file is written to, changes when it is replaced, and is empty without one', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  expect(identityOf(path)).toBe('')
  writeFileSync(path, 'one')
  const first = identityOf(path)
  writeFileSync(path, 'two')
  expect(identityOf(path)).toBe(first)
  writeFileSync(folder.file('other'), 'one')
  renameSync(folder.file('other'), path)
  expect(identityOf(path)).not.toBe(first)
})
