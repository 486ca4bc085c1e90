import { expect, test } from 'bun:test'
import { type Database, systemDisk } from '../../base/sqlite.ts'
import { SimClock } from '../../lab/simulation/sim-clock.ts'
import { Ledger } from '../../member/ledger/ledger.ts'
import { migrate } from '../../member/ledger/ledger-schema.ts'
import type { Request } from '../../runner/backend/backend.ts'
import { Health } from '../../runner/health.ts'
import { answerId } from '../../runner/reply-route.ts'
import { Wakes } from '../../runner/wakes.ts'
import { Worker } from '../../runner/worker.ts'
import { entry, MESSAGE } from '../fixtures/entries.ts'
import { recover } from '../fixtures/recover.ts'
import { makeWorkspace, WORKSPACE } from '../fixtures/workspace.ts'

const PEER = '11111111-1111-4111-8111-111111111111'
const MESSAGE_ID = 'a-message'
/** How often the process ends while it works on the message. */
const CRASHES = 5

/** A ledger with one message of a peer, which several processes open one after the other. */
function scene(result?: string) {
  const db: Database = systemDisk.open(':memory:')
  migrate(db)
  const clock = new SimClock()
  const sent: string[] = []
  const given: Request[] = []
  const content = JSON.stringify({
    ...MESSAGE,
    kind: result === undefined ? 'peer_agent' : 'delegation_result',
    peerId: PEER,
  })
  let processes = 0
  const start = (): Ledger => {
    const ledger = new Ledger(db, `process ${++processes}`)
    recover(ledger.of(WORKSPACE), clock.now())
    return ledger
  }
  start()
    .of(WORKSPACE)
    .storePage([entry({ activityId: MESSAGE_ID, peerId: PEER, content })], undefined, clock.now())
  return {
    sent,
    given,
    stateOf: () => db.query<{ state: string }, []>('SELECT state FROM message').get()?.state,
    queue: () => start().workOf(WORKSPACE),
    /** One more process, which answers what waits, as far as the platform takes it, and is killed some seconds later. */
    work: (platformWorks = true, onResult = () => result) => {
      const ledger = start()
      let isDead = false
      const workspace = makeWorkspace({
        clock: clock.of(() => isDead),
        ledger,
        network: ({ pathname }, { body }) => {
          if (!platformWorks) throw new TypeError('connection refused')
          const { message, params } = JSON.parse(String(body))
          sent.push(pathname.endsWith('/notify') ? message : params.message.messageId)
          return Response.json({ status: 'queued' }, { status: 202 })
        },
      })
      const backend = {
        name: 'echo',
        runtime: { capabilities: {} },
        answer: async (request: Request) => {
          given.push(request)
          return { text: request.text }
        },
        close: async () => {},
      }
      const health = new Health(backend.runtime, () => {})
      const worker = new Worker({
        workspace,
        queue: ledger.workOf(WORKSPACE),
        backend,
        health,
        files: { prepare: async () => [] },
        sendsEmpty: false,
        isDeliverable: () => true,
        closing: new AbortController().signal,
        onResult,
        wakes: new Wakes('/no/such/file', clock, () => {}),
        resultsFile: '/no/such/file',
      })
      void worker.run()
      clock.runUntil(clock.now() + 10_000)
      isDead = true
      return health.reason
    },
  }
}

test('a message that the process does not survive is set aside after some crashes, its sender is told once, and it can be asked for again', () => {
  const { sent, given, stateOf, queue, work } = scene()
  for (let crash = 1; crash <= CRASHES; crash++) {
    const dying = queue()
    const next = dying.next()
    if (next === undefined) throw new Error(`nothing to do before crash ${crash}`)
    dying.begin(next)
  }
  work()
  expect(given).toEqual([])
  expect(sent).toEqual([answerId(WORKSPACE, MESSAGE_ID, 'failure')])
  expect(stateOf()).toBe('skipped')
  expect(queue().retry()).toBe(1)
  work()
  expect(given.map(({ redelivered }) => redelivered)).toEqual([true])
  expect(sent.slice(1)).toEqual([answerId(WORKSPACE, MESSAGE_ID)])
  expect(stateOf()).toBe('answered')
})

test('work that was interrupted in order is no crash, however often that happens', () => {
  const { given, stateOf, queue, work } = scene()
  for (let end = 1; end <= 3 * CRASHES; end++) {
    const ending = queue()
    const next = ending.next()
    if (next === undefined) throw new Error(`nothing to do before end ${end}`)
    ending.begin(next)
    ending.interrupt(next)
  }
  work()
  expect(given.map(({ redelivered }) => redelivered)).toEqual([true])
  expect(stateOf()).toBe('answered')
})

test('the end of a process whose answer waits for the platform is no crash either', () => {
  const { sent, given, stateOf, work } = scene()
  const lives = 3 * CRASHES
  for (let end = 1; end <= lives; end++) work(false)
  expect(given).toHaveLength(lives)
  work()
  expect(sent).toEqual([answerId(WORKSPACE, MESSAGE_ID)])
  expect(stateOf()).toBe('answered')
})

test('that a task of ours failed is said to the person as soon as the platform takes it', () => {
  const failure = 'The task is failed.'
  const { sent, stateOf, work } = scene(failure)
  work(false)
  expect(stateOf()).toBe('sending')
  work()
  expect(sent).toEqual([failure])
  expect(stateOf()).toBe('answered')
})

test('an outcome of ours that cannot be written down is said to need a repair, until it can', () => {
  const { sent, stateOf, work } = scene('The task failed.')
  const since = (broken: number) => {
    let tries = 0
    return () => {
      if (tries++ < broken) throw new Error('the file of the outcomes is a folder')
      return 'The task failed.'
    }
  }
  expect(work(true, since(Number.POSITIVE_INFINITY))).toBe(
    'its messages cannot be worked on: the log says why',
  )
  expect([sent, stateOf()]).toEqual([[], 'received'])
  expect(work(true, since(4))).toBeUndefined()
  expect([sent, stateOf()]).toEqual([['The task failed.'], 'answered'])
})
