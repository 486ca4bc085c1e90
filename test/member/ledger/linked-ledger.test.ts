import { expect, test } from 'bun:test'
import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { cursor, entries } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000

/** Copies the folder as `cp -al` does. */
function snapshot(folder: TemporaryFolder, from: string, to: string): void {
  mkdirSync(folder.file(to))
  for (const name of readdirSync(folder.file(from))) {
    linkSync(folder.file(`${from}/${name}`), folder.file(`${to}/${name}`))
  }
}

test('a ledger copied with hard links is opened with all it holds, and the copy keeps what it had', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('state'))
  const path = folder.file('state/ledger.db')
  const where = cursor()
  const first = openLedger(path)
  first.of(A).storePage(entries(2), where, NOW)
  first.close()
  snapshot(folder, 'state', 'copy')

  const next = openLedger(path)
  expect([next.of(A).cursor(), next.of(A).waiting()]).toEqual([where, 2])
  next.of(A).storePage(entries(1), undefined, NOW)
  expect([statSync(path).nlink, statSync(path).mode & 0o777]).toEqual([1, 0o600])
  // Both at once, each on its own.
  const copy = openLedger(folder.file('copy/ledger.db'))
  expect([copy.of(A).waiting(), next.of(A).waiting()]).toEqual([2, 3])
  copy.close()
  next.close()
  expect(readdirSync(folder.file('state')).filter((name) => name.includes('separate'))).toEqual([])
})

test('a ledger copied from under a killed process keeps what was only in the log', async () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('state'))
  const path = folder.file('state/ledger.db')
  await using killed = startSecondProcess(
    `import { openLedger } from '@/lab/driver/ledger.ts'
     import { entries } from '@/test/fixtures/entries.ts'
     const ledger = openLedger(process.argv.at(-1))
     ledger.of('${A}').storePage(entries(3), undefined, ${NOW})
     console.log('stored')
     setInterval(() => ledger, 1_000)`,
    path,
  )
  expect(await killed.line()).toBe('stored')
  await killed.kill()
  expect(existsSync(`${path}-wal`)).toBeTrue()
  snapshot(folder, 'state', 'copy')
  for (const one of [path, folder.file('copy/ledger.db')]) {
    const ledger = openLedger(one)
    expect([ledger.of(A).waiting(), statSync(one).nlink]).toEqual([3, 1])
    ledger.close()
  }
})

test('while another session has it open, nothing is touched, and the error says what it waits for', () => {
  using folder = temporaryFolder()
  mkdirSync(folder.file('state'))
  const path = folder.file('state/ledger.db')
  const running = openLedger(path)
  running.of(A).storePage(entries(1), undefined, NOW)
  snapshot(folder, 'state', 'copy')
  const { ino } = statSync(path)
  for (const one of [path, folder.file('copy/ledger.db')]) {
    expect(() => openLedger(one)).toThrow(
      'has another hard link, as in a copy of the folder: another session has it open; this one continues once that session ends',
    )
  }
  running.of(A).storePage(entries(1), undefined, NOW)
  expect([statSync(path).ino, running.of(A).waiting()]).toEqual([ino, 2])
  running.close()
  const next = openLedger(path)
  expect(next.of(A).waiting()).toBe(2)
  next.close()
})

test('a file that is not a ledger is left alone, and the advice is to move it, not to remove it', () => {
  using folder = temporaryFolder()
  writeFileSync(folder.file('own'), 'the diary of somebody. '.repeat(400), { mode: 0o600 })
  linkSync(folder.file('own'), folder.file('ledger.db'))
  expect(() => openLedger(folder.file('ledger.db'))).toThrow(
    'it is damaged or is not a ledger; move it out of the folder',
  )
  expect(readFileSync(folder.file('own'), 'utf8')).toStartWith('the diary')
  expect(statSync(folder.file('own')).nlink).toBe(2)
})
