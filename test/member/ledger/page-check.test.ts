/** When the pages of a ledger are checked. */
import { expect, test } from 'bun:test'
import { readFileSync, writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { openLedgerFile } from '../../../member/ledger/ledger-file.ts'
import { entries } from '../../fixtures/entries.ts'

const NOW = 1_800_000_000_000
const DAY_MS = 24 * 60 * 60_000
const LONG = JSON.stringify({ text: 'x'.repeat(12_000) })

/** A ledger of so many rows that was checked and then damaged, and what opening it later says. */
function damagedLedger(rows: number) {
  const folder = temporaryFolder()
  const path = folder.file('ledger.db')
  openLedger(path, { now: () => NOW }).close()
  const ledger = openLedger(path, { now: () => NOW })
  ledger.of('A').storePage(
    entries(rows, () => ({ content: LONG })),
    undefined,
    NOW,
  )
  ledger.close()
  const content = readFileSync(path)
  const page = content.readUInt16BE(16)
  const middle = Math.floor(content.length / page / 2) * page
  writeFileSync(path, content.fill(0xa5, middle, middle + page))
  const openAt = (now: number): readonly string[] => {
    const said: string[] = []
    openLedgerFile(path, {
      disk: systemDisk,
      now: () => now,
      onDamage: (sentence) => said.push(sentence),
    }).close()
    return said
  }
  return { openAt, [Symbol.dispose]: () => folder[Symbol.dispose]() }
}

test('a large file is checked once a day, so that a start takes no longer the longer the history is', () => {
  using ledger = damagedLedger(1_500)
  expect(ledger.openAt(NOW + 1_000)).toEqual([])
  expect(ledger.openAt(NOW + DAY_MS)).toHaveLength(1)
})

test('a large file is checked again when the clock was set back', () => {
  using ledger = damagedLedger(1_500)
  expect(ledger.openAt(NOW - 1)).toHaveLength(1)
})

test('a large file is checked again after the machine was started: a power cut damages files', () => {
  using ledger = damagedLedger(1_500)
  expect(ledger.openAt(NOW + uptime() * 1_000 + 60_000)).toHaveLength(1)
})

test('a small file is checked at every start', () => {
  using ledger = damagedLedger(50)
  expect(ledger.openAt(NOW + 1_000)).toHaveLength(1)
})
