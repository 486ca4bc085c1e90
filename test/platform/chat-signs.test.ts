/** What the web chat says about questions, and about how far a message got. */
import { expect, test } from 'bun:test'
import { readRows } from '../../platform/chat/entries.js'
import { receiptsFor } from '../../platform/chat/receipts.js'
import { answersTo, requestOutcome } from '../../platform/chat/requests.js'

const nameOf = (id: string) => id
const AT = '2026-07-01T10:00:00.000Z'
let seq = 0

function said(from: string | null, receipt: object, metadata: object = {}, messageId = 'm') {
  seq++
  const message = { messageId, parts: [{ kind: 'text', text: 'x' }], metadata }
  const params = { message, metadata: from === null ? { source: 'canvas_user' } : {} }
  return {
    id: `r${seq}`,
    seq,
    activity_type: 'a2a_receive',
    workspace_id: 'a',
    source_id: from,
    target_id: 'a',
    method: 'message/send',
    status: 'ok',
    created_at: AT,
    request_body: { params },
    receipt,
  }
}

function texts(rows: readonly object[], member: object = { status: 'online', active_tasks: 0 }) {
  return [...receiptsFor(readRows(rows, nameOf).entries, () => member, Date.parse(AT)).values()]
}

test('a message says how far it got until it is answered, and the last one of the person says that, too', () => {
  const seen = { state: 'seen', at: AT }
  expect(texts([said(null, { state: 'stored', at: AT })])).toEqual(['Stored, not fetched yet'])
  expect(texts([said(null, { state: 'stored', at: AT })], { status: 'offline' })).toEqual([
    'Stored; its agent is away',
  ])
  expect(texts([said(null, { state: 'fetched' }), said(null, { state: 'written' })])).toEqual([
    'Fetched by its agent',
    'Written to its session',
  ])
  expect(texts([said(null, seen)])[0]).toStartWith('Seen by the model')
  expect(texts([said(null, seen)], { status: 'online', active_tasks: 1 })[0]).toEndWith(', being worked on')
  const answered = { state: 'answered' }
  expect(texts([said(null, answered), said(null, answered)])).toEqual(['Answered'])
  expect(texts([said('b', answered)])).toEqual([])
  expect(texts([said('b', seen, { delegation_id: 't' })])[0]).toStartWith('Seen by the model')
})

test('the word of the platform to an agent about its question is not shown again, and a notice names its question', () => {
  const word = said(null, { state: 'stored' }, {}, 'request-responded:1')
  const ofPlatform = {
    ...word,
    request_body: { params: { ...word.request_body.params, metadata: { source: 'platform' } } },
  }
  expect(readRows([ofPlatform], nameOf).entries).toEqual([])
  // Anybody may choose such an id.
  expect(readRows([word], nameOf).entries).toHaveLength(1)
  const notice = {
    ...word,
    method: 'notify',
    target_id: null,
    response_body: { result: 'q', request_id: 'q1' },
  }
  expect(readRows([notice], nameOf).entries[0]?.requestId).toBe('q1')
})

test('a question offers its choices or a plain consent, and a rejection; what became of it is said in its words', () => {
  const labels = (request: object) => answersTo({ kind: 'task', ...request }).map(({ label }) => label)
  expect(labels({ choices: ['red', 'green'] })).toEqual(['red', 'green', 'Reject'])
  expect(labels({})).toEqual(['Done', 'Reject'])
  expect(labels({ kind: 'approval' })).toEqual(['Approve', 'Reject'])
  expect(answersTo({ kind: 'approval', choices: ['red'] })[0]).toEqual({
    label: 'red',
    answer: { action: 'approved', choice: 'red' },
  })
  expect(requestOutcome({ status: 'done', choice: 'red' })).toBe('Answered: red')
  expect(requestOutcome({ status: 'cancelled' })).toBe('Withdrawn')
  expect(requestOutcome(undefined)).toBe('Closed')
})
