import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import { MAX_EVENTS } from '../../../member/ledger/loop-guard.ts'
import { MAX_ATTEMPTS, MAX_UNSURE_ATTEMPTS, REDELIVER_WITHIN_MS } from '../../../member/ledger/showing.ts'
import { cursor, entries, entry } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const A = 'workspace-a'
const B = 'workspace-b'
const NOW = 1_800_000_000_000
const MONTH_MS = 31 * 24 * 60 * 60_000
/** The same times by the platform's clock. */
const [AT, MONTH_LATER] = ['2027-01-15T08:00:00Z', '2027-02-15T08:00:00Z']

/** A ledger on disk that can be left as a killed session leaves it. */
function onDisk() {
  const folder = temporaryFolder()
  let ledger = openLedger(folder.file('ledger.db'))
  return {
    get ledger() {
      return ledger
    },
    nextSession(): Ledger {
      ledger.close()
      ledger = openLedger(folder.file('ledger.db'))
      return ledger
    },
    [Symbol.dispose]() {
      ledger.close()
      folder[Symbol.dispose]()
    },
  }
}

const batch = (ledger: Ledger, limit = 100) => ledger.nextBatch([A, B], limit, 1_000_000, NOW)

describe('a new session', () => {
  test.each(['sending', 'sent'] as const)(
    'sends again, marked as possibly seen, what it finds %s',
    (state) => {
      using disk = onDisk()
      disk.ledger.of(A).storePage(entries(2), undefined, NOW)
      const [first] = batch(disk.ledger)
      if (first === undefined) throw new Error('no message')
      disk.ledger.markSending([first])
      if (state === 'sent') disk.ledger.markSent([first], NOW)
      const next = disk.nextSession()
      expect(recover(next.of(A), NOW)).toEqual({ again: 1, givenUp: 0, presumed: 0 })
      expect(batch(next).map(({ attempts }) => attempts)).toEqual([1, 0])
    },
  )

  test('never sends again what it wrote itself', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(entries(2), undefined, NOW)
    const [first, second] = batch(ledger)
    if (first === undefined || second === undefined) throw new Error('no messages')
    ledger.markSending([first, second])
    ledger.markSent([second], NOW)
    expect(recover(ledger.of(A), NOW)).toEqual({ again: 0, givenUp: 0, presumed: 0 })
    expect(ledger.inbox.counts(A)).toEqual({ sending: 1, sent: 1 })
    // The host reads on at last.
    ledger.markSent([first], NOW)
    expect(ledger.inbox.counts(A)).toEqual({ sent: 2 })
  })

  test.each([
    ['whose bytes left', MAX_ATTEMPTS],
    ['that a crash caught each time', MAX_UNSURE_ATTEMPTS],
  ])('a message %s is written %d times in all', (what, limit) => {
    using disk = onDisk()
    disk.ledger.of(A).storePage(entries(1), undefined, NOW)
    let times = 0
    for (let session = 0; session < limit + 3; session++) {
      const messages = batch(disk.ledger)
      times += messages.length
      disk.ledger.markSending(messages)
      disk.ledger.evidence.note('heard', NOW)
      if (what === 'whose bytes left') disk.ledger.markSent(messages, NOW)
      recover(disk.nextSession().of(A), NOW + 1)
    }
    expect(times).toBe(limit)
    expect(disk.ledger.inbox.counts(A)).toEqual({ sent: 1 })
    // Given up is not in hand.
    expect(disk.ledger.of(A).open(NOW + 10 * 60_000 + 1).count).toBe(0)
  })

  test('keeps what a host that listened may have shown over a day ago, and does not repeat it', () => {
    using disk = onDisk()
    disk.ledger.of(A).storePage(entries(3), undefined, NOW)
    const [sent] = batch(disk.ledger, 1)
    if (sent === undefined) throw new Error('no message')
    disk.ledger.markSending([sent])
    disk.ledger.markSent([sent], NOW)
    disk.ledger.markSending(batch(disk.ledger, 1))
    disk.ledger.evidence.note('heard', NOW)
    recover(disk.nextSession().of(A), NOW + REDELIVER_WITHIN_MS)
    // The bytes of the second never left, and the third was never written.
    expect(batch(disk.ledger).map(({ attempts }) => attempts)).toEqual([1, 0])
    expect(disk.ledger.inbox.counts(A)).toEqual({ sent: 1, received: 2 })
  })

  test('repeats what it found even if it ends before it could, and a day goes by', () => {
    using disk = onDisk()
    disk.ledger.of(A).storePage(entries(1), undefined, NOW)
    const messages = batch(disk.ledger)
    disk.ledger.markSending(messages)
    disk.ledger.markSent(messages, NOW)
    disk.ledger.evidence.note('heard', NOW)
    recover(disk.nextSession().of(A), NOW)
    recover(disk.nextSession().of(A), NOW + REDELIVER_WITHIN_MS)
    expect(batch(disk.ledger).map(({ attempts }) => attempts)).toEqual([1])
  })

  test.each(['confirmed', 'answered'])('leaves what is %s as it is', (state) => {
    using disk = onDisk()
    disk.ledger.of(A).storePage(entries(1), undefined, NOW)
    const messages = batch(disk.ledger)
    disk.ledger.markSending(messages)
    for (const { ord, activityId } of messages) {
      if (state === 'answered') disk.ledger.markAnswered(ord)
      else disk.ledger.markConfirmed(A, activityId)
    }
    expect(recover(disk.nextSession().of(A), NOW).again).toBe(0)
    expect(disk.ledger.inbox.counts(A)).toEqual({ [state]: 1 })
  })

  test('recovers the workspace it holds and no other', () => {
    using disk = onDisk()
    for (const workspaceId of [A, B]) disk.ledger.of(workspaceId).storePage(entries(1), undefined, NOW)
    disk.ledger.markSending(batch(disk.ledger))
    recover(disk.nextSession().of(A), NOW)
    expect([disk.ledger.inbox.counts(A), disk.ledger.inbox.counts(B)]).toEqual([
      { received: 1 },
      { sending: 1 },
    ])
  })

  test('forgets what is done after thirty days, and never what still waits, alone or for a digest', () => {
    using disk = onDisk()
    disk.ledger.of(A).storePage(
      entries(MAX_EVENTS + 2, () => ({ peerId: 'p' })),
      undefined,
      NOW,
    )
    const [done] = batch(disk.ledger, 1)
    if (done === undefined) throw new Error('no message')
    disk.ledger.markAnswered(done.ord)
    recover(disk.nextSession().of(A), NOW + MONTH_MS)
    expect(disk.ledger.inbox.counts(A)).toEqual({ received: MAX_EVENTS - 1, held: 2 })
  })

  test.each([
    { at: NOW + MONTH_MS, newest: AT, isNew: 0 },
    { at: NOW, newest: MONTH_LATER, isNew: 0 },
    { at: NOW + MONTH_MS, newest: MONTH_LATER, isNew: 1 },
  ])('knows what was answered until a month has gone by its own clock and the platform’s: %#', (times) => {
    using disk = onDisk()
    const message = entry({ createdAt: AT })
    disk.ledger.of(A).storePage([message], cursor({ createdAt: AT, checkedAt: NOW }), NOW)
    for (const { ord } of batch(disk.ledger)) disk.ledger.markAnswered(ord)
    const { at, newest, isNew } = times
    disk.ledger.of(A).storePage([], cursor({ createdAt: newest, checkedAt: at }), at)
    const next = disk.nextSession()
    recover(next.of(A), at)
    expect(next.of(A).storePage([message], undefined, at)).toBe(isNew)
  })
})
