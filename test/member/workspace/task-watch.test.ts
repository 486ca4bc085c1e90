import { expect, test } from 'bun:test'
import { openLedger } from '../../../lab/driver/ledger.ts'
import { SimClock } from '../../../lab/simulation/sim-clock.ts'
import { jsonResponse, textResponse } from '../../../lab/simulation/sim-response.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { NOT_ALLOWED } from '../../../member/workspace/sender-gate.ts'
import { TaskWatch } from '../../../member/workspace/task-watch.ts'
import { PEER_ID } from '../../fixtures/lying-platform.ts'
import { makeWorkspace, type Network, WORKSPACE } from '../../fixtures/workspace.ts'

const isList = ({ pathname }: URL): boolean => pathname.endsWith('/delegations')
const listing = (...rows: readonly object[]): Response => jsonResponse(200, rows)
const ended = (id: string, text: string) => ({
  delegation_id: id,
  source_id: WORKSPACE,
  status: 'completed',
  response_preview: text,
})

/** A watch over the tasks of these ids, which this session has just given. */
async function startWatch(
  answer: Network,
  ids: readonly string[],
  config: Parameters<typeof makeWorkspace>[0]['config'] = {},
) {
  const clock = new SimClock()
  const ledger = openLedger()
  const give = (id: string): void =>
    ledger.delegations.add(
      { id, workspaceId: WORKSPACE, peerId: PEER_ID, task: 'x', watched: true },
      clock.now(),
    )
  ids.forEach(give)
  const stop = new AbortController()
  const asked: number[] = []
  const lines: string[] = []
  const workspace = makeWorkspace({
    clock,
    ledger,
    config,
    network: (url, init) => {
      asked.push(clock.now())
      return answer(url, init)
    },
    log: (line) => lines.push(line),
    signal: stop.signal,
  })
  let stored = 0
  workspace.events.on('stored', () => {
    stored++
  })
  const tasks = new TaskWatch(workspace)
  const running = tasks.run()
  await clock.advance(0)
  return {
    clock,
    ledger,
    tasks,
    asked,
    lines,
    give,
    stored: () => stored,
    results: () =>
      ledger.nextBatch([WORKSPACE], 200, 1_000_000, clock.now()).map(({ content }) => readInbound(content)),
    async [Symbol.asyncDispose]() {
      stop.abort()
      await running
      ledger.close()
    },
  }
}

test('without an open task the platform is not asked', async () => {
  await using watch = await startWatch(() => listing(), [])
  await watch.clock.advance(3_600_000)
  expect([watch.asked, watch.lines]).toEqual([[], []])
})

test('a result is stored once and announced, and its task is then closed', async () => {
  await using watch = await startWatch(() => listing(ended('t', 'done')), ['t'])
  await watch.clock.advance(600_000)
  expect(watch.results()).toEqual([
    expect.objectContaining({ kind: 'delegation_result', text: 'done', delegationId: 't' }),
  ])
  expect([watch.stored(), watch.asked.length]).toEqual([1, 1])
})

test('the result of a peer that may not write here is counted and not shown, and its task is then closed', async () => {
  const config = { allowedSenders: ['canvas'] }
  await using watch = await startWatch(() => listing(ended('t', 'done')), ['t'], config)
  await watch.clock.advance(600_000)
  expect(watch.results()).toEqual([])
  expect(watch.ledger.inbox.skippedFor(WORKSPACE, NOT_ALLOWED)).toBe(1)
  expect([watch.stored(), watch.asked.length]).toEqual([0, 1])
})

test('a recent task is looked up every few seconds, an old one about once a minute', async () => {
  await using watch = await startWatch(() => listing({ ...ended('t', ''), status: 'dispatched' }), ['t'])
  const askedIn = async (ms: number): Promise<number> => {
    const before = watch.asked.length
    await watch.clock.advance(ms)
    return watch.asked.length - before
  }
  // The pause of a second after each question is added to the interval.
  expect(await askedIn(60_000)).toBeWithin(8, 12)
  await watch.clock.advance(20 * 60_000)
  expect(await askedIn(10 * 60_000)).toBeWithin(8, 12)
})

test('a task that was given days ago is asked about when a session begins, and then once an hour', async () => {
  let rows: readonly object[] = []
  await using watch = await startWatch(() => listing(...rows), [])
  await watch.clock.advance(3 * 24 * 60 * 60_000)
  const given = watch.clock.now() - 3 * 24 * 60 * 60_000
  watch.ledger.delegations.add(
    { id: 't', workspaceId: WORKSPACE, peerId: PEER_ID, task: 'x', watched: true },
    given,
  )
  await watch.clock.advance(10_000)
  expect(watch.asked).toHaveLength(1)
  rows = [ended('t', 'done on Friday')]
  await watch.clock.advance(60 * 60_000 + 10_000)
  expect(watch.results()).toMatchObject([{ text: 'done on Friday' }])
  await watch.clock.advance(6 * 60 * 60_000)
  expect(watch.asked).toHaveLength(2)
})

test('a task given while the watch waits is noticed within seconds, and at once after a word', async () => {
  await using watch = await startWatch(() => listing(), [])
  watch.give('told')
  watch.tasks.notify()
  await watch.clock.advance(0)
  expect(watch.asked).toHaveLength(1)
  await using quiet = await startWatch(() => listing(), [])
  quiet.give('untold')
  await quiet.clock.advance(6_000)
  expect(quiet.asked.length).toBeGreaterThan(0)
})

test('a result that names another workspace as its source is dropped, and logged once', async () => {
  await using watch = await startWatch(() => listing({ ...ended('t', 'obey'), source_id: PEER_ID }), ['t'])
  await watch.clock.advance(60_000)
  expect(watch.lines).toEqual([expect.stringContaining('possibly an injection')])
  expect(watch.results()).toEqual([])
})

test('a task that the platform no longer lists is looked up in its activity', async () => {
  const listed = Array.from({ length: 50 }, (_, n) => ({ ...ended(`new-${n}`, ''), status: 'dispatched' }))
  const activity = [
    { source_id: WORKSPACE, response_body: { delegation_id: 'old', text: 'done long ago' } },
    { source_id: PEER_ID, response_body: { delegation_id: 'older', text: 'a lie' } },
  ]
  await using watch = await startWatch(
    (url) => listing(...(isList(url) ? listed : activity)),
    ['old', 'older'],
  )
  expect(watch.results()).toEqual([
    expect.objectContaining({ kind: 'delegation_result', text: 'done long ago', delegationId: 'old' }),
  ])
  expect(watch.ledger.delegations.find(WORKSPACE, 'older')?.state).toBe('open')
})

test('any number of tasks that are no longer listed are looked up, and a failure of that hides no listed result', async () => {
  const ids = Array.from({ length: 12 }, (_, n) => `old-${n}`)
  const listed = Array.from({ length: 50 }, (_, n) => ({ ...ended(`new-${n}`, ''), status: 'dispatched' }))
  let works = false
  const network: Network = (url) => {
    if (isList(url)) return listing(...listed, ended('listed', 'a result in the list'))
    if (!works) return textResponse(500, 'no')
    return listing({ source_id: WORKSPACE, response_body: { delegation_id: 'old-11', text: 'the last' } })
  }
  await using watch = await startWatch(network, [...ids, 'listed'])
  const texts = () => watch.results().map((result) => result?.text)
  await watch.clock.advance(60_000)
  expect(texts()).toEqual(['a result in the list'])
  works = true
  await watch.clock.advance(60_000)
  expect(texts()).toEqual(['a result in the list', 'the last'])
})

test('a platform that asks to be asked again after no time is not asked without a pause', async () => {
  await using watch = await startWatch(() => textResponse(429, '', { 'Retry-After': '0' }), ['t'])
  await watch.clock.advance(60_000)
  // A call is two attempts; a second at least lies between two calls.
  const calls = watch.asked.filter((_, index) => index % 2 === 0)
  const pauses = calls.slice(1).map((at, index) => at - (calls[index] ?? 0))
  expect(watch.asked.length).toBeGreaterThan(2)
  expect(Math.min(...pauses)).toBeGreaterThanOrEqual(1_000)
  expect(watch.lines).toHaveLength(1)
})
