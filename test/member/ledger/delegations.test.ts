import { expect, test } from 'bun:test'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import { type Entry, Ledger } from '../../../member/ledger/ledger.ts'
import { entry } from '../../fixtures/entries.ts'

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
  const [waiting] = ledger.nextBatch([OWN], 10, 1_000, NOW)
  const answer = ledger.delegations.nextAnswer(OWN, 't')
  if (answer === undefined || waiting === undefined) throw new Error('no answer')
  expect([ledger.delegations.take(answer), ledger.delegations.take(answer)]).toEqual([true, false])
  // Selected before it was taken: it is not written all the same.
  expect(ledger.markSending([waiting])).toEqual([])
  expect(ledger.nextBatch([OWN], 10, 1_000, NOW)).toEqual([])
  store(ledger, named('t'))
  ledger.markSending(ledger.nextBatch([OWN], 10, 1_000, NOW))
  expect(ledger.delegations.nextAnswer(OWN, 't')).toBeUndefined()
})

test('only the answer that is told is taken: one more is an event', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  const [first, second] = [named('t'), named('t')]
  ledger.storePage(OWN, [first, second], undefined, NOW)
  const answer = ledger.delegations.nextAnswer(OWN, 't')
  if (answer === undefined) throw new Error('no answer')
  expect(answer.activityId).toBe(first.activityId)
  ledger.delegations.take(answer)
  ledger.delegations.told(answer)
  expect(ledger.find(first.activityId, [OWN])?.state).toBe('answered')
  expect(ledger.nextBatch([OWN], 10, 1_000, NOW).map((row) => row.activityId)).toEqual([second.activityId])
})

test('an answer whose result never left the process is shown by the next session, marked', () => {
  using folder = temporaryFolder()
  const ledger = Ledger.open(folder.file('ledger.db'))
  ledger.delegations.add(task('t'), NOW)
  store(ledger, named('t'))
  const answer = ledger.delegations.nextAnswer(OWN, 't')
  if (answer === undefined) throw new Error('no answer')
  ledger.delegations.take(answer)
  ledger.close()
  const next = Ledger.open(folder.file('ledger.db'))
  next.recover(OWN, NOW + 1_000)
  expect(next.nextBatch([OWN], 10, 1_000, NOW).map(({ attempts }) => attempts)).toEqual([1])
  next.close()
})

test('the words of a peer on the way do not end a task that the platform carries out', () => {
  const ledger = open()
  ledger.delegations.add(task('t', { watched: true }), NOW)
  expect(store(ledger, entry({ peerId: PEER }))).toBeNull()
  expect(store(ledger, named('t'))).toBe('t')
  expect(ledger.delegations.find(OWN, 't')).toMatchObject({ state: 'open', watched: true })
  expect(ledger.storePage(OWN, [result('t')], undefined, NOW)).toBe(1)
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('completed')
})

test('a task whose result or answer was there before it was noted is not open', () => {
  const ledger = open()
  ledger.storePage(OWN, [result('early')], undefined, NOW)
  ledger.delegations.add(task('early', { watched: true }), NOW)
  expect(ledger.delegations.watched(OWN, NOW)).toEqual([])
  ledger.delegations.add(task('handed', { watched: true }), NOW)
  store(ledger, named('handed'))
  ledger.delegations.handedOver(OWN, 'handed')
  expect(ledger.delegations.find(OWN, 'handed')?.state).toBe('completed')
})

test('a wait that a clock set back made endless holds nothing up', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  ledger.delegations.await(OWN, 't', NOW + DAY_MS)
  store(ledger, named('t'))
  expect(ledger.nextBatch([OWN], 10, 1_000, NOW)).toHaveLength(1)
  expect(ledger.delegations.anyAwaited([OWN], NOW)).toBe(false)
})

test('a task that was handed to its peer is not asked after, nor one that is a day old', () => {
  const ledger = open()
  for (const id of ['handed', 'old', 'young']) ledger.delegations.add(task(id, { watched: true }), NOW)
  ledger.delegations.handedOver(OWN, 'handed')
  expect(ledger.delegations.watched(OWN, NOW).map(({ id }) => id)).toEqual(['old', 'young'])
  expect(ledger.delegations.watched(OWN, NOW + DAY_MS)).toEqual([])
})
