import { Database } from 'bun:sqlite'
import { describe, expect, test } from 'bun:test'
import { startSecondProcess } from '../../../lab/driver/second-process.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { until } from '../../../lab/driver/until.ts'
import { Afterwards } from '../../../member/ledger/afterwards.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { entries } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const NOW = 1_800_000_000_000

/** A process that keeps others from writing for a moment. */
const BRIEF_WRITER = `
import { Database } from 'bun:sqlite'
const db = new Database(process.argv.at(-1))
db.run('BEGIN IMMEDIATE')
console.log('writes')
await Bun.sleep(50)
db.run('COMMIT')
`

/** A ledger with one message that was sent, and its id. */
function sent(path: string) {
  const ledger = Ledger.open(path)
  const [row] = entries(1)
  if (row === undefined) throw new Error('no row')
  ledger.storePage(A, [row], undefined, NOW)
  const batch = ledger.nextBatch([A], 10, 1_000)
  ledger.markSending(batch)
  ledger.markSent(batch, NOW)
  return { ledger, activityId: row.activityId }
}

describe('a record that nobody waits for', () => {
  test('is written when the current work is done, and not before', async () => {
    using folder = temporaryFolder()
    const { ledger, activityId } = sent(folder.file('ledger.db'))
    const afterwards = new Afterwards({ ledger: () => ledger, log: () => {} })
    afterwards.add((target) => target.markConfirmed(A, activityId))
    expect(ledger.inbox.counts(A)).toEqual({ sent: 1 })
    await until('the record', () => ledger.inbox.counts(A).confirmed === 1)
    ledger.close()
  })

  test('waits, without anybody else waiting, while another process writes to the ledger', async () => {
    using folder = temporaryFolder()
    const { ledger, activityId } = sent(folder.file('ledger.db'))
    const lines: string[] = []
    const afterwards = new Afterwards({ ledger: () => ledger, log: (line) => lines.push(line) })
    using other = new Database(folder.file('ledger.db'))
    other.run('BEGIN IMMEDIATE')
    afterwards.add((target) => target.markConfirmed(A, activityId))
    const began = performance.now()
    afterwards.flush()
    // What waits for the other one waits for a second; this is a bound on that, and not on speed.
    expect(performance.now() - began).toBeLessThan(900)
    expect(ledger.inbox.counts(A)).toEqual({ sent: 1 })
    other.run('COMMIT')
    await until('the record', () => ledger.inbox.counts(A).confirmed === 1)
    expect(lines).toEqual([])
    ledger.close()
  })

  test('is kept for a ledger that is not there yet', () => {
    const ledgers: Ledger[] = []
    const afterwards = new Afterwards({ ledger: () => ledgers[0], log: () => {} })
    afterwards.add((target) => target.evidence.note('prompted', NOW))
    afterwards.flush()
    const ledger = Ledger.open(':memory:')
    ledgers.push(ledger)
    afterwards.flush()
    expect(ledger.evidence.has('prompted')).toBe(true)
  })

  test('that cannot be written is told of, and holds up no other', () => {
    const ledger = Ledger.open(':memory:')
    const lines: string[] = []
    const afterwards = new Afterwards({ ledger: () => ledger, log: (line) => lines.push(line) })
    afterwards.add(() => {
      throw new Error('disk full')
    })
    afterwards.add((target) => target.evidence.note('prompted', NOW))
    afterwards.flush()
    expect([lines.length, ledger.evidence.has('prompted')]).toEqual([1, true])
  })

  test('leaves the ledger as patient as it was', async () => {
    using folder = temporaryFolder()
    const { ledger } = sent(folder.file('ledger.db'))
    ledger.withoutWaiting(() => {})
    await using other = startSecondProcess(BRIEF_WRITER, folder.file('ledger.db'))
    expect(await other.line()).toBe('writes')
    ledger.touch(A, NOW)
    ledger.close()
  })

  test('is one of a bounded number', () => {
    const ledger = Ledger.open(':memory:')
    const written: number[] = []
    const ledgers: Ledger[] = []
    const afterwards = new Afterwards({ ledger: () => ledgers[0], log: () => {} })
    for (let n = 0; n < 1_500; n++) afterwards.add(() => written.push(n))
    ledgers.push(ledger)
    afterwards.flush()
    expect([written.length, written[0], written.at(-1)]).toEqual([1_000, 500, 1_499])
  })
})
