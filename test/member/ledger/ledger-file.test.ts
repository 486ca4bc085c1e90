import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { migrate } from '../../../member/ledger/ledger-schema.ts'
import { cursor, entries } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000
const modeOf = (path: string) => statSync(path).mode & 0o777

test('only the owner can read the file and what SQLite puts beside it', () => {
  using folder = temporaryFolder()
  const before = process.umask(0)
  try {
    const ledger = openLedger(folder.file('ledger.db'))
    ledger.of(A).storePage(entries(1), undefined, NOW)
    const modes = readdirSync(folder.path).map((name) => [
      name.replace('ledger.db', ''),
      modeOf(folder.file(name)),
    ])
    expect(Object.fromEntries(modes)).toEqual({ '': 0o600, '-shm': 0o600, '-wal': 0o600, '.opening': 0o600 })
    ledger.close()
  } finally {
    process.umask(before)
  }
})

test('the next session finds what was stored', () => {
  using folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  const where = cursor()
  first.of(A).storePage(entries(2), where, NOW)
  first.close()
  const second = openLedger(folder.file('ledger.db'))
  expect([second.of(A).cursor(), second.of(A).waiting()]).toEqual([where, 2])
  second.close()
})

test.each([
  ['a text', Buffer.from('this is no database, and it is longer than a header would be. '.repeat(40))],
  ['a few bytes', Buffer.from('garbage')],
  [
    'a header with nothing of use behind it',
    Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(8000, 7)]),
  ],
])('a file that is %s is set aside with a sentence, and a new one is begun', (_what, content) => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  writeFileSync(path, content)
  const said: string[] = []
  const ledger = openLedger(path, { onDamage: (sentence) => said.push(sentence) })
  expect(ledger.of(A).storePage(entries(1), undefined, NOW)).toBe(1)
  ledger.close()
  const aside = readdirSync(folder.path).find((name) => name.includes('damaged'))
  expect(said).toEqual([expect.stringContaining(aside ?? 'nothing was set aside')])
  expect(readFileSync(folder.file(aside ?? ''))).toEqual(content)
})

test('a file with an intact header and a page of garbage is set aside, and a new one is created', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const first = openLedger(path)
  first.of(A).storePage(entries(500), undefined, NOW)
  first.close()
  const content = readFileSync(path)
  const page = content.readUInt16BE(16)
  const middle = Math.floor(content.length / page / 2) * page
  content.fill(0xa5, middle, middle + page)
  writeFileSync(path, content)
  const said: string[] = []
  const ledger = openLedger(path, { onDamage: (sentence) => said.push(sentence) })
  expect(ledger.of(A).storePage(entries(1), undefined, NOW)).toBe(1)
  ledger.close()
  const aside = readdirSync(folder.path).find((name) => /damaged-\d+$/.test(name))
  expect(said).toEqual([expect.stringContaining(aside ?? 'nothing was set aside')])
  expect(readFileSync(folder.file(aside ?? '')).subarray(middle, middle + page)).toEqual(
    content.subarray(middle, middle + page),
  )
})

test('an empty file is a new ledger, without a message', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('ledger.db'), '')
  const said: string[] = []
  openLedger(folder.file('ledger.db'), { onDamage: (sentence) => said.push(sentence) }).close()
  expect(said).toEqual([])
})

test('a file of a newer version is refused, with the remedy, and stays as it is', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  openLedger(path).close()
  const newer = new Database(path)
  newer.run('PRAGMA user_version = 99')
  newer.close()
  expect(() => openLedger(path)).toThrow(/version 99.*update the plugin/)
  expect(readdirSync(folder.path).filter((name) => name.includes('damaged'))).toEqual([])
})

test('a folder in place of the file, or no folder to put it in, is an error and not damage', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('ledger.db'))
  expect(() => openLedger(folder.file('ledger.db'))).toThrow()
  expect(() => openLedger(folder.file('missing/ledger.db'))).toThrow(/ENOENT/)
  expect(readdirSync(folder.path).toSorted()).toEqual(['ledger.db', 'ledger.db.opening'])
})

test.skipIf(process.getuid?.() === 0)('a folder that cannot be written is an error', () => {
  using folder = temporaryFolder()
  chmodSync(folder.path, 0o500)
  try {
    expect(() => openLedger(folder.file('ledger.db'))).toThrow()
  } finally {
    chmodSync(folder.path, 0o700)
  }
})

const WRITER = `
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '@/lab/driver/ledger.ts'
import { systemClock } from '@/base/clock.ts'
import { patiently } from '@/base/patience.ts'
import { entries } from '@/test/fixtures/entries.ts'
const [path, name] = process.argv.slice(-2)
const ledger = openLedger(path)
for (let page = 0; page < 40; page++) {
  const rows = entries(5)
  await patiently(() => ledger.of(name).storePage(rows, undefined, 1), systemClock)
  await patiently(() => ledger.markSending(ledger.nextBatch([name], 2, 1, 1)), systemClock)
}
console.log(JSON.stringify(ledger.inbox.counts(name)))
setInterval(() => {}, 1000)
`

test('sessions that create the file and write to it at the same time lose nothing', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const names = ['one', 'two', 'three', 'four']
  await using stack = new AsyncDisposableStack()
  const writers = names.map((name) => stack.use(startSecondProcess(WRITER, path, name)))
  const counts = await Promise.all(writers.map((writer) => writer.line()))
  expect(counts).toEqual(names.map(() => JSON.stringify({ received: 160, sending: 40 })))
  // Killed and not closed: the next session reads everything.
  await Promise.all(writers.map((writer) => writer.kill()))
  const ledger = openLedger(path)
  expect(names.map((name) => ledger.of(name).waiting())).toEqual([200, 200, 200, 200])
  ledger.close()
})

test('a file of the first version is migrated with everything in it', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const old = systemDisk.open(path)
  migrate(old, 1)
  const states = ['received', 'sending', 'sent', 'confirmed', 'answered', 'skipped']
  for (const [index, state] of states.entries()) {
    old.run(
      `INSERT INTO message (workspace_id, activity_id, seq, created_at, received_at, state, peer_id, content)
       VALUES ('${A}', 'row ${index}', ${index}, '2026-07-01T10:00:00Z', ${NOW}, '${state}', 'PEER', '{}')`,
    )
  }
  old.close()
  const ledger = openLedger(path)
  expect(ledger.inbox.counts(A)).toEqual(Object.fromEntries(states.map((state) => [state, 1])))
  expect(ledger.inbox.hasWritten(A, 'peer')).toBeTrue()
  ledger.of(A).storePage(entries(1), undefined, NOW)
  const rows = ledger.nextBatch([A], 10, 1_000, NOW)
  expect(rows.map(({ ord, activityId }) => [ord, activityId])).toEqual([
    [1, 'row 0'],
    [7, expect.any(String)],
  ])
  ledger.close()
})
