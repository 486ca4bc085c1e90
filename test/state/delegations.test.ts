import { expect, test } from 'bun:test'
import { type Entry, Ledger } from '../../state/ledger.ts'
import { entry } from '../fixtures/entries.ts'

const OWN = 'workspace-a'
const PEER = 'peer'
const NOW = 1_800_000_000_000
const DAY_MS = 24 * 60 * 60_000

function open(): Ledger {
  return Ledger.open(':memory:')
}
const task = (id: string, more: { peerId?: string; watched?: boolean } = {}) => ({
  id,
  workspaceId: OWN,
  peerId: PEER,
  task: 'count',
  watched: false,
  ...more,
})
const named = (id: string, more: Partial<Entry> = {}): Entry =>
  entry({ peerId: PEER, task: { id, by: 'peer', failed: false }, ...more })
const result = (id: string, failed = false): Entry => entry({ task: { id, by: 'platform', failed } })

function store(ledger: Ledger, row: Entry, now = NOW): string | null | undefined {
  ledger.storePage(OWN, [row], undefined, now)
  return ledger.find(row.activityId, [OWN])?.delegationId
}

test('a message that names a task given to its sender answers it, also one more after it is closed', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  expect(store(ledger, named('t'))).toBe('t')
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('completed')
  expect(store(ledger, named('t'))).toBe('t')
})

test('a message that names a task of somebody else answers none', () => {
  const ledger = open()
  ledger.delegations.add(task('t', { peerId: 'another' }), NOW)
  expect(store(ledger, named('t'))).toBeNull()
  expect(store(ledger, named('unknown'))).toBeNull()
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('open')
})

test('a message that names no task answers the only open one of its sender, for a day', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  expect(store(ledger, entry({ peerId: 'another' }))).toBeNull()
  expect(store(ledger, entry())).toBeNull()
  expect(store(ledger, entry({ peerId: PEER }), NOW + DAY_MS)).toBeNull()
  expect(store(ledger, entry({ peerId: PEER }))).toBe('t')
  expect(store(ledger, entry({ peerId: PEER }))).toBeNull()
})

test('a row that is stepped over answers nothing', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  store(ledger, named('t', { skipped: 'an echo' }))
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('open')
})

test('a result is told once, whichever way it comes, and is kept as failed when it failed', () => {
  const ledger = open()
  ledger.delegations.add(task('done', { watched: true }), NOW)
  ledger.delegations.add(task('failed', { watched: true }), NOW)
  const stored = [result('done'), result('done'), result('failed', true), result('failed', true)].map((row) =>
    ledger.storePage(OWN, [row], undefined, NOW),
  )
  expect(stored).toEqual([1, 0, 1, 0])
  expect(ledger.delegations.find(OWN, 'failed')?.state).toBe('failed')
  expect(ledger.delegations.watched(OWN, NOW)).toEqual([])
})

test('an answer that a call waits for is no event until the wait is over', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  ledger.delegations.await(OWN, 't', NOW + 1_000)
  store(ledger, named('t'))
  store(ledger, entry())
  const batch = (now: number) => ledger.nextBatch([OWN], 10, 1_000, now).map((row) => row.delegationId)
  expect(batch(NOW)).toEqual([null])
  expect(batch(NOW + 1_000)).toEqual(['t', null])
  ledger.delegations.await(OWN, 't', 0)
  expect(batch(NOW)).toEqual(['t', null])
})

test('an answer is taken by a call or shown as an event, never both', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  store(ledger, named('t'))
  expect([ledger.delegations.take(OWN, 't'), ledger.delegations.take(OWN, 't')]).toEqual([true, false])
  expect(ledger.nextBatch([OWN], 10, 1_000, NOW)).toEqual([])
  store(ledger, named('t'))
  ledger.markSending(ledger.nextBatch([OWN], 10, 1_000, NOW))
  expect(ledger.delegations.take(OWN, 't')).toBe(false)
})

test('a task that was handed to its peer is not asked after, nor one that is a day old', () => {
  const ledger = open()
  for (const id of ['handed', 'old', 'young']) ledger.delegations.add(task(id, { watched: true }), NOW)
  ledger.delegations.handedOver(OWN, 'handed')
  expect(ledger.delegations.watched(OWN, NOW).map(({ id }) => id)).toEqual(['old', 'young'])
  expect(ledger.delegations.watched(OWN, NOW + DAY_MS)).toEqual([])
})
