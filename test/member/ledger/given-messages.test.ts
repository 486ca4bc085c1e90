import { expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import type { ThrottledSender } from '../../../member/ledger/throttled-messages.ts'
import { entries } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const A = 'workspace-a'
const B = 'workspace-b'
const PEER = '22222222-2222-4222-8222-222222222222'
const NOW = 1_800_000_000_000

const batch = (ledger: Ledger) => ledger.nextBatch([A], 100, 1_000_000, NOW)

/** Two living sessions on one ledger. The first has written two messages, and only the second of them left it. */
function twoSessions() {
  const folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  const second = openLedger(folder.file('ledger.db'))
  first.of(A).storePage(entries(2), undefined, NOW)
  const [one, two] = batch(first)
  if (one === undefined || two === undefined) throw new Error('no messages')
  first.markSending([one, two])
  first.markSent([two], NOW)
  return {
    first,
    second,
    [Symbol.dispose]() {
      first.close()
      second.close()
      folder[Symbol.dispose]()
    },
  }
}

/** A peer writes too fast. Returns it, as the ledger lists it. */
function holdBack(ledger: Ledger): ThrottledSender {
  const burst = entries(23).map((entry, index) => ({ ...entry, activityId: `burst-${index}`, peerId: PEER }))
  ledger.of(A).storePage(burst, undefined, NOW)
  const [peer] = ledger.throttled.senders([A])
  if (peer === undefined) throw new Error('nothing is held back')
  return peer
}

test('a workspace that comes back brings nothing again that this session wrote to its host before', () => {
  using sessions = twoSessions()
  const { first, second } = sessions
  expect(recover(second.of(A), NOW)).toMatchObject({ again: 2 })
  second.markSending(batch(second))
  expect(recover(first.of(A), NOW)).toMatchObject({ again: 0 })
  expect(batch(first)).toEqual([])
  expect(first.inbox.counts(A)).toEqual({ sent: 2 })
})

test('nor when the other session gave it back before it wrote anything', () => {
  using sessions = twoSessions()
  const { first, second } = sessions
  recover(second.of(A), NOW)
  expect(recover(first.of(A), NOW)).toMatchObject({ again: 0 })
  expect(batch(first)).toEqual([])
})

test('a digest counts as written with the messages it shows, and with no other', () => {
  using sessions = twoSessions()
  const { first, second } = sessions
  const peer = holdBack(first)
  const held = first.throttled.count(peer)
  first.throttled.markSending(first.throttled.of(peer, held - 1))
  expect(first.throttled.count(peer)).toBe(1)
  first.markSending(batch(first))
  recover(second.of(A), NOW)
  expect(recover(first.of(A), NOW)).toMatchObject({ again: 0 })
})

test('a digest that another session has begun since its messages were read is not begun again', () => {
  using sessions = twoSessions()
  const { first, second } = sessions
  const peer = holdBack(first)
  const read = first.throttled.of(peer, 2)
  expect(second.throttled.markSending(second.throttled.of(peer, 2))).toBe(true)
  const late = entries(1).map((entry) => ({ ...entry, activityId: 'late', peerId: PEER }))
  first.of(A).storePage(late, undefined, NOW)
  expect(first.throttled.markSending(read)).toBe(false)
  expect(first.throttled.count(peer)).toBe(2)
})

test('what was confirmed or answered in another session stays so when the workspace comes back', () => {
  using sessions = twoSessions()
  const { first, second } = sessions
  recover(second.of(A), NOW)
  const [one, two] = second.markSending(batch(second))
  if (one === undefined || two === undefined) throw new Error('no messages')
  second.markConfirmed(A, one.activityId)
  second.markAnswered(two.ord)
  expect(recover(first.of(A), NOW)).toMatchObject({ again: 0 })
  expect(first.inbox.counts(A)).toEqual({ confirmed: 1, answered: 1 })
})

test('a workspace that comes back changes nothing in one that another session holds', () => {
  using folder = temporaryFolder()
  const first = openLedger(folder.file('ledger.db'))
  const second = openLedger(folder.file('ledger.db'))
  const written = (ledger: Ledger) => ledger.markSending(ledger.nextBatch([A, B], 100, 1_000_000, NOW))
  for (const id of [A, B]) first.of(id).storePage(entries(1), undefined, NOW)
  written(first)
  for (const id of [A, B]) recover(second.of(id), NOW)
  written(second)
  recover(first.of(A), NOW)
  expect([first.inbox.counts(A), first.inbox.counts(B)]).toEqual([{ sent: 1 }, { sending: 1 }])
  first.close()
  second.close()
})
