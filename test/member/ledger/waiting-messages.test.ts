import { expect, test } from 'bun:test'
import { systemDisk } from '../../../base/sqlite.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { migrate } from '../../../member/ledger/ledger-schema.ts'
import { hasBytesWaiting } from '../../../member/ledger/waiting-messages.ts'
import { entries } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000

test('messages that wait count by their bytes until they have left the process', () => {
  const db = systemDisk.open(':memory:')
  migrate(db)
  const ledger = new Ledger(db, 'session')
  ledger.of(A).storePage(
    entries(3, () => ({ content: JSON.stringify({ text: 'é'.repeat(1_000) }) })),
    undefined,
    NOW,
  )
  expect([6_000, 6_100].map((bytes) => hasBytesWaiting(db, A, bytes))).toEqual([true, false])
  const batch = ledger.nextBatch([A], 3, 100_000, NOW)
  ledger.markSending(batch)
  expect(hasBytesWaiting(db, A, 6_000)).toBe(true)
  ledger.markSent(batch, NOW)
  expect([hasBytesWaiting(db, A, 1), ledger.of(A).isFull(1)]).toEqual([false, false])
})

test('so many messages that wait are enough, however short', () => {
  const db = systemDisk.open(':memory:')
  migrate(db)
  const ledger = new Ledger(db, 'session').of(A)
  ledger.storePage(entries(5_000), undefined, NOW)
  expect([ledger.isFull(5_000), ledger.isFull(5_001), ledger.waiting()]).toEqual([true, false, 5_000])
})
