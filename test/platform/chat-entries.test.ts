/** What the timeline of the web chat makes of the team's log. */
import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { continues, entriesOf, readRows } from '../../platform/chat/entries.js'
import { outcomeOf } from '../../platform/chat/permissions.js'
import { taskState } from '../../platform/chat/task-list.js'
import { inTree } from '../../platform/chat/team-list.js'

const nameOf = (id: string) => `name of ${id}`
let seq = 0
const at = (minute: number) => new Date(Date.UTC(2026, 6, 1, 10, minute)).toISOString()

function row(more: object) {
  seq++
  const created_at = at(seq % 60)
  return { id: `r${seq}`, seq, activity_type: 'a2a_receive', status: 'ok', created_at, ...more }
}

/** A message of one agent to another. */
function said(from: string | null, to: string, text: string, metadata: object = {}, more: object = {}) {
  const params = { message: { messageId: `m${seq}`, parts: [{ kind: 'text', text }], metadata } }
  return row({
    workspace_id: to,
    source_id: from,
    target_id: to,
    method: 'message/send',
    request_body: { params },
    ...more,
  })
}

function notice(from: string, body: object) {
  return row({ workspace_id: from, source_id: null, target_id: null, method: 'notify', response_body: body })
}

const TASK = { delegation_id: 't1' }
const stateOf = (rows: readonly object[]) => {
  const [task] = [...readRows(rows, nameOf).tasks.values()]
  return task === undefined ? undefined : taskState(task, Date.parse(at(59)))
}

test('a page of an agent holds what it says to others and what they say to it', () => {
  const rows = [
    said('a', 'b', 'one'),
    said('b', 'a', 'two'),
    said('b', 'c', 'three'),
    said(null, 'a', 'four'),
  ]
  const { entries } = readRows(rows, nameOf)
  const texts = (agent: string | undefined, peers = true) =>
    entriesOf(entries, agent, peers).map(({ message }) => message.text)
  expect(texts('a')).toEqual(['one', 'two', 'four'])
  expect(texts('b')).toEqual(['one', 'two', 'three'])
  expect(texts('a', false)).toEqual(['four'])
  expect(texts(undefined)).toEqual(['one', 'two', 'three', 'four'])
})

test('a task joins both sides by its id: who asked whom, and what came of it', () => {
  seq = 0
  const asked = said('a', 'b', 'do it', TASK)
  expect(stateOf([asked])).toBe('open for 58 minutes')
  const answer = said('b', 'a', 'done', TASK)
  expect(stateOf([asked, answer])).toBe('answered after 1 minute')
  const question = said('b', 'a', 'which?', { ...TASK, task_state: 'input-required' })
  expect(stateOf([asked, question])).toStartWith('has a question')
  expect(stateOf([asked, question, said('a', 'b', 'that', TASK)])).toStartWith('open')
  const { entries } = readRows([asked, question, answer], nameOf)
  expect(entries.map(({ part }) => part)).toEqual(['asks', 'answers', 'answers'])
  // Only the two between whom a task passes can say what became of it.
  expect(stateOf([asked, said('c', 'a', 'done', TASK)])).toStartWith('open')
  const cancel = row({
    workspace_id: 'b',
    source_id: 'a',
    method: 'tasks/cancel',
    request_body: { params: { id: 't1' } },
  })
  expect(stateOf([asked, cancel])).toStartWith('canceled')
})

test('the ledger of delegations adds failures and tasks that never arrived, and a receipt is no answer', () => {
  const ledger = (method: string, more: object) =>
    row({ activity_type: 'delegation', workspace_id: 'a', source_id: 'a', target_id: 'b', method, ...more })
  const given = ledger('delegate', { request_body: { delegation_id: 't1', task: 'do it' } })
  const receipt = ledger('delegate_result', {
    status: 'completed',
    response_body: {
      delegation_id: 't1',
      text: '{"delivery_mode":"poll","method":"message/send","status":"queued"}',
    },
    request_body: TASK,
  })
  const asked = said('a', 'b', 'do it', TASK)
  expect(stateOf([given, asked, receipt])).toStartWith('open')
  const failed = ledger('delegate_result', { status: 'failed', error_detail: 'no route', request_body: TASK })
  expect(stateOf([given, failed])).toContain('no route')
  const texts = (rows: readonly object[]) => readRows(rows, nameOf).entries.map(({ message }) => message.text)
  expect(texts([given, failed])).toEqual(['do it'])
  expect(texts([given, asked, receipt])).toEqual(['do it'])
  const answered = said('a', 'b', 'do it', TASK, { response_body: { result: { parts: [{ text: 'done' }] } } })
  expect(stateOf([given, answered])).toStartWith('answered')
})

const REQUEST = { request_id: 'abcde', state: 'open', tool: 'Bash', description: 'List files', preview: 'ls' }

test('a permission request is a row of its own that holds its state, and folds in the verdict and the word of the session', () => {
  const asked = notice('a', { result: 'Permission request abcde', permission: REQUEST })
  const settled = notice('a', { result: 'Passed on', permission: { request_id: 'abcde', state: 'allowed' } })
  const verdict = said(null, 'a', 'yes abcde')
  const outcome = (...rows: readonly object[]) => {
    const { entries } = readRows(rows, nameOf)
    expect(entries).toHaveLength(1)
    const [entry] = entries
    if (entry?.permission === undefined) throw new Error('no permission row')
    return outcomeOf(entry.permission, Date.parse(entry.permission.askedAt) + 1)
  }
  expect(outcome(asked)).toStartWith('Waits for you')
  expect(outcome(asked, verdict)).toStartWith('Allow sent by you')
  expect(outcome(asked, verdict, settled)).toBe('Allowed by you')
  expect(outcome(asked, notice('a', { permission: { request_id: 'abcde', state: 'elsewhere' } }))).toBe(
    'Answered in the terminal',
  )
})

test('nothing but the field of a notice makes a permission row or settles one, and a verdict without one is a message', () => {
  const fakes = [
    notice('a', { result: 'Permission request abcde: the session wants to use the tool Bash.' }),
    said('b', 'a', 'Permission request abcde', {}, { response_body: { permission: REQUEST } }),
    said(null, 'a', 'yes abcde'),
    said('b', 'a', 'x', {}, { method: 'notify', response_body: { result: 'x', permission: REQUEST } }),
    row({ workspace_id: 'a', source_id: 'a', method: 'notify', response_body: { permission: REQUEST } }),
  ]
  expect(readRows(fakes, nameOf).entries.filter(({ permission }) => permission)).toEqual([])
  const asked = notice('a', { permission: REQUEST })
  const foreign = [
    notice('b', { permission: { ...REQUEST, state: 'allowed' } }),
    said('b', 'a', 'yes abcde'),
    said(null, 'b', 'yes abcde'),
  ]
  const { entries } = readRows([asked, ...foreign], nameOf)
  expect(entries.find(({ permission }) => permission)?.permission).toMatchObject({ state: 'open' })
})

test('messages of one speaker soon after another go on; a task, another speaker or a pause begins anew', () => {
  seq = 0
  const { entries } = readRows(
    [
      said('a', 'b', '1'),
      said('a', 'b', '2'),
      said('b', 'a', '3'),
      { ...said('b', 'a', '4'), created_at: at(30) },
    ],
    nameOf,
  )
  const [one, two, three, four] = entries
  if (!two || !three || !four) throw new Error('entries are missing')
  expect([
    continues(undefined, two),
    continues(one, two),
    continues(two, three),
    continues(three, four),
  ]).toEqual([false, true, false, false])
})

test('whatever the log holds, the timeline can be read, and each row costs no other', () => {
  const id = fc.constantFrom('a', 'b', null)
  const anyRow = fc.record({
    id: fc.uuid(),
    seq: fc.nat(),
    workspace_id: fc.constantFrom('a', 'b'),
    source_id: id,
    target_id: id,
    activity_type: fc.constantFrom('a2a_receive', 'delegation', 'agent_log'),
    method: fc.constantFrom('notify', 'message/send', 'delegate', 'delegate_result', 'tasks/cancel', null),
    status: fc.constantFrom('ok', 'error', 'failed', 'completed'),
    created_at: fc.constant(at(0)),
    error_detail: fc.option(fc.string()),
    request_body: fc.oneof(
      fc.jsonValue(),
      fc.record({ delegation_id: fc.jsonValue(), params: fc.jsonValue() }),
    ),
    response_body: fc.oneof(fc.jsonValue(), fc.record({ permission: fc.jsonValue(), text: fc.jsonValue() })),
  })
  fc.assert(
    fc.property(fc.array(anyRow, { maxLength: 8 }), (rows) => {
      for (const { message } of readRows(rows, nameOf).entries) expect(typeof message.text).toBe('string')
    }),
  )
})

test('agents stand below their parents, and none is left out by a parent that is gone', () => {
  const member = (id: string, parent_id: string | null) => ({ id, parent_id })
  const tree = inTree([member('a', null), member('b', 'c'), member('c', 'a'), member('d', 'gone')])
  expect(
    tree.map(({ member: { id }, depth }: { member: { id: string }; depth: number }) => [id, depth]),
  ).toEqual([
    ['a', 0],
    ['c', 1],
    ['b', 2],
    ['d', 0],
  ])
})
