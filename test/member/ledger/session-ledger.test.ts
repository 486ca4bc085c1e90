import { expect, test } from 'bun:test'
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { systemClock } from '../../../base/clock.ts'
import { type Disk, systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { SimClock, settled } from '../../../lab/simulation/sim-clock.ts'
import { writePidFile } from '../../../member/folder/holder-record.ts'
import { LockFile } from '../../../member/folder/lock.ts'
import { DeferredWrites } from '../../../member/ledger/deferred-writes.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import { openLedgerFile } from '../../../member/ledger/ledger-file.ts'
import { SessionLedger } from '../../../member/ledger/session-ledger.ts'
import { cursor, entries } from '../../fixtures/entries.ts'
import { HOLDER } from '../../fixtures/holder.ts'

const A = 'workspace-a'
const NOW = Date.parse('2030-01-01T00:00:00Z')

test('a damaged file that cannot be mended at the start casts no doubt on what a new one gets once it is removed', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  writeFileSync(path, 'this is no database, and it is longer than a header would be. '.repeat(40))
  const disk: Disk = {
    open: (opened, options) => {
      if (opened.endsWith('.mending')) throw new Error('the disk is full')
      return systemDisk.open(opened, options)
    },
    doJob: async (job, input) => job.run(input, disk),
  }
  const clock = new SimClock(NOW)
  const ledger = new SessionLedger(path, { disk, clock, holder: HOLDER, onDamage: () => {} })
  expect(ledger.open()).rejects.toThrow('the disk is full')
  await settled()
  expect([ledger.current, ledger.loss()]).toEqual([undefined, undefined])
  rmSync(path)
  await ledger.open()
  ledger.current?.of(A).storePage(entries(1), undefined, NOW)
  const batch = ledger.current?.nextBatch([A], 10, 1_000, NOW)
  expect(batch?.map(({ attempts }) => attempts)).toEqual([0])
  ledger.close()
})

test('nothing is written to a ledger once another file is in its place, and what can wait is kept for that', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const clock = new SimClock(NOW)
  const ledger = new SessionLedger(path, { disk: systemDisk, clock, holder: HOLDER, onDamage: () => {} })
  await ledger.open()
  const held = ledger.current?.of(A)
  held?.storePage(entries(2), undefined, NOW)
  const [stored] = ledger.current?.nextBatch([A], 1, 1_000, NOW) ?? []
  if (stored === undefined) throw new Error('no message')
  const written: (Ledger | undefined)[] = []
  const deferred = new DeferredWrites({ ledger: () => ledger.current, log: () => {}, clock })
  renameSync(path, folder.file('set-aside.db'))
  writeFileSync(path, '')
  expect(() => held?.storePage(entries(1), undefined, NOW)).toThrow('was replaced by another file')
  expect(() => ledger.current?.markSkipped(stored, 'a reason')).toThrow('was replaced by another file')
  deferred.add((target) => {
    target.evidence.note('hooked', NOW)
    written.push(target)
  })
  clock.runUntil(clock.now() + 1_000)
  expect([held?.waiting(), ledger.loss(), written]).toEqual([2, 'replaced', []])
  ledger.close()
  await ledger.open()
  clock.runUntil(clock.now() + 1_000)
  deferred.flush()
  expect(written).toEqual([ledger.current])
  ledger.close()
})

test('a session that is stopped while it opens the ledger is named to the next one, with what to do', () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const child = Bun.spawn(['sleep', '60'])
  process.kill(child.pid, 'SIGSTOP')
  const turn = new LockFile(`${path}.opening`, systemDisk)
  turn.tryTake()
  writePidFile(`${path}.opening.holder`, { ...HOLDER, pid: child.pid, pidSpace: 'here' })
  const open = (pidSpace: string) => (): void => {
    openLedgerFile(path, {
      disk: systemDisk,
      now: () => NOW,
      holder: { ...HOLDER, pidSpace },
      onDamage: () => {},
    }).close()
  }
  expect(open('here')).toThrow(
    `the session with pid ${child.pid} (/home/ada) is stopped (Ctrl-Z) while it opens the ledger: continue it with fg`,
  )
  turn.close()
  child.kill('SIGKILL')
  open('here')()
  expect(existsSync(`${path}.opening.holder`)).toBe(false)
})

test('a file replaced while it is being opened is not mistaken for the new one', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const other = openLedger(folder.file('other.db'))
  other.of(A).storePage(entries(7), cursor(), NOW)
  other.close()
  writeFileSync(path, 'no database')
  const ledger = new SessionLedger(path, {
    disk: systemDisk,
    clock: systemClock,
    holder: HOLDER,
    onDamage: () => renameSync(folder.file('other.db'), path),
  })
  await ledger.open()
  expect([ledger.loss(), ledger.current?.of(A).waiting()]).toEqual([undefined, 7])
  ledger.close()
})
