import { describe, expect, test } from 'bun:test'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { MAX_ATTEMPTS, MAX_UNSURE_ATTEMPTS, REDELIVER_WITHIN_MS } from '../../../member/ledger/recovery.ts'
import { cursor, entries, entry } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const B = 'workspace-b'
const NOW = 1_800_000_000_000

/** A ledger on disk that can be left as a killed session leaves it. */
function onDisk() {
  const folder = temporaryFolder()
  let ledger = Ledger.open(folder.file('ledger.db'))
  return {
    get ledger() {
      return ledger
    },
    nextSession(): Ledger {
      ledger.close()
      ledger = Ledger.open(folder.file('ledger.db'))
      return ledger
    },
    [Symbol.dispose]() {
      ledger.close()
      folder[Symbol.dispose]()
    },
  }
}

const batch = (ledger: Ledger, limit = 100) => ledger.nextBatch([A, B], limit, 1_000_000)

describe('storing a page', () => {
  test('rows come out in the order they came in, each once, whatever is stored twice', () => {
    const ledger = Ledger.open(':memory:')
    const page = entries(5)
    expect(ledger.storePage(A, page, undefined, NOW)).toBe(5)
    expect(ledger.storePage(A, [...page, ...page, entry()], undefined, NOW)).toBe(1)
    expect(
      batch(ledger)
        .slice(0, 5)
        .map((row) => row.activityId),
    ).toEqual(page.map((row) => row.activityId))
    expect(batch(ledger)).toHaveLength(6)
  })

  test('a repeated row does not bring back what was done with the first', () => {
    const ledger = Ledger.open(':memory:')
    const row = entry()
    ledger.storePage(A, [row], undefined, NOW)
    ledger.markSending(batch(ledger))
    ledger.storePage(A, [row], undefined, NOW)
    expect(batch(ledger)).toEqual([])
  })

  test('the same id in another workspace is another message', () => {
    const ledger = Ledger.open(':memory:')
    const row = entry()
    expect(ledger.storePage(A, [row], undefined, NOW) + ledger.storePage(B, [row], undefined, NOW)).toBe(2)
  })

  test('rows and cursor are stored together or not at all', () => {
    const ledger = Ledger.open(':memory:')
    const before = cursor()
    ledger.storePage(A, [], before, NOW)
    const unstorable = { ...entry(), createdAt: null } as unknown as ReturnType<typeof entry>
    expect(() => ledger.storePage(A, [entry(), unstorable], cursor(), NOW)).toThrow()
    expect(ledger.cursor(A)).toEqual(before)
    expect(ledger.waiting(A)).toBe(0)
    const unstorableCursor = { ...cursor(), floor: null } as unknown as ReturnType<typeof cursor>
    expect(() => ledger.storePage(A, [entry()], unstorableCursor, NOW)).toThrow()
    expect(ledger.cursor(A)).toEqual(before)
    expect(ledger.waiting(A)).toBe(0)
  })

  test('a row that is not for the model is kept, and never waits', () => {
    const ledger = Ledger.open(':memory:')
    const row = entry({ skipped: 'an echo' })
    expect(ledger.storePage(A, [row], undefined, NOW)).toBe(0)
    expect([ledger.waiting(A), batch(ledger).length, ledger.inbox.counts(A)]).toEqual([0, 0, { skipped: 1 }])
    expect(ledger.find(row.activityId, [A])).toBeUndefined()
  })
})

describe('a batch', () => {
  test('is bounded by number and by size, and never empty while something waits', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(
      A,
      entries(5, () => ({ content: 'x'.repeat(100) })),
      undefined,
      NOW,
    )
    expect(ledger.nextBatch([A], 3, 1_000)).toHaveLength(3)
    expect(ledger.nextBatch([A], 10, 250)).toHaveLength(2)
    expect(ledger.nextBatch([A], 10, 1)).toHaveLength(1)
  })

  test('holds only messages of the given workspaces', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, entries(2), undefined, NOW)
    ledger.storePage(B, entries(3), undefined, NOW)
    expect([[], [A], [B], [A, B]].map((held) => ledger.nextBatch(held, 10, 1_000_000).length)).toEqual([
      0, 2, 3, 5,
    ])
  })
})

describe('what becomes of a message', () => {
  test('received, sending, sent, confirmed, answered: each follows from the one before', () => {
    const ledger = Ledger.open(':memory:')
    const row = entry()
    ledger.storePage(A, [row], undefined, NOW)
    const steps = [ledger.inbox.counts(A)]
    const [message] = batch(ledger)
    if (message === undefined) throw new Error('no message')
    ledger.markSending([message])
    steps.push(ledger.inbox.counts(A))
    ledger.markSent([message], NOW)
    steps.push(ledger.inbox.counts(A))
    expect(ledger.markConfirmed(A, row.activityId)).toBe(true)
    steps.push(ledger.inbox.counts(A))
    ledger.markAnswered(message.ord)
    steps.push(ledger.inbox.counts(A))
    expect(steps).toEqual([{ received: 1 }, { sending: 1 }, { sent: 1 }, { confirmed: 1 }, { answered: 1 }])
  })

  test('the news that bytes have left does not undo what is known beyond it', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, entries(2), undefined, NOW)
    const messages = batch(ledger)
    ledger.markSending(messages)
    const [first, second] = messages
    if (first === undefined || second === undefined) throw new Error('no messages')
    ledger.markConfirmed(A, first.activityId)
    ledger.markAnswered(second.ord)
    ledger.markSent(messages, NOW)
    expect(ledger.inbox.counts(A)).toEqual({ confirmed: 1, answered: 1 })
  })

  test('what was answered from another session meanwhile is not taken back to be sent', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, entries(1), undefined, NOW)
    const messages = batch(ledger)
    for (const { ord } of messages) ledger.markAnswered(ord)
    ledger.markSending(messages)
    expect(ledger.inbox.counts(A)).toEqual({ answered: 1 })
  })

  test('proof for a message that was never sent, or is not there, changes nothing', () => {
    const ledger = Ledger.open(':memory:')
    const row = entry()
    ledger.storePage(A, [row], undefined, NOW)
    expect([ledger.markConfirmed(A, row.activityId), ledger.markConfirmed(B, row.activityId)]).toEqual([
      false,
      false,
    ])
    expect(ledger.inbox.counts(A)).toEqual({ received: 1 })
  })

  test('work in hand is what was sent in the last ten minutes and not answered, newest first', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, entries(3), undefined, NOW)
    const messages = batch(ledger)
    ledger.markSending(messages)
    for (const [index, message] of messages.entries()) ledger.markSent([message], NOW + index)
    expect(ledger.inbox.open(A, NOW).map(({ ord }) => ord)).toEqual(messages.map(({ ord }) => ord).reverse())
    expect(ledger.inbox.open(A, NOW + 10 * 60_000 + 1)).toHaveLength(1)
    expect(ledger.inbox.open(A, NOW + 20 * 60_000)).toEqual([])
  })
})

describe('a new session', () => {
  test.each(['sending', 'sent'] as const)('writes again, as seen before, what it finds %s', (state) => {
    using disk = onDisk()
    disk.ledger.storePage(A, entries(2), undefined, NOW)
    const [first] = batch(disk.ledger)
    if (first === undefined) throw new Error('no message')
    disk.ledger.markSending([first])
    if (state === 'sent') disk.ledger.markSent([first], NOW)
    const next = disk.nextSession()
    expect(next.recover(A, NOW)).toEqual({ again: 1, givenUp: 0, presumed: 0 })
    expect(batch(next).map(({ attempts }) => attempts)).toEqual([1, 0])
  })

  test('a session never takes back what it wrote itself', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, entries(2), undefined, NOW)
    const [first, second] = batch(ledger)
    if (first === undefined || second === undefined) throw new Error('no messages')
    ledger.markSending([first, second])
    ledger.markSent([second], NOW)
    expect(ledger.recover(A, NOW)).toEqual({ again: 0, givenUp: 0, presumed: 0 })
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
    disk.ledger.storePage(A, entries(1), undefined, NOW)
    let times = 0
    for (let session = 0; session < limit + 3; session++) {
      const messages = batch(disk.ledger)
      times += messages.length
      disk.ledger.markSending(messages)
      if (what === 'whose bytes left') disk.ledger.markSent(messages, NOW)
      disk.nextSession().recover(A, NOW + 1)
    }
    expect(times).toBe(limit)
    expect(disk.ledger.inbox.counts(A)).toEqual({ sent: 1 })
    // Given up is not in hand.
    expect(disk.ledger.inbox.open(A, NOW + 10 * 60_000 + 1)).toEqual([])
  })

  test('what may have been seen more than a day ago is kept and not repeated, recovered before or not', () => {
    using disk = onDisk()
    disk.ledger.storePage(A, entries(2), undefined, NOW)
    disk.ledger.markSending(batch(disk.ledger, 1))
    disk.nextSession().recover(A, NOW + REDELIVER_WITHIN_MS - 1)
    expect(batch(disk.ledger)).toHaveLength(2)
    disk.nextSession().recover(A, NOW + REDELIVER_WITHIN_MS)
    // The other was never written: it is as new as on the first day.
    expect(batch(disk.ledger).map(({ attempts }) => attempts)).toEqual([0])
    expect(disk.ledger.inbox.counts(A)).toEqual({ sent: 1, received: 1 })
  })

  test.each(['confirmed', 'answered'])('leaves alone what is %s', (state) => {
    using disk = onDisk()
    disk.ledger.storePage(A, entries(1), undefined, NOW)
    const messages = batch(disk.ledger)
    disk.ledger.markSending(messages)
    for (const { ord, activityId } of messages) {
      if (state === 'answered') disk.ledger.markAnswered(ord)
      else disk.ledger.markConfirmed(A, activityId)
    }
    expect(disk.nextSession().recover(A, NOW).again).toBe(0)
    expect(disk.ledger.inbox.counts(A)).toEqual({ [state]: 1 })
  })

  test('recovers the workspace it holds and no other', () => {
    using disk = onDisk()
    for (const workspaceId of [A, B]) disk.ledger.storePage(workspaceId, entries(1), undefined, NOW)
    disk.ledger.markSending(batch(disk.ledger))
    disk.nextSession().recover(A, NOW)
    expect([disk.ledger.inbox.counts(A), disk.ledger.inbox.counts(B)]).toEqual([
      { received: 1 },
      { sending: 1 },
    ])
  })

  test('forgets after thirty days what is done with, and never what still waits', () => {
    using disk = onDisk()
    disk.ledger.storePage(A, entries(2), undefined, NOW)
    disk.ledger.markSending(batch(disk.ledger, 1))
    disk.nextSession().recover(A, NOW + 31 * 24 * 60 * 60_000)
    expect(disk.ledger.inbox.counts(A)).toEqual({ received: 1 })
  })
})

describe('the number that may be acknowledged', () => {
  const numbered = (...seqs: (number | null)[]) => seqs.map((seq) => entry({ seq }))

  test('is the highest at and below which nothing is unsent', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, [...numbered(3, 5, 9), entry({ seq: 7, skipped: 'an echo' })], undefined, NOW)
    const given = [ledger.inbox.ackableSeq(A)]
    const messages = batch(ledger)
    ledger.markSending(messages)
    given.push(ledger.inbox.ackableSeq(A))
    for (const message of messages) {
      ledger.markSent([message], NOW)
      given.push(ledger.inbox.ackableSeq(A))
    }
    expect(given).toEqual([undefined, undefined, 3, 7, 9])
  })

  test('is none where rows have no number', () => {
    const ledger = Ledger.open(':memory:')
    ledger.storePage(A, numbered(null, null), undefined, NOW)
    const messages = batch(ledger)
    ledger.markSending(messages)
    ledger.markSent(messages, NOW)
    expect(ledger.inbox.ackableSeq(A)).toBeUndefined()
  })
})
