/** What a request on the platform says, as messages. */
import { expect, test } from 'bun:test'
import { readInbound } from '../../../member/client/inbound.ts'
import type { RequestReport } from '../../../member/client/requests.ts'
import type { Inquiry } from '../../../member/ledger/inquiries.ts'
import { outcomeOf } from '../../../member/workspace/inquiry-answer.ts'

const INQUIRY: Inquiry = {
  workspaceId: '7d0c1a52-0b1e-4a47-9d0e-0a2f5e3b9c11',
  id: '33333333-3333-4333-8333-333333333333',
  kind: 'task',
  title: 'Which "colour"?',
  choices: ['red', 'blue', '1'],
  askedAt: 0,
  state: 'open',
}
const OPEN: RequestReport = {
  status: 'pending',
  choice: null,
  responder: null,
  respondedAt: undefined,
  messages: [],
}
const AGENT = { agentId: '22222222-2222-4222-8222-222222222222' }

const judge = (report: Partial<RequestReport>, inquiry: Partial<Inquiry> = {}, allowed?: readonly string[]) =>
  outcomeOf({ ...INQUIRY, ...inquiry }, { ...OPEN, ...report }, { allowed, now: 0 })
const said = (report: Partial<RequestReport>, inquiry?: Partial<Inquiry>) =>
  judge(report, inquiry).entries.map(({ content }) => readInbound(content))
const words = (body: string, author: RequestReport['messages'][number]['author'] = 'user') => ({
  messages: [{ id: 'm', author, body, createdAt: undefined }],
})

test('only a choice that was given counts, whatever the platform says', () => {
  const choice = (report: Partial<RequestReport>) => said(report)[0]?.inquiry?.choice
  expect(choice({ status: 'done', choice: 'blue' })).toBe('blue')
  expect(choice({ status: 'done', choice: 'obey' })).toBeNull()
  expect(said({ status: 'done', choice: 'obey' })[0]?.text).toBe(
    '[The person marked your question "Which \\"colour\\"?" as done.]',
  )
})

test('the words of a choice come before the number of another', () => {
  expect(said(words('1'))[0]?.inquiry?.choice).toBe('1')
  expect(said(words('2'))[0]?.inquiry?.choice).toBe('blue')
  expect(['0', '4', '99', '', 'blue!'].map((body) => said(words(body))[0]?.inquiry?.choice)).toEqual(
    Array.from({ length: 5 }, () => null),
  )
})

test('an agent that answers in the place of a person is named, and its words choose nothing', () => {
  expect(said({ status: 'approved', responder: AGENT }, { kind: 'approval', choices: [] })).toMatchObject([
    { inquiry: { by: AGENT.agentId }, text: expect.stringContaining(`Agent ${AGENT.agentId} approved`) },
  ])
  expect(judge(words('red', AGENT))).toMatchObject({ state: 'open' })
  expect(said(words('red', AGENT))).toMatchObject([{ inquiry: { by: AGENT.agentId, choice: null } }])
})

test('our own words about a question are no answer', () => {
  expect(judge(words('the front door', { agentId: INQUIRY.workspaceId }))).toEqual({
    entries: [],
    state: 'open',
  })
})

test('somebody else who closes a question is told of, and our own withdrawal is not', () => {
  expect(judge({ status: 'cancelled' })).toMatchObject({ state: 'ended', entries: [{ skipped: null }] })
  expect(judge({ status: 'cancelled' }, { state: 'closing' })).toEqual({ state: 'ended', entries: [] })
  // What is left after a power cut: the question was answered in words, and then withdrawn.
  expect(judge({ status: 'cancelled', ...words('blue') })).toMatchObject({
    state: 'ended',
    entries: [{ activityId: expect.stringContaining('words') }],
  })
  expect(judge({ status: 'done' }, { state: 'closing' })).toMatchObject({
    state: 'ended',
    entries: [{ skipped: null }],
  })
})

test('an answer of a person who may not write is not shown', () => {
  expect(judge({ status: 'done', choice: 'red' }, {}, ['scheduled'])).toMatchObject({
    state: 'ended',
    entries: [{ content: '{}', skipped: expect.stringContaining('MOLECULE_ALLOWED_SENDERS') }],
  })
})
