import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { Ledger } from '../../state/ledger.ts'
import { noticeDamage } from '../../state/ledger-damage.ts'
import { beginAnew, openLedgerFile } from '../../state/ledger-file.ts'
import { cursor, entries } from '../fixtures/entries.ts'
import { temporaryFolder } from '../fixtures/temporary-folder.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000
const ROWS = 500
/** Far more than SQLite keeps in memory, so that what is on the disk is what is read. */
const LARGE = JSON.stringify({ text: 'x'.repeat(12_000) })

/** Overwrites a share of a file, from its middle on. */
function damageMiddle(path: string, share: number): void {
  const content = readFileSync(path)
  const page = content.readUInt16BE(16)
  const from = Math.floor(content.length / page / 2) * page
  content.fill(0xa5, from, from + Math.floor(content.length * share))
  writeFileSync(path, content)
}

const asideIn = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => /damaged-\d+$/.test(name))
    .sort()

test('of a file that is damaged in its midst, where reading stopped and the messages before and behind are kept', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const rows = entries(ROWS, () => ({ content: LARGE }))
  const first = Ledger.open(path)
  const where = cursor()
  first.storePage(A, rows, where, NOW)
  first.close()
  damageMiddle(path, 0.1)

  const said: string[] = []
  const ledger = Ledger.open(path, (sentence) => said.push(sentence))
  expect(ledger.cursor(A)).toEqual(where)
  const kept = ledger.nextBatch([A], ROWS, 1e9).map(({ activityId }) => activityId)
  expect(kept.length).toBeGreaterThan(ROWS * 0.8)
  expect(kept.length).toBeLessThan(ROWS)
  // In their order, and the oldest and the newest are among them.
  expect(kept).toEqual(rows.map(({ activityId }) => activityId).filter((id) => kept.includes(id)))
  expect([kept.at(0), kept.at(-1)]).toEqual([rows.at(0)?.activityId, rows.at(-1)?.activityId])
  expect(said.join()).toContain(`${kept.length} messages were carried over, and where reading stopped`)
  // One of the lost, read again, may have been shown; so may any other of that time.
  const lost = rows.filter(({ activityId }) => !kept.includes(activityId)).slice(0, 1)
  ledger.storePage(A, [...lost, ...entries(1, () => ({ createdAt: '9999-01-01T00:00:00Z' }))], undefined, NOW)
  const attempts = ledger.nextBatch([A], ROWS, 1e9).map((message) => message.attempts)
  expect(attempts.slice(-2)).toEqual([1, 0])
  ledger.close()
})

test('damage that is met while the file is open is noticed, and the error goes on', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  Ledger.open(path).close()
  let noticed = 0
  const ledger = noticeDamage(Ledger.open(path), () => noticed++)
  ledger.storePage(
    A,
    entries(ROWS, () => ({ content: LARGE })),
    cursor(),
    NOW,
  )
  expect([ledger.waiting(A), noticed]).toEqual([ROWS, 0])
  damageMiddle(path, 0.5)
  writeFileSync(`${path}-wal`, Buffer.alloc(100_000, 0xa5))
  expect(() => ledger.nextBatch([A], ROWS, 1e9)).toThrow()
  expect(noticed).toBe(1)
  expect(() => ledger.inbox.counts(A)).toThrow()
  expect(noticed).toBe(2)
  ledger.close()
  // Not every error is damage.
  expect(() => ledger.waiting(A)).toThrow()
  expect(noticed).toBe(2)
})

test('begun anew in the midst of a session, it does not repeat what this session has written', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const before = Ledger.of(
    openLedgerFile(path, () => {}),
    'this session',
  )
  before.storePage(A, entries(5), cursor(), NOW)
  const [one, two, ...more] = before.nextBatch([A], 4, 1e9)
  if (one === undefined || two === undefined) throw new Error('nothing to send')
  before.markSending([one, two, ...more])
  before.markSent([one], NOW)
  before.close()

  const said: string[] = []
  const after = Ledger.of(
    beginAnew(path, 'damaged', (sentence) => said.push(sentence), 'this session'),
    'this session',
  )
  expect(after.recover(A, NOW)).toMatchObject({ again: 0, givenUp: 0 })
  expect([after.inbox.counts(A), after.waiting(A)]).toEqual([{ sent: 4, received: 1 }, 1])
  expect(said).toEqual([expect.stringContaining(asideIn(folder.path)[0] ?? 'nothing was set aside')])
  after.close()
  // The next session does, marked.
  const next = Ledger.open(path)
  expect(next.recover(A, NOW).again).toBe(4)
  next.close()
})

test('of damaged files no more than the last three are kept', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  Ledger.open(path).close()
  const names = new Set<string>()
  while (names.size < 5) {
    beginAnew(path, 'damaged', (sentence) => names.add(/damaged-\d+/.exec(sentence)?.[0] ?? ''), 'x').close()
    await Bun.sleep(1)
  }
  expect(asideIn(folder.path).map((name) => name.replace('ledger.db.', ''))).toEqual([...names].slice(-3))
  expect(readdirSync(folder.path)).toHaveLength(4)
})
