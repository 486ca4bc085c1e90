/** What each statement of the platform costs when a long history lies in its file. */
import type { Database } from 'bun:sqlite'
import { afterAll, beforeAll, expect, spyOn, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { random } from '../../lab/driver/marked-secrets.ts'
import { Events } from '../../platform/base/events.ts'
import { Timestamps } from '../../platform/base/timestamp.ts'
import { Faults } from '../../platform/contract/faults.ts'
import { CONTRACT_VERSIONS, type ContractRules } from '../../platform/contract/versions.ts'
import {
  ActivityLog,
  type ActivityRow,
  newestTimestamp,
  raiseSequence,
} from '../../platform/store/activity.ts'
import {
  findCursor,
  parseActivityQuery,
  parseSource,
  readPage,
  readRow,
} from '../../platform/store/activity-page.ts'
import { MEMORY, openDatabase } from '../../platform/store/database.ts'
import { Delegations } from '../../platform/store/delegations.ts'
import { answerTo, canceledAt, findTask } from '../../platform/store/given-tasks.ts'
import { Memories } from '../../platform/store/memories.ts'
import { A2aQueue } from '../../platform/store/queue.ts'
import { Receipts } from '../../platform/store/receipts.ts'
import { Requests } from '../../platform/store/requests.ts'
import { parseTeamQuery, readTeamPage } from '../../platform/store/team-page.ts'
import { Tokens } from '../../platform/store/tokens.ts'
import { UploadParts } from '../../platform/store/upload-parts.ts'
import { Uploads } from '../../platform/store/uploads.ts'
import { Workspaces } from '../../platform/store/workspaces.ts'
import { growingSteps, type Step } from '../fixtures/query-plans.ts'
import { ManualClock } from './manual-clock.ts'

const STORE = join(import.meta.dir, '../../platform/store')
/** Opens the file, before the platform listens. */
const AT_START = 'database.ts'

const OWNERS = [
  'workspace_id',
  'activity_type',
  'source_id',
  'target_id',
  'status',
  'scope',
  'kind',
  'requester_type',
  'requester_id',
  'recipient_type',
  'recipient_id',
]
const SMALL = [
  // The team, under the names that statements give it: whoever lists it reads all of it.
  'workspaces',
  'SCAN b',
  'SEARCH w',
  'sqlite_sequence',
  // One row for each workspace.
  'SEARCH s',
  // At most fifty tokens of a workspace are live.
  'tokens_live',
  // What waits for an agent, or is on its way to it.
  'a2a_queue_open',
  'a2a_queue_waiting \\(workspace_id=\\? AND status=\\?',
  'delegations_open',
  // Only what was stored for an agent before it chose to take pushes.
  'activity_unanswered',
]

/** Takes along everything that belongs to the workspace. */
const REMOVAL = 'DELETE FROM workspaces'

let database: Database
/** Each statement that was prepared, with the places that did: `file.ts:line`. */
const statements = new Map<string, Set<string>>()

function note(sql: string): void {
  const at = /platform\/store\/([\w-]+\.ts:\d+)/.exec(new Error().stack ?? '')?.[1]
  if (at === undefined) return
  const places = statements.get(sql) ?? new Set()
  statements.set(sql, places.add(at))
}

/** Reads the log in every way that a request can ask for. */
function readAll(id: string, rules: ContractRules, timestamps: Timestamps): void {
  const forms = [
    '',
    'type=a2a_receive',
    'peer_id=11111111-1111-4111-8111-111111111111',
    'since_secs=60',
    'before_ts=2026-07-01T10:00:00Z',
  ]
  const sources = ['', 'canvas', 'agent'].map((source) => parseSource(new URLSearchParams({ source })))
  const cursors = [undefined, { created_at: '2026-07-01', seq: 1 }]
  for (const form of forms) {
    const query = parseActivityQuery(new URLSearchParams(form), rules, timestamps)
    for (const source of sources) {
      for (const cursor of cursors) readPage(database, id, { ...query, source }, cursor, rules)
    }
  }
}

function everyStatement(): void {
  const clock = new ManualClock()
  const faults = new Faults('v2')
  const timestamps = new Timestamps(clock, newestTimestamp(database))
  raiseSequence(database, clock.now())
  const context = { database, clock, timestamps, random, faults, events: new Events(clock, () => 1) }
  const activity = new ActivityLog(context)
  const workspaces = new Workspaces(context)
  const draft = { name: 'A', runtime: 'external', status: 'online', deliveryMode: 'poll' } as const
  const [one, two] = [workspaces.create(draft), workspaces.create(draft)]
  workspaces.update(one.id, { status: 'online' })
  workspaces.rename(one.id, 'B', null)
  workspaces.list()
  workspaces.children(null)
  workspaces.bringToPresent()
  workspaces.silentSince(timestamps.now())
  workspaces.expired()
  workspaces.provisioning()
  workspaces.countByStatus()
  workspaces.countUncreated(3)
  workspaces.subtree(one.id)
  workspaces.mayTalk(one.id, two.id)
  const tokens = new Tokens(context)
  tokens.ownerOf(tokens.mint(one.id, 'api'))
  tokens.countLive(one.id)
  tokens.countLive(one.id, 'api')
  tokens.list(one.id, 1, 0)
  tokens.revoke(one.id, 'x')
  tokens.revokeAll(one.id)
  activity.append({ workspaceId: one.id, activityType: 'a2a_receive' })
  activity.answerTo(one.id, two.id, 'm')
  activity.acknowledge(one.id, 1)
  activity.unanswered(one.id, 5)
  activity.takeUnanswered(one.id)
  activity.delegations(one.id, 5)
  clock.advance(8 * 24 * 3_600)
  activity.prune()
  expect(() => findCursor(database, one.id, one.id)).toThrow('410')
  activity.append({ workspaceId: one.id, activityType: 'a2a_receive', requestBody: 'x'.repeat(2_000_000) })
  readRow(database, 1)
  for (const version of CONTRACT_VERSIONS) readAll(one.id, new Faults(version).rules(), timestamps)
  for (const form of ['', 'after=1']) readTeamPage(database, parseTeamQuery(new URLSearchParams(form)))
  const task = findTask(database, one.id, undefined, 'm') ?? {
    id: 'm',
    target_id: one.id,
    source_id: two.id,
    context_id: null,
    created_at: '',
    is_read: 0,
  }
  canceledAt(database, task)
  answerTo(database, task)
  const delegations = new Delegations(context, activity)
  faults.change({ delegation_completes: 'answer' })
  delegations.findByKey(one.id, 'k')
  delegations.add({
    id: 'd',
    sourceId: one.id,
    targetId: two.id,
    task: 't',
    idempotencyKey: undefined,
    status: 'queued',
  })
  delegations.advance(one.id, 'd', 'in_progress')
  delegations.noteAnswer(two.id, one.id, {
    envelope: {},
    method: '',
    messageId: undefined,
    text: '',
    expiresInSeconds: undefined,
  })
  delegations.finish(one.id, 'd', two.id, { text: '' })
  delegations.list(one.id)
  const queue = new A2aQueue(context)
  const { id } = queue.enqueue({
    workspaceId: one.id,
    callerId: two.id,
    messageId: 'm',
    method: '',
    body: '',
    expiresInSeconds: undefined,
  })
  queue.find(one.id, 'm')
  queue.waiting()
  queue.take(one.id, 1)
  queue.fail(id, '')
  queue.complete(id, '')
  queue.recover()
  const memories = new Memories(context)
  memories.add({ workspace_id: one.id, content: 'c', scope: 'LOCAL', namespace: 'n' })
  const reader = { id: one.id, parentId: null }
  memories.readable(reader)
  for (const scope of [undefined, 'TEAM']) {
    for (const text of [undefined, 'c']) memories.search(reader, { scope, text, namespace: 'n', limit: 5 })
  }
  memories.delete(one.id, 'x')
  const requests = new Requests(context)
  const party = { type: 'agent', id: one.id } as const
  const asked = requests.add({
    kind: 'task',
    requester: party,
    recipient: party,
    orgId: undefined,
    title: 't',
    detail: '',
    choices: [],
    priority: null,
  })
  requests.find(asked)
  requests.countOpen(one.id, 1)
  requests.pending('task', undefined)
  for (const status of [undefined, 'done']) {
    requests.raisedBy(one.id, status)
    requests.addressedTo(one.id, status)
  }
  requests.addMessage(asked, party, 'b', true)
  requests.messages(asked)
  requests.respond(asked, 'done', party, null)
  requests.cancel(asked)
  requests.prune()
  const receipts = new Receipts(context)
  receipts.take(one.id, [{ activity_id: 'x', state: 'seen' }])
  receipts.ofSent(one.id, two.id, 'm')
  const message = database.query<ActivityRow, []>('SELECT * FROM activity LIMIT 1').get()
  if (message !== null) receipts.of({ ...message, method: 'message/send', response_body: null })
  const uploads = new Uploads(context)
  uploads.add(one.id, { id: 'f', name: '', mimeType: '', size: 0 }, timestamps.now())
  uploads.kept(one.id, 3)
  uploads.wholeContent('f')
  uploads.find(one.id, 'f')
  uploads.mark('f', 'acked_at')
  uploads.prune()
  const parts = new UploadParts(context)
  parts.write('f', 0, new Uint8Array())
  parts.read('f', 0)
  parts.prune('', () => false)
  parts.deleteSome('f')
  workspaces.delete(one.id)
}

beforeAll(() => {
  database = openDatabase(MEMORY)
  const query = database.query.bind(database)
  const noting = (sql: string): unknown => {
    note(sql)
    return query(sql)
  }
  const spy = spyOn(database, 'query').mockImplementation(noting as Database['query'])
  everyStatement()
  spy.mockRestore()
})

afterAll(() => database.close())

test('no statement of the platform reads, sorts or scans what grows with the history', () => {
  const explain = (sql: string) => database.query<Step, []>(`EXPLAIN QUERY PLAN ${sql}`).all()
  const growing = [...statements]
    .filter(([sql]) => !sql.startsWith(REMOVAL))
    .flatMap(([sql, places]) =>
      growingSteps(explain(sql), sql, OWNERS, SMALL).map(
        (step) => `${[...places].join(', ')}: ${step}\n${sql}`,
      ),
    )
  expect(growing).toEqual([])
})

test('every statement of the platform is looked at: one that this test never prepares needs a call above', () => {
  const looked = new Set([...statements.values()].flatMap((places) => [...places]))
  const missed = readdirSync(STORE)
    .filter((file) => file !== AT_START)
    .flatMap((file) =>
      readFileSync(join(STORE, file), 'utf8')
        .split('\n')
        .flatMap((line, index) => (/\.query[(<]/.test(line) ? [`${file}:${index + 1}`] : [])),
    )
    .filter((at) => !looked.has(at))
  expect(missed).toEqual([])
})
