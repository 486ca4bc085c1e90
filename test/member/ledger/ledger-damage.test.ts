import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { identityOf } from '../../../member/folder/file-stat.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { isDamage, setAside } from '../../../member/ledger/ledger-damage.ts'
import { beginAnew, type LedgerFileOptions, openLedgerFile } from '../../../member/ledger/ledger-file.ts'
import { cursor, entries } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000
const ROWS = 500
/** Far more than SQLite keeps in memory, so that what is on the disk is what is read. */
const LARGE = JSON.stringify({ text: 'x'.repeat(12_000) })

const fileOptions = (onDamage: (sentence: string) => void = () => {}): LedgerFileOptions => ({
  disk: systemDisk,
  now: () => NOW,
  onDamage,
})

/** Overwrites one page: the last of those that hold a table or an index. */
function damageLast(path: string, name: string): void {
  using db = new Database(path)
  db.run('PRAGMA wal_checkpoint(TRUNCATE)')
  const leaf = db
    .query<{ pageno: number; size: number }, [string]>(
      "SELECT pageno, pgsize AS size FROM dbstat WHERE name = ? AND pagetype = 'leaf' ORDER BY path DESC LIMIT 1",
    )
    .get(name)
  if (leaf === null) throw new Error('no page to damage')
  const content = readFileSync(path)
  content.fill(0xa5, (leaf.pageno - 1) * leaf.size, leaf.pageno * leaf.size)
  writeFileSync(path, content)
}

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

test('a file damaged in the middle keeps where reading stopped and the messages before and after the damage', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const rows = entries(ROWS, () => ({ content: LARGE }))
  const first = openLedger(path)
  const where = cursor()
  first.of(A).storePage(rows, where, NOW)
  first.close()
  damageMiddle(path, 0.1)

  const said: string[] = []
  const ledger = openLedger(path, { onDamage: (sentence) => said.push(sentence) })
  const kept = ledger.nextBatch([A], ROWS, 1e9, NOW).map(({ activityId }) => activityId)
  expect(kept.length).toBeGreaterThan(ROWS * 0.8)
  expect(kept.length).toBeLessThan(ROWS)
  // In their order, and the oldest and the newest are among them.
  expect(kept).toEqual(rows.map(({ activityId }) => activityId).filter((id) => kept.includes(id)))
  expect([kept.at(0), kept.at(-1)]).toEqual([rows.at(0)?.activityId, rows.at(-1)?.activityId])
  // Reading goes on from the last before the damage.
  const lastBefore = rows.findLast((_, index) =>
    rows.slice(0, index + 1).every(({ activityId }) => kept.includes(activityId)),
  )
  expect(ledger.of(A).cursor()).toEqual({ ...where, activityId: lastBefore?.activityId ?? 'none' })
  expect(said.join()).toContain(`${kept.length} messages were carried over, and where reading stopped`)
  // One of the lost, read again, may have been shown; so may any other of that time.
  const lost = rows.filter(({ activityId }) => !kept.includes(activityId)).slice(0, 1)
  ledger
    .of(A)
    .storePage([...lost, ...entries(1, () => ({ createdAt: '9999-01-01T00:00:00Z' }))], undefined, NOW)
  const attempts = ledger.nextBatch([A], ROWS, 1e9, NOW).map((message) => message.attempts)
  expect(attempts.slice(-2)).toEqual([1, 0])
  ledger.close()
})

test('damage met while the file is open is reported, and the caller gets the error', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  openLedger(path).close()
  let noticed = 0
  const onError = (error: unknown): void => {
    if (isDamage(error)) noticed++
  }
  const ledger = new Ledger(openLedgerFile(path, { ...fileOptions(), onError }), 'this session')
  ledger.of(A).storePage(
    entries(ROWS, () => ({ content: LARGE })),
    cursor(),
    NOW,
  )
  expect([ledger.of(A).waiting(), noticed]).toEqual([ROWS, 0])
  damageMiddle(path, 0.5)
  writeFileSync(`${path}-wal`, Buffer.alloc(100_000, 0xa5))
  expect(() => ledger.nextBatch([A], ROWS, 1e9, NOW)).toThrow()
  expect(noticed).toBe(1)
  expect(() => ledger.inbox.list({ workspaceIds: [A], states: ['received'], limit: ROWS })).toThrow()
  expect(noticed).toBe(2)
  ledger.close()
  // Not every error is damage.
  expect(() => ledger.of(A).waiting()).toThrow()
  expect(noticed).toBe(2)
})

test('a ledger recreated during a session does not repeat what this session wrote', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const before = new Ledger(openLedgerFile(path, fileOptions()), 'this session')
  before.of(A).storePage(entries(5), cursor(), NOW)
  const [one, two, ...more] = before.nextBatch([A], 4, 1e9, NOW)
  if (one === undefined || two === undefined) throw new Error('nothing to send')
  before.markSending([one, two, ...more])
  before.markSent([one], NOW)
  before.close()

  const said: string[] = []
  const damaged = identityOf(path)
  const db = beginAnew(
    path,
    'damaged',
    'this session',
    damaged,
    fileOptions((sentence) => said.push(sentence)),
  )
  const after = new Ledger(db, 'this session')
  expect(recover(after.of(A), NOW)).toMatchObject({ again: 0, givenUp: 0 })
  expect([after.inbox.counts(A), after.of(A).waiting()]).toEqual([{ sent: 4, received: 1 }, 1])
  expect(said).toEqual([expect.stringContaining(asideIn(folder.path)[0] ?? 'nothing was set aside')])
  after.close()
  // The next session does, marked.
  const next = openLedger(path)
  expect(recover(next.of(A), NOW).again).toBe(4)
  next.close()
})

test('only the last three damaged files are kept', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  openLedger(path).close()
  const names = new Set<string>()
  while (names.size < 5) {
    const options = fileOptions((sentence) => names.add(/damaged-\d+/.exec(sentence)?.[0] ?? ''))
    const now = NOW + names.size
    beginAnew(path, 'damaged', 'x', identityOf(path), { ...options, now: () => now }).close()
  }
  expect(asideIn(folder.path).map((name) => name.replace('ledger.db.', ''))).toEqual([...names].slice(-3))
  expect(readdirSync(folder.path).toSorted()).toEqual(
    ['ledger.db', ...asideIn(folder.path), 'ledger.db.opening'].toSorted(),
  )
})

test('if the newest messages are lost, reading goes back to before them, and they come marked', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const B = 'workspace-b'
  const begin = Date.now() - 7_200_000
  const at = (index: number): string => new Date(begin + index * 1000).toISOString()
  const rows = entries(100, (index) => ({ createdAt: at(index) }))
  const checkedAt = begin + 3_600_000
  const first = openLedger(path)
  first
    .of(A)
    .storePage(
      rows,
      cursor({ activityId: rows.at(-1)?.activityId ?? '', createdAt: at(99), checkedAt }),
      checkedAt,
    )
  const [only] = entries(1, () => ({ createdAt: at(99) }))
  if (only === undefined) throw new Error('no row')
  const ofB = cursor({ activityId: only.activityId, createdAt: at(99), checkedAt })
  first.of(B).storePage([only], ofB, checkedAt)
  first.close()
  damageLast(path, 'message')

  const ledger = openLedger(path)
  const kept = ledger.nextBatch([A, B], 1000, 1e9, NOW).length
  expect(kept).toBeGreaterThan(50)
  expect(kept).toBeLessThan(100)
  expect(ledger.of(A).cursor()).toMatchObject({
    activityId: rows[kept - 1]?.activityId ?? 'none',
    createdAt: at(kept - 1),
    checkedAt: begin + (kept - 1) * 1000,
  })
  // Nothing tells where those of this one begin.
  expect(ledger.of(B).cursor()).toEqual({ ...ofB, checkedAt: checkedAt - 24 * 3_600_000 })
  expect(ledger.of(A).storePage(rows.slice(kept - 1), undefined, checkedAt)).toBe(100 - kept)
  const attempts = ledger.nextBatch([A], 1000, 1e9, NOW).map((message) => message.attempts)
  expect(attempts).toEqual([...Array(kept).fill(0), ...Array(100 - kept).fill(1)])
  ledger.close()
})

test('if no message is lost, reading continues where it stopped', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const where = cursor()
  const first = openLedger(path)
  first.of(A).storePage(entries(ROWS), where, NOW)
  first.close()
  damageLast(path, 'message_age')
  const ledger = openLedger(path)
  expect([ledger.of(A).cursor(), ledger.of(A).waiting(), asideIn(folder.path).length]).toEqual([
    where,
    ROWS,
    1,
  ])
  ledger.close()
})

const OPENER = `
import { systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '@/lab/driver/ledger.ts'
const [path] = process.argv.slice(-1)
let said = 0
const ledger = openLedger(path, { onDamage: () => said++ })
console.log(JSON.stringify([ledger.nextBatch(['${A}'], 30_000, Infinity, 0).length, said]))
setInterval(() => {}, 1000)
`

test('sessions that find the damage together set the file aside once, and each sees everything carried over', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const first = openLedger(path)
  const many = 20_000
  first.of(A).storePage(entries(many), cursor(), NOW)
  first.close()
  damageLast(path, 'message_age')
  await using stack = new AsyncDisposableStack()
  const openers = [1, 2, 3, 4].map(() => stack.use(startSecondProcess(OPENER, path)))
  const seen = await Promise.all(openers.map((opener) => opener.line()))
  expect(seen.toSorted()).toEqual([
    ...[1, 2, 3].map(() => JSON.stringify([many, 0])),
    JSON.stringify([many, 1]),
  ])
  expect(asideIn(folder.path)).toHaveLength(1)
})

test('a process killed before the new file is in place loses nothing of it', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const first = openLedger(path)
  first.of(A).storePage(entries(3), cursor(), NOW)
  first.close()
  renameSync(path, `${path}.mended`)
  const ledger = openLedger(path)
  expect(ledger.of(A).waiting()).toBe(3)
  ledger.close()
})

test('damage that another session has mended is not mended again', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  openLedger(path).close()
  const said: string[] = []
  const options = fileOptions((sentence) => said.push(sentence))
  beginAnew(path, 'damaged', 'one', 'the file before', options).close()
  expect([said, asideIn(folder.path)]).toEqual([[], []])
})

test('files set aside in the same millisecond are all kept', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  for (const text of ['one', 'two']) {
    writeFileSync(path, text)
    setAside(path, NOW)
  }
  expect(asideIn(folder.path).map((name) => readFileSync(folder.file(name), 'utf8'))).toEqual(['one', 'two'])
})
