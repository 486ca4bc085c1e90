import { expect, test } from 'bun:test'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import type { Inbound } from '../../../../member/client/inbound.ts'
import type { Ledger, MessageState, StoredMessage } from '../../../../member/ledger/ledger.ts'
import { awaitAnswer } from '../../../../plugin/host/tools/awaited-answer.ts'
import { TaskNote } from '../../../../plugin/host/tools/task-note.ts'
import type { Outcome } from '../../../../plugin/host/tools/tool.ts'
import { entry, MESSAGE } from '../../../fixtures/entries.ts'
import { OWN_ID, PEER_ID } from '../../../fixtures/lying-platform.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

const TASK = { id: 'task-1', workspaceId: OWN_ID, peerId: PEER_ID, task: 'build it', watched: false }
const WAIT_MS = 12_000

interface Wait extends Disposable {
  readonly clock: SimClock
  readonly note: TaskNote
  readonly progress: readonly number[]
  readonly stop: AbortController
  /** Undefined while the wait goes on. */
  readonly result: () => { readonly outcome: Outcome | undefined } | undefined
  readonly answer: (text: string, more?: Partial<Inbound>) => StoredMessage
  readonly stateOf: (message: StoredMessage) => MessageState | undefined
  readonly ledger: Ledger
}

function startWait(): Wait {
  const clock = new SimClock()
  const ledger = openLedger()
  const bench = startBench([], { clock, ledger: () => ledger })
  ledger.delegations.add(TASK, clock.now())
  const note = new TaskNote(ledger.delegations, clock, TASK, () => {})
  const until = clock.now() + WAIT_MS
  note.await(until)
  const progress: number[] = []
  const stop = new AbortController()
  let result: { readonly outcome: Outcome | undefined } | undefined
  void awaitAnswer(note, until, clock, stop.signal, (done) => progress.push(done)).then((outcome) => {
    result = { outcome }
  })
  return {
    clock,
    note,
    progress,
    stop,
    result: () => result,
    ledger,
    answer: (text, more) => {
      const content = JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId: PEER_ID, text, ...more })
      const task = { id: TASK.id, by: 'peer', failed: false } as const
      ledger.of(OWN_ID).storePage([entry({ peerId: PEER_ID, content, task })], undefined, clock.now())
      const stored = note.nextAnswer()
      if (stored === undefined) throw new Error('the answer was not stored')
      return stored
    },
    stateOf: ({ activityId }) => ledger.find(activityId, [OWN_ID])?.state,
    [Symbol.dispose]: () => {
      bench[Symbol.dispose]()
      ledger.close()
    },
  }
}

test('an answer that comes in time is taken from the events, and answered once the result has left', async () => {
  using wait = startWait()
  await wait.clock.advance(1_000)
  expect(wait.result()).toBeUndefined()
  const answer = wait.answer('done')
  await wait.clock.advance(200)
  const outcome = wait.result()?.outcome
  expect([outcome?.text.endsWith('\n\n  done'), wait.stateOf(answer)]).toEqual([true, 'sending'])
  outcome?.onSent?.()
  expect(wait.stateOf(answer)).toBe('answered')
})

test('an answer whose result never leaves becomes an event, marked since it may have been seen', async () => {
  using wait = startWait()
  const answer = wait.answer('done')
  await wait.clock.advance(200)
  wait.result()?.outcome?.onLost?.()
  expect(wait.stateOf(answer)).toBe('received')
  expect(wait.ledger.find(answer.activityId, [OWN_ID])?.attempts).toBe(1)
})

test('an answer with files is left to become an event, which fetches them', async () => {
  using wait = startWait()
  const file = { uri: 'platform-pending:w/f', name: 'a.txt', mimeType: 'text/plain', size: 1 }
  const answer = wait.answer('see the file', { attachments: [file] })
  await wait.clock.advance(200)
  expect(wait.result()?.outcome?.text).toStartWith('The answer has arrived;')
  expect(wait.stateOf(answer)).toBe('received')
})

test('an answer that another session has shown is not repeated', async () => {
  using wait = startWait()
  wait.ledger.markSending([wait.answer('done')])
  await wait.clock.advance(200)
  expect(wait.result()?.outcome?.text).toStartWith('The answer has arrived;')
})

test('the wait ends in time without an answer, and shows every five seconds that it goes on', async () => {
  using wait = startWait()
  await wait.clock.advance(WAIT_MS - 1)
  expect([wait.result(), wait.progress]).toEqual([undefined, [0, 5_000, 10_000]])
  await wait.clock.advance(1)
  expect(wait.result()).toEqual({ outcome: undefined })
})

test('a cancelled call stops waiting at once and leaves no timer', async () => {
  using wait = startWait()
  await wait.clock.advance(1_000)
  wait.stop.abort()
  await wait.clock.advance(0)
  expect([wait.result(), wait.clock.armed]).toEqual([{ outcome: undefined }, 0])
})
