import { expect, test } from 'bun:test'
import { openLedger } from '../../../../lab/driver/ledger.ts'
import { SimClock } from '../../../../lab/simulation/sim-clock.ts'
import { awaitAnswer } from '../../../../plugin/host/tools/awaited-answer.ts'
import { noteTask, type TaskNote } from '../../../../plugin/host/tools/task-note.ts'
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
  readonly answer: (text: string) => void
}

function startWait(): Wait {
  const clock = new SimClock()
  const ledger = openLedger()
  const bench = startBench([], { clock, ledger: () => ledger })
  const note = noteTask(bench.context, TASK)
  if (note === undefined) throw new Error('there is no ledger')
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
    answer: (text) => {
      const content = JSON.stringify({ ...MESSAGE, kind: 'peer_agent', peerId: PEER_ID, text })
      const task = { id: TASK.id, by: 'peer', failed: false } as const
      ledger.of(OWN_ID).storePage([entry({ peerId: PEER_ID, content, task })], undefined, clock.now())
    },
    [Symbol.dispose]: () => {
      bench[Symbol.dispose]()
      ledger.close()
    },
  }
}

test('an answer that comes in time is taken, so that it does not become an event', async () => {
  using wait = startWait()
  await wait.clock.advance(1_000)
  expect(wait.result()).toBeUndefined()
  wait.answer('done')
  await wait.clock.advance(200)
  expect(wait.result()?.outcome?.text).toEndWith('\n\ndone')
  expect(wait.note.nextAnswer()).toBeUndefined()
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
