import { describe, expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { temporaryFolder } from '../../../lab/driver/temporary-folder.ts'
import type { Entry, Ledger } from '../../../member/ledger/ledger.ts'
import { diskWith } from '../../fixtures/disk.ts'
import { entry, MESSAGE } from '../../fixtures/entries.ts'
import { recover } from '../../fixtures/recover.ts'

const OWN = 'workspace-a'
const PEER = 'peer'
const NOW = 1_800_000_000_000
const DAY_MS = 24 * 60 * 60_000

function open(): Ledger {
  return openLedger()
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

const saying = (text: string) => ({ content: JSON.stringify({ ...MESSAGE, text }) })

function store(ledger: Ledger, row: Entry, now = NOW): string | null | undefined {
  ledger.of(OWN).storePage([row], undefined, now)
  return ledger.find(row.activityId, [OWN])?.delegationId
}

test('a message that names a task given to its sender answers that task, even after it was closed', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  expect(store(ledger, named('t'))).toBe('t')
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('completed')
  expect(store(ledger, named('t'))).toBe('t')
})

test('a message that names a task given to somebody else answers none', () => {
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

test('a skipped row answers nothing', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  store(ledger, named('t', { skipped: 'an echo' }))
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('open')
})

test('a result is shown once, whichever way it comes, and a failure is recorded as one', () => {
  const ledger = open()
  ledger.delegations.add(task('done', { watched: true }), NOW)
  ledger.delegations.add(task('failed', { watched: true }), NOW)
  const stored = [result('done'), result('done'), result('failed', true), result('failed', true)].map((row) =>
    ledger.of(OWN).storePage([row], undefined, NOW),
  )
  expect(stored).toEqual([1, 0, 1, 0])
  expect(ledger.delegations.find(OWN, 'failed')?.state).toBe('failed')
  expect(ledger.delegations.watched(OWN, NOW)).toEqual([])
})

test('a result that comes after the task was reported as failed is shown, and completes it', () => {
  const ledger = open()
  ledger.delegations.add(task('t', { watched: true }), NOW)
  const stored = [result('t', true), result('t'), result('t'), result('t', true)].map((row) =>
    ledger.of(OWN).storePage([row], undefined, NOW),
  )
  expect(stored).toEqual([1, 1, 0, 0])
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('completed')
})

test('a task stays failed by its peer’s own word when the platform only quotes that', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  const said = { task: { id: 't', by: 'peer', failed: true }, ...saying('no space left') } as const
  const rows = [named('t', said), { ...result('t'), ...saying('no space left') }]
  expect(rows.map((row) => ledger.of(OWN).storePage([row], undefined, NOW))).toEqual([1, 0])
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('failed')
})

test('an answer that a call waits for becomes an event only after the wait', () => {
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

test('an answer goes to the call or becomes an event, never both', () => {
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

test('a call takes only the answer it returns: another one becomes an event', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  const [first, second] = [named('t'), named('t')]
  ledger.of(OWN).storePage([first, second], undefined, NOW)
  const answer = ledger.delegations.nextAnswer(OWN, 't')
  if (answer === undefined) throw new Error('no answer')
  expect(answer.activityId).toBe(first.activityId)
  ledger.delegations.take(answer)
  ledger.delegations.told(answer)
  expect(ledger.find(first.activityId, [OWN])?.state).toBe('answered')
  expect(ledger.nextBatch([OWN], 10, 1_000, NOW).map((row) => row.activityId)).toEqual([second.activityId])
})

test('the next session shows, marked, an answer whose result never left the process', () => {
  using folder = temporaryFolder()
  const ledger = openLedger(folder.file('ledger.db'))
  ledger.delegations.add(task('t'), NOW)
  store(ledger, named('t'))
  const answer = ledger.delegations.nextAnswer(OWN, 't')
  if (answer === undefined) throw new Error('no answer')
  ledger.delegations.take(answer)
  ledger.close()
  const next = openLedger(folder.file('ledger.db'))
  recover(next.of(OWN), NOW + 1_000)
  expect(next.nextBatch([OWN], 10, 1_000, NOW).map(({ attempts }) => attempts)).toEqual([1])
  next.close()
})

test('what a peer says in the meantime does not end a task that the platform carries out', () => {
  const ledger = open()
  ledger.delegations.add(task('t', { watched: true }), NOW)
  expect(store(ledger, entry({ peerId: PEER }))).toBeNull()
  expect(store(ledger, named('t'))).toBe('t')
  expect(ledger.delegations.find(OWN, 't')).toMatchObject({ state: 'open', watched: true })
  expect(ledger.of(OWN).storePage([{ ...result('t'), ...saying('done') }], undefined, NOW)).toBe(1)
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('completed')
})

describe('an answer that the peer sends and the platform reports is shown once', () => {
  const LONG = `It is ${'very '.repeat(100)}green.`
  const answers = {
    'names the task': named('t', saying(LONG)),
    'names no task': entry({ peerId: PEER, ...saying(LONG) }),
  }

  test.each(Object.entries(answers))('when the message comes first and %s', (_, answer) => {
    const ledger = open()
    ledger.delegations.add(task('t', { watched: true }), NOW)
    const cut = { ...result('t'), ...saying(`${LONG.slice(0, 300)}...`) }
    expect([answer, cut].map((row) => ledger.of(OWN).storePage([row], undefined, NOW))).toEqual([1, 0])
    expect(ledger.delegations.find(OWN, 't')?.state).toBe('completed')
    expect(ledger.delegations.answer(OWN, 't')?.activityId).toBe(answer.activityId)
  })

  test.each(Object.entries(answers))('when the report comes first and the message %s', (_, answer) => {
    const ledger = open()
    ledger.delegations.add(task('t', { watched: true }), NOW)
    const whole = { ...result('t'), ...saying(LONG.replace(' ', '\n')) }
    expect([whole, answer].map((row) => ledger.of(OWN).storePage([row], undefined, NOW))).toEqual([1, 0])
  })

  test('unless the report says something else, or that the task failed', () => {
    for (const report of [{ ...result('t'), ...saying('It is red.') }, result('t', true)]) {
      const ledger = open()
      ledger.delegations.add(task('t', { watched: true }), NOW)
      const rows = [named('t'), report]
      expect(rows.map((row) => ledger.of(OWN).storePage([row], undefined, NOW))).toEqual([1, 1])
    }
  })

  test('unless the peer’s own brings a file, which no report quotes', () => {
    const ledger = open()
    ledger.delegations.add(task('t', { watched: true }), NOW)
    const attachments = [{ uri: 'x:', name: 'a', mimeType: '', size: null }]
    const withFile = { content: JSON.stringify({ ...MESSAGE, text: LONG, attachments }) }
    const rows = [{ ...result('t'), ...saying(LONG) }, named('t', withFile)]
    expect(rows.map((row) => ledger.of(OWN).storePage([row], undefined, NOW))).toEqual([1, 1])
  })

  test('and the peer may write the same once more: a short word answers many questions', () => {
    const ledger = open()
    for (const id of ['t', 'u']) ledger.delegations.add(task(id, { watched: true }), NOW)
    const done = saying('done')
    const rows = [
      { ...result('t'), ...done },
      { ...result('u'), ...done },
      ...Array.from({ length: 3 }, () => entry({ peerId: PEER, ...done })),
    ]
    // One for each task.
    expect(rows.map((row) => ledger.of(OWN).storePage([row], undefined, NOW))).toEqual([1, 1, 0, 0, 1])
  })

  test('unless it is what another peer, or the same one long ago, wrote', () => {
    const ledger = open()
    ledger.delegations.add(task('t', { watched: true }), NOW)
    store(ledger, entry({ peerId: PEER }), NOW - DAY_MS)
    store(ledger, entry({ peerId: 'another' }))
    store(ledger, entry({ peerId: PEER, content: 'garbage' }))
    expect(ledger.of(OWN).storePage([result('t')], undefined, NOW)).toBe(1)
  })
})

test('a question answers no task, named or not, and leaves it open', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  expect(store(ledger, entry({ peerId: PEER, answersNothing: true }))).toBeNull()
  expect(store(ledger, named('t', { answersNothing: true }))).toBeNull()
  expect(ledger.delegations.find(OWN, 't')?.state).toBe('open')
  expect(store(ledger, entry({ peerId: PEER }))).toBe('t')
})

test('a task is not open if its result or answer was there before the task was recorded', () => {
  const ledger = open()
  ledger.of(OWN).storePage([result('early')], undefined, NOW)
  ledger.delegations.add(task('early', { watched: true }), NOW)
  expect(ledger.delegations.watched(OWN, NOW)).toEqual([])
  ledger.delegations.add(task('handed', { watched: true }), NOW)
  store(ledger, named('handed'))
  ledger.delegations.handedOver(OWN, 'handed')
  expect(ledger.delegations.find(OWN, 'handed')?.state).toBe('completed')
})

test('a wait made endless by a clock set back holds nothing up', () => {
  const ledger = open()
  ledger.delegations.add(task('t'), NOW)
  ledger.delegations.await(OWN, 't', NOW + DAY_MS)
  store(ledger, named('t'))
  expect(ledger.nextBatch([OWN], 10, 1_000, NOW)).toHaveLength(1)
  expect(ledger.delegations.anyAwaited([OWN], NOW)).toBe(false)
})

test('a task that was handed to its peer, or is a month old, is not looked up', () => {
  const ledger = open()
  for (const id of ['handed', 'old', 'young']) ledger.delegations.add(task(id, { watched: true }), NOW)
  ledger.delegations.handedOver(OWN, 'handed')
  expect(ledger.delegations.watched(OWN, NOW).map(({ id }) => id)).toEqual(['old', 'young'])
  expect(ledger.delegations.watched(OWN, NOW + 30 * DAY_MS)).toEqual([])
})

test('a task is noted whole or not at all, wherever the disk is full', () => {
  for (const full of [/INSERT INTO delegation/, /DELETE FROM delegation/]) {
    let armed = true
    const disk = diskWith((db) => ({
      query: (sql) => {
        if (armed && full.test(sql)) throw new Error('database or disk is full')
        return db.query(sql)
      },
    }))
    const ledger = openLedger(':memory:', { disk })
    expect(() => ledger.delegations.add(task('t'), NOW)).toThrow('full')
    armed = false
    expect(ledger.delegations.find(OWN, 't')).toBeUndefined()
  }
})
