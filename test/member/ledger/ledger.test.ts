import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import { cursor, entries, entry } from '../../fixtures/entries.ts'

const A = 'workspace-a'
const B = 'workspace-b'
const NOW = 1_800_000_000_000

const batch = (ledger: Ledger, limit = 100) => ledger.nextBatch([A, B], limit, 1_000_000, NOW)

describe('storing a page', () => {
  test('gives rows back in the order they came in, each once, even if some are stored twice', () => {
    const ledger = openLedger()
    const page = entries(5)
    expect(ledger.of(A).storePage(page, undefined, NOW)).toBe(5)
    expect(ledger.of(A).storePage([...page, ...page, entry()], undefined, NOW)).toBe(1)
    expect(
      batch(ledger)
        .slice(0, 5)
        .map((row) => row.activityId),
    ).toEqual(page.map((row) => row.activityId))
    expect(batch(ledger)).toHaveLength(6)
  })

  test('leaves a message as it is when its row is stored again', () => {
    const ledger = openLedger()
    const row = entry()
    ledger.of(A).storePage([row], undefined, NOW)
    ledger.markSending(batch(ledger))
    ledger.of(A).storePage([row], undefined, NOW)
    expect(batch(ledger)).toEqual([])
  })

  test('takes the same id in another workspace for another message', () => {
    const ledger = openLedger()
    const row = entry()
    expect(
      ledger.of(A).storePage([row], undefined, NOW) + ledger.of(B).storePage([row], undefined, NOW),
    ).toBe(2)
  })

  test('stores rows and cursor together or not at all', () => {
    const ledger = openLedger()
    const before = cursor()
    ledger.of(A).storePage([], before, NOW)
    const unstorable = { ...entry(), createdAt: null } as unknown as ReturnType<typeof entry>
    expect(() => ledger.of(A).storePage([entry(), unstorable], cursor(), NOW)).toThrow()
    expect(ledger.of(A).cursor()).toEqual(before)
    expect(ledger.of(A).waiting()).toBe(0)
    const unstorableCursor = { ...cursor(), floor: null } as unknown as ReturnType<typeof cursor>
    expect(() => ledger.of(A).storePage([entry()], unstorableCursor, NOW)).toThrow()
    expect(ledger.of(A).cursor()).toEqual(before)
    expect(ledger.of(A).waiting()).toBe(0)
  })

  test('lets one session alone decide where reading begins', () => {
    const ledger = openLedger()
    const decided = cursor()
    expect(ledger.of(A).storePage([entry()], decided, NOW, true)).toBe(1)
    const late = entry({ skipped: 'arrived before the first start' })
    expect(ledger.of(A).storePage([late], cursor(), NOW, true)).toBe(0)
    expect([ledger.of(A).cursor(), ledger.inbox.counts(A)]).toEqual([decided, { received: 1 }])
  })

  test('keeps a row that is not for the model, which never waits', () => {
    const ledger = openLedger()
    const row = entry({ skipped: 'an echo' })
    expect(ledger.of(A).storePage([row], undefined, NOW)).toBe(0)
    expect([ledger.of(A).waiting(), batch(ledger).length, ledger.inbox.counts(A)]).toEqual([
      0,
      0,
      { skipped: 1 },
    ])
    expect(ledger.find(row.activityId, [A])).toBeUndefined()
  })
})

describe('a batch', () => {
  test('has a limit on its number and on its size, and is never empty while something waits', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(
      entries(5, () => ({ content: 'x'.repeat(100) })),
      undefined,
      NOW,
    )
    expect(ledger.nextBatch([A], 3, 1_000, NOW)).toHaveLength(3)
    expect(ledger.nextBatch([A], 10, 250, NOW)).toHaveLength(2)
    expect(ledger.nextBatch([A], 10, 1, NOW)).toHaveLength(1)
  })

  test('holds only messages of the given workspaces', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(entries(2), undefined, NOW)
    ledger.of(B).storePage(entries(3), undefined, NOW)
    expect([[], [A], [B], [A, B]].map((held) => ledger.nextBatch(held, 10, 1_000_000, NOW).length)).toEqual([
      0, 2, 3, 5,
    ])
  })
})

describe('the state of a message', () => {
  test('goes from received to sending, sent, confirmed and answered', () => {
    const ledger = openLedger()
    const row = entry()
    ledger.of(A).storePage([row], undefined, NOW)
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

  test('does not go back when the bytes leave after the message was confirmed or answered', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(entries(2), undefined, NOW)
    const messages = batch(ledger)
    ledger.markSending(messages)
    const [first, second] = messages
    if (first === undefined || second === undefined) throw new Error('no messages')
    ledger.markConfirmed(A, first.activityId)
    ledger.markAnswered(second.ord)
    ledger.markSent(messages, NOW)
    expect(ledger.inbox.counts(A)).toEqual({ confirmed: 1, answered: 1 })
  })

  test('stays answered if another session answered the message before it was sent', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(entries(1), undefined, NOW)
    const messages = batch(ledger)
    for (const { ord } of messages) ledger.markAnswered(ord)
    ledger.markSending(messages)
    expect(ledger.inbox.counts(A)).toEqual({ answered: 1 })
  })

  test('does not change on proof for a message that was never sent or does not exist', () => {
    const ledger = openLedger()
    const row = entry()
    ledger.of(A).storePage([row], undefined, NOW)
    expect([ledger.markConfirmed(A, row.activityId), ledger.markConfirmed(B, row.activityId)]).toEqual([
      false,
      false,
    ])
    expect(ledger.inbox.counts(A)).toEqual({ received: 1 })
  })

  test('in hand are the messages sent in the last ten minutes and not answered', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(entries(3), undefined, NOW)
    const messages = batch(ledger)
    ledger.markSending(messages)
    for (const [index, message] of messages.entries()) ledger.markSent([message], NOW + index)
    const inHand = (now: number) => {
      const { count, newest } = ledger.of(A).open(now)
      return [count, newest?.activityId]
    }
    const newest = messages.at(-1)
    if (newest === undefined) throw new Error('no messages')
    expect(inHand(NOW)).toEqual([3, newest.activityId])
    expect(inHand(NOW + 10 * 60_000 + 1)).toEqual([1, newest.activityId])
    expect(inHand(NOW + 20 * 60_000)).toEqual([0, undefined])
    ledger.markAnswered(newest.ord)
    expect(inHand(NOW)).toEqual([2, messages.at(-2)?.activityId])
  })
})

describe('the number that may be acknowledged', () => {
  const numbered = (...seqs: (number | null)[]) => seqs.map((seq) => entry({ seq }))

  test('is the highest at and below which everything was sent', () => {
    const ledger = openLedger()
    ledger.of(A).storePage([...numbered(3, 5, 9), entry({ seq: 7, skipped: 'an echo' })], undefined, NOW)
    const given = [ledger.of(A).ackableSeq()]
    const messages = batch(ledger)
    ledger.markSending(messages)
    given.push(ledger.of(A).ackableSeq())
    for (const message of messages) {
      ledger.markSent([message], NOW)
      given.push(ledger.of(A).ackableSeq())
    }
    expect(given).toEqual([undefined, undefined, 3, 7, 9])
  })

  test('does not exist if rows have no number', () => {
    const ledger = openLedger()
    ledger.of(A).storePage(numbered(null, null), undefined, NOW)
    const messages = batch(ledger)
    ledger.markSending(messages)
    ledger.markSent(messages, NOW)
    expect(ledger.of(A).ackableSeq()).toBeUndefined()
  })
})
