import { Database as OtherProcess } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { type Database, type Disk, systemDisk } from '../../../base/sqlite.ts'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { DeferredWrites } from '../../../member/ledger/deferred-writes.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import { diskWith, patienceOf } from '../../fixtures/disk.ts'
import { entries } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000

/** A disk, and how long the ledger that it opened last waits for another process. */
function observedDisk() {
  const opened: Database[] = []
  const disk = diskWith((db) => {
    opened.push(db)
    return {}
  })
  const patienceMs = (): number | undefined => {
    const db = opened.at(-1)
    return db === undefined ? undefined : patienceOf(db)
  }
  return { disk, patienceMs }
}

/** A ledger with one message that was sent, and the id of that message. */
function sent(path: string, disk: Disk = systemDisk) {
  const ledger = openLedger(path, { disk })
  const [row] = entries(1)
  if (row === undefined) throw new Error('no row')
  ledger.of(A).storePage([row], undefined, NOW)
  const batch = ledger.nextBatch([A], 10, 1_000, NOW)
  ledger.markSending(batch)
  ledger.markSent(batch, NOW)
  return { ledger, activityId: row.activityId }
}

function defer(ledger: () => Ledger | undefined) {
  const clock = new SimClock()
  const lines: string[] = []
  const writes = new DeferredWrites({ ledger, log: (line) => lines.push(line), clock })
  return { writes, clock, lines }
}

describe('a deferred write', () => {
  test('happens once the current work is done, and not before', async () => {
    using folder = temporaryFolder()
    const { ledger, activityId } = sent(folder.file('ledger.db'))
    const { writes, clock } = defer(() => ledger)
    writes.add((target) => target.markConfirmed(A, activityId))
    expect(ledger.inbox.counts(A)).toEqual({ sent: 1 })
    await clock.advance(0)
    expect(ledger.inbox.counts(A)).toEqual({ confirmed: 1 })
    ledger.close()
  })

  test('never waits for another process, and is tried again until that one is done', async () => {
    using folder = temporaryFolder()
    const { disk, patienceMs } = observedDisk()
    const { ledger, activityId } = sent(folder.file('ledger.db'), disk)
    const { writes, clock, lines } = defer(() => ledger)
    using other = new OtherProcess(folder.file('ledger.db'))
    other.run('BEGIN IMMEDIATE')
    const patience: (number | undefined)[] = []
    writes.add((target) => {
      patience.push(patienceMs())
      target.markConfirmed(A, activityId)
    })
    for (let tries = 1; tries <= 3; tries++) {
      await clock.advance(60_000)
      expect([ledger.inbox.counts(A), clock.armed]).toEqual([{ sent: 1 }, 1])
    }
    expect(patience.length).toBeGreaterThanOrEqual(3)
    expect(new Set(patience)).toEqual(new Set([0]))
    other.run('COMMIT')
    await clock.advance(60_000)
    expect([ledger.inbox.counts(A), clock.armed, lines]).toEqual([{ confirmed: 1 }, 0, []])
    ledger.close()
  })

  test('is kept until there is a ledger', () => {
    using folder = temporaryFolder()
    const { ledger, activityId } = sent(folder.file('ledger.db'))
    const ledgers: Ledger[] = []
    const { writes } = defer(() => ledgers[0])
    writes.add((target) => target.markConfirmed(A, activityId))
    writes.flush()
    expect(ledger.inbox.counts(A)).toEqual({ sent: 1 })
    ledgers.push(ledger)
    writes.flush()
    expect(ledger.inbox.counts(A)).toEqual({ confirmed: 1 })
    ledger.close()
  })

  test('that fails is logged, and does not hold up the others', () => {
    using folder = temporaryFolder()
    const { ledger, activityId } = sent(folder.file('ledger.db'))
    const { writes, lines } = defer(() => ledger)
    writes.add(() => {
      throw new Error('disk full')
    })
    writes.add((target) => target.markConfirmed(A, activityId))
    writes.flush()
    expect([lines.length, ledger.inbox.counts(A)]).toEqual([1, { confirmed: 1 }])
    ledger.close()
  })

  test('is dropped, the oldest first, beyond a thousand of them', () => {
    const ledger = openLedger()
    const written: number[] = []
    const ledgers: Ledger[] = []
    const { writes } = defer(() => ledgers[0])
    for (let n = 0; n < 1_500; n++) writes.add(() => written.push(n))
    ledgers.push(ledger)
    writes.flush()
    expect([written.length, written[0], written.at(-1)]).toEqual([1_000, 500, 1_499])
  })
})
