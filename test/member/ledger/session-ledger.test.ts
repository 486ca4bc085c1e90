import { expect, test } from 'bun:test'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { type Disk, systemDisk } from '../../../base/sqlite.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { SimClock, settled } from '../../../lab/simulation/sim-clock.ts'
import { SessionLedger } from '../../../member/ledger/session-ledger.ts'
import { entries } from '../../fixtures/entries.ts'

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
  const ledger = new SessionLedger(path, { disk, clock, onDamage: () => {} })
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

test('nothing is written to a ledger once another file is in its place', async () => {
  using folder = temporaryFolder()
  const path = folder.file('ledger.db')
  const ledger = new SessionLedger(path, { disk: systemDisk, clock: new SimClock(NOW), onDamage: () => {} })
  await ledger.open()
  const held = ledger.current?.of(A)
  renameSync(path, folder.file('set-aside.db'))
  writeFileSync(path, '')
  expect(() => held?.storePage(entries(1), undefined, NOW)).toThrow('was replaced by another file')
  expect([held?.waiting(), ledger.loss()]).toEqual([0, 'replaced'])
  ledger.close()
})
