/** What each statement of the ledger costs when a month of messages lies in it. */
import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Database, systemDisk } from '../../../base/sqlite.ts'
import { SESSION } from '../../../lab/simulation/seed.ts'
import { simulationFolder } from '../../../lab/simulation/storage.ts'
import { cancelTask } from '../../../member/ledger/canceled-tasks.ts'
import { Ledger } from '../../../member/ledger/ledger.ts'
import { migrate } from '../../../member/ledger/ledger-schema.ts'
import { MAX_EVENTS } from '../../../member/ledger/loop-guard.ts'
import { entries, entry } from '../../fixtures/entries.ts'
import { growingSteps, type Step } from '../../fixtures/query-plans.ts'
import { recover } from '../../fixtures/recover.ts'

const LEDGER = join(import.meta.dir, '../../../member/ledger')
/** What these do takes as long as the file is large, so it is done on a thread of its own. */
const ON_THREADS = [
  'ledger-budget.ts',
  'ledger-file.ts',
  'ledger-schema.ts',
  'linked-ledger.ts',
  'salvage.ts',
]
/** Enough lives for most statements. */
const SEEDS = 6
const W = '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11'
const NOW = Date.parse('2026-07-01T10:00:00Z')

const OWNERS = ['workspace_id', 'state', 'peer_id']
const SMALL = [
  // One row for each workspace.
  'cursor',
  // Reading of a feed pauses while this many wait.
  'message_received',
  'message_unsent',
  'message_held',
]

/** Each statement that was prepared, with the places that did: `file.ts:line`. */
const statements = new Map<string, Set<string>>()
let place: Database

function note(sql: string): void {
  const at = /member\/ledger\/([\w-]+\.ts:\d+)/.exec(new Error().stack ?? '')?.[1]
  if (at === undefined) return
  const places = statements.get(sql) ?? new Set()
  statements.set(sql, places.add(at))
}

/** Statements that few lives prepare, or none. */
function everythingElse(ledger: Ledger): void {
  const of = ledger.of(W)
  of.storePage(
    [entry({ peerId: 'p', names: ['f'] }), entry({ upload: 'f' }), entry({ upload: 'g' })],
    undefined,
    NOW,
  )
  of.releaseUploads(NOW + 3_600_000)
  ledger.uploads.markOwn(['f'], NOW)
  of.requests.request('t', 'r', NOW)
  of.requests.messages.add({ id: 'm', peerId: 'p', text: 'a message' }, NOW)
  of.requests.messages.settle('m', 'n')
  of.requests.messages.settle('n', null)
  of.handedOver('t')
  of.inquiries.add({ id: 'i', kind: 'task', title: 'a question', choices: [] }, NOW)
  of.inquiries.unended(NOW)
  of.receipts.due(5)
  of.receipts.markTaken([{ activityId: 'e1', state: 'seen' }])
  of.askedTool(NOW)
  of.inquiries.close('i')
  of.inquiries.skipNotice({ ids: ['i'], messageId: 'm' })
  of.storeAnswers('i', { entries: [], state: 'ended' }, NOW)
  cancelTask(place, W, null, { taskId: 't', ofAnyone: true, tell: () => '' })
  const work = ledger.workOf(W)
  const next = work.next()
  if (next !== undefined) {
    work.begin(next)
    work.crashes(next)
    work.settleCrashes(next, 0)
    work.interrupt(next)
    work.setAside(next, 'no answer')
    work.countSetAside()
    work.retry()
  }
  work.countSetAside()
  work.retry()
  ledger.delegations.list(W, 5)
  ledger.delegations.remove(W, 'p0')
  ledger.delegations.nextAnswer(W, 't')
  ledger.evidence.unconfirmed([W], 0, NOW)
  ledger.evidence.noteAnswered(1, NOW)
  ledger.evidence.noteRead(NOW)
  ledger.inbox.hasWritten(W, 'p')
  ledger.inbox.list({ workspaceIds: [W], states: ['sent'], since: NOW, limit: 5 })
  ledger.inbox.list({ workspaceIds: [W], states: ['sent'], peerId: 'p', limit: 5 })
  ledger.inbox.list({ workspaceIds: [W], states: ['sent'], except: ['a'], oldestFirst: true, limit: 5 })
  const after = ledger.find('e1', [W])
  ledger.inbox.list({ workspaceIds: [W], states: ['sent'], after, limit: 5 })
  ledger.inbox.list({ workspaceIds: [W], states: ['sent'], after, oldestFirst: true, limit: 5 })
  ledger.inbox.counts(W)
  ledger.inbox.skippedFor(W, 'a reason')
  ledger.permissions.close('expired')
  of.storePage(
    entries(MAX_EVENTS + 2, () => ({ peerId: 'fast' })),
    undefined,
    NOW,
  )
  for (const sender of ledger.throttled.senders([W])) {
    ledger.throttled.count(sender)
    ledger.throttled.markSending(ledger.throttled.of(sender, 1))
  }
  const [message] = ledger.nextBatch([W], 1, 1, NOW)
  if (message === undefined) throw new Error('nothing was stored')
  const { permissions } = ledger
  permissions.add({ workspaceId: W, requestId: 'abcde', tool: 'Bash' }, NOW)
  permissions.open(message, NOW)
  permissions.decide(message, 'abcde', 'allowed', NOW)
  permissions.takeVerdicts()
  permissions.waiting(NOW)
  permissions.giveUp(W, 'abcde')
  ledger.unread([W], NOW)
  ledger.takeBack([message])
  ledger.delegations.take(message)
  ledger.delegations.told(message)
  ledger.delegations.release(message)
  ledger.replaceContent(message, '{}')
  ledger.markSkipped(message, 'a reason')
  const task = { id: 'p1', workspaceId: W, peerId: 'p', task: 'do it', watched: true }
  ledger.delegations.add(task, NOW)
  const words = JSON.stringify({ text: 'this is the answer' })
  of.storePage([entry({ peerId: 'p', content: words })], undefined, NOW)
  of.storePage([entry({ task: { id: 'p1', by: 'platform', failed: false }, content: words })], undefined, NOW)
  ledger.markSent(ledger.markSending(ledger.nextBatch([W], 5, 1_000_000, NOW)), NOW)
  recover(of, NOW)
  recover(new Ledger(place, 'another session').of(W), NOW)
}

beforeAll(() => {
  const { open } = systemDisk
  const spy = spyOn(systemDisk, 'open').mockImplementation((path, options) => {
    const db = open(path, options)
    const query: Database['query'] = (sql) => {
      note(sql)
      return db.query(sql)
    }
    return {
      query,
      run: (sql) => db.run(sql),
      transaction: (work) => db.transaction(work),
      checkpoint: () => db.checkpoint(),
      leaveLog: () => db.leaveLog(),
      close: () => db.close(),
    }
  })
  const folder = simulationFolder()
  try {
    for (let seed = 1; seed <= SEEDS; seed++) SESSION.runSeed(seed, folder)
    place = systemDisk.open(':memory:')
    migrate(place)
    everythingElse(new Ledger(place, 'session'))
  } finally {
    spy.mockRestore()
    rmSync(folder, { recursive: true, force: true })
  }
}, 300_000)

afterAll(() => place.close())

test('no statement of the ledger reads, sorts or scans what grows with the history', () => {
  const explain = (sql: string) => place.query<Step>(`EXPLAIN QUERY PLAN ${sql}`).all()
  const growing = [...statements]
    .filter(([, places]) => ![...places].every((at) => ON_THREADS.some((file) => at.startsWith(file))))
    .filter(([sql]) => !sql.startsWith('PRAGMA'))
    .flatMap(([sql, places]) =>
      growingSteps(explain(sql), sql, OWNERS, SMALL).map(
        (step) => `${[...places].join(', ')}: ${step}\n${sql}`,
      ),
    )
  expect(growing).toEqual([])
})

test('every statement of the ledger is looked at: one that this test never prepares needs a call above', () => {
  const looked = new Set([...statements.values()].flatMap((places) => [...places]))
  const missed = readdirSync(LEDGER)
    .filter((file) => !ON_THREADS.includes(file))
    .flatMap((file) =>
      readFileSync(join(LEDGER, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => (/\.query[(<]/.test(line) ? [`${file}:${index + 1}`] : [])),
    )
    .filter((at) => !looked.has(at))
  expect(missed).toEqual([])
})
