/** What becomes of a task that its sender takes back. */
import { expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Entry } from '../../../member/ledger/ledger.ts'
import { entry } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const [A, PEER, OTHER, NOW] = ['workspace-a', 'peer', 'other', 1_800_000_000_000]
const task = (id: string, peerId: string) => entry({ peerId, given: id })
const cancel = (taskId: string | null, peerId: string | null, ofAnyone = false) =>
  entry({ peerId, cancels: { taskId, ofAnyone, tell: (ended) => JSON.stringify(ended) } })

function startLedger() {
  const ledger = openLedger()
  return {
    ledger,
    store: (...entries: readonly Entry[]) => ledger.of(A).storePage(entries, undefined, NOW),
    /** Shows everything that waits to the model. */
    show: () => {
      const batch = ledger.nextBatch([A], 32, 1_000_000, NOW)
      ledger.markSent(ledger.markSending(batch), NOW)
      return batch.map(({ activityId }) => activityId)
    },
    open: () => ledger.of(A).open(NOW).count,
    unanswered: () =>
      ledger.inbox.list({ workspaceIds: [A], states: ['received', 'sent'], owed: true, limit: 9 }).total,
  }
}

test('a task not yet shown stays hidden, and the cancel is shown', () => {
  const { store, show } = startLedger()
  const stays = task('t2', PEER)
  const taken = cancel('t1', PEER)
  store(task('t1', PEER), stays, taken)
  expect(show()).toEqual([stays.activityId, taken.activityId])
})

test('a task that was shown is closed, and so is the cancel itself', () => {
  const { store, show, open, unanswered } = startLedger()
  store(task('t1', PEER), task('t2', PEER))
  show()
  expect(open()).toBe(2)
  store(cancel('t1', PEER))
  show()
  expect([open(), unanswered()]).toEqual([1, 1])
})

test('a cancel tells which messages it ended', () => {
  const { ledger, store, show } = startLedger()
  const [first, second, taken] = [task('t1', PEER), task('t1', PEER), cancel('t1', PEER)]
  store(first)
  show()
  store(second, taken)
  expect(ledger.find(taken.activityId, [A])?.content).toBe(
    JSON.stringify({ unseen: [second.activityId], shown: [first.activityId] }),
  )
})

test('a task that was shown, and waits to be shown again, counts as shown', () => {
  using folder = temporaryFolder()
  const [given, taken] = [task('t1', PEER), cancel('t1', PEER)]
  const first = openLedger(folder.file('ledger.db'))
  first.of(A).storePage([given], undefined, NOW)
  first.markSent(first.markSending(first.nextBatch([A], 32, 1_000_000, NOW)), NOW)
  first.close()
  const next = openLedger(folder.file('ledger.db'))
  recover(next.of(A), NOW + 1_000)
  next.of(A).storePage([taken], undefined, NOW + 1_000)
  expect(next.find(taken.activityId, [A])?.content).toBe(
    JSON.stringify({ unseen: [], shown: [given.activityId] }),
  )
  expect(next.nextBatch([A], 32, 1_000_000, NOW).map(({ activityId }) => activityId)).toEqual([
    taken.activityId,
  ])
  next.close()
})

test('nobody but the authenticated person cancels another agent’s task', () => {
  const { store, show, open } = startLedger()
  store(task('t1', PEER))
  show()
  store(cancel('t1', OTHER), cancel('t1', null), cancel(null, PEER))
  expect(open()).toBe(1)
  store(cancel('t1', null, true))
  expect(open()).toBe(0)
})

test('a cancel answers no task of ours, and withdraws no answer', () => {
  const { ledger, store, show } = startLedger()
  const ours = { id: 't1', workspaceId: A, peerId: PEER, task: 'build', watched: false }
  ledger.delegations.add(ours, NOW)
  store(cancel('t9', PEER))
  expect(ledger.delegations.find(A, 't1')?.state).toBe('open')
  show()
  const answer = entry({ peerId: PEER, given: 't1', task: { id: 't1', by: 'peer', failed: false } })
  store(answer, cancel('t1', PEER))
  expect(show()).toContain(answer.activityId)
})
