/** When the pages of the platform's file are checked. */
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { temporaryFolder } from '../../lab/driver/temporary-folder.ts'
import { closeDatabase, openDatabase } from '../../platform/store/database.ts'

const NOW = Date.UTC(2030, 0, 1)
const DAY_MS = 24 * 60 * 60_000

/** A file that was checked at `NOW` and then damaged. */
function damagedFile(bytes: number) {
  const folder = temporaryFolder()
  const path = folder.file('platform.db')
  const database = openDatabase(path, NOW)
  database.run(`CREATE TABLE filler AS SELECT zeroblob(${bytes}) AS content`)
  closeDatabase(database)
  const content = readFileSync(path)
  const page = content.readUInt16BE(16)
  const middle = Math.floor(content.length / page / 2) * page
  writeFileSync(path, content.fill(0xa5, middle, middle + page))
  const openAt = (now?: number): void => closeDatabase(openDatabase(path, now))
  return { openAt, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

test('a large file is checked once a day, so that a start takes no longer the longer the history is', () => {
  using file = damagedFile(20_000_000)
  expect(() => file.openAt(NOW + 1_000)).not.toThrow()
  expect(() => file.openAt(NOW + DAY_MS)).toThrow('is damaged')
})

test('a large file is checked again after the machine was started, and when the clock was set back', () => {
  using file = damagedFile(20_000_000)
  expect(() => file.openAt(NOW + uptime() * 1_000 + 60_000)).toThrow('is damaged')
  expect(() => file.openAt(NOW - 1)).toThrow('is damaged')
  expect(() => file.openAt()).toThrow('is damaged')
})

test('a small file is checked at every start', () => {
  using file = damagedFile(100_000)
  expect(() => file.openAt(NOW + 1_000)).toThrow('is damaged')
})
