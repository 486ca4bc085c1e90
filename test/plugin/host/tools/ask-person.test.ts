/** Asking a person: what the platform and the chat get, and what the model is told. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'bun:test'
import { asked } from '../../../../member/client/inbound.ts'
import { type RunningPlatform, startPlatform } from '../../../../platform/platform.ts'
import type { Member } from '../../../../platform/team.ts'
import { startBench } from '../../../fixtures/tool-context.ts'

let platform: RunningPlatform
let member: Member

beforeAll(async () => {
  platform = await startPlatform()
})
beforeEach(() => {
  platform.resetFaults()
  member = platform.createWorkspace({ name: 'agent' })
})
afterAll(() => platform.stop())

const bench = (more: Parameters<typeof startBench>[1] = {}) =>
  startBench([{ platformUrl: platform.url, workspaceId: member.id, token: member.token }], more)

async function get(path: string): Promise<readonly Record<string, unknown>[]> {
  const headers = { Authorization: `Bearer ${member.token}` }
  const answer: unknown = await (
    await fetch(`${platform.url}/workspaces/${member.id}${path}`, { headers })
  ).json()
  return Array.isArray(answer) ? answer : []
}
const requests = () => get('/requests')
const notices = async () => (await get('/activity')).filter(({ method }) => method === 'notify')

const QUESTION = { title: 'Which colour?', detail: 'For the door.', choices: ['red', 'blue'] }

test('a platform that knows choices gets them beside the detail, and the chat a notice that names the request', async () => {
  using ours = bench()
  const { text, isError } = await ours.call('ask_person', QUESTION)
  expect(isError).toBeUndefined()
  const [request] = await requests()
  expect(request).toMatchObject({ ...QUESTION, kind: 'task', recipient_type: 'user', status: 'pending' })
  expect(text).toContain(`request_id ${request?.id}`)
  expect(text).toContain('arrives here as a channel message of kind request_answer')
  expect(await notices()).toMatchObject([
    {
      response_body: {
        request_id: request?.id,
        result: expect.stringMatching(/Which colour\?\n\nFor the door\.\n\n1\. red\n2\. blue\n/),
      },
    },
  ])
  expect(ours.ledger.of(member.id).inquiries.unended(Date.now())).toMatchObject([
    { id: request?.id, title: 'Which colour?', choices: ['red', 'blue'], state: 'open' },
  ])
})

test('a platform that knows no choices gets them as a numbered list in the detail', async () => {
  using ours = bench()
  platform.setFaults({ request_choices: 'contract' })
  await ours.call('ask_person', QUESTION)
  expect((await requests())[0]?.detail).toBe('For the door.\n\n1. red\n2. blue')
})

test('a platform without requests gets the notice alone, and the result says so', async () => {
  using ours = bench()
  platform.setFaults({ contract: 'v1' })
  const { text, isError } = await ours.call('ask_person', QUESTION)
  expect(isError).toBeUndefined()
  expect(text).toContain('keeps no questions')
  expect(await notices()).toMatchObject([
    { response_body: { result: 'Which colour?\n\nFor the door.\n\n1. red\n2. blue' } },
  ])
  expect(ours.ledger.of(member.id).inquiries.unended(Date.now())).toEqual([])
})

test('a notice that cannot be posted keeps no question from being asked', async () => {
  using ours = bench()
  platform.setFaults({ talk_to_user_disabled: true })
  const { text, isError } = await ours.call('ask_person', { title: 'May I?' })
  expect(isError).toBeUndefined()
  expect(text).toContain('No line in the chat tells the person of it')
  expect(await requests()).toHaveLength(1)
})

test('nothing is asked where the answer could not be shown', async () => {
  using ours = bench({ allowedSenders: () => ['scheduled'] })
  const { text, isError } = await ours.call('ask_person', QUESTION)
  expect([isError, text]).toEqual([true, expect.stringContaining('MOLECULE_ALLOWED_SENDERS')])
  expect(await requests()).toEqual([])
})

test('without a ledger the question is asked, and the result says how its answer comes', async () => {
  using ours = bench({ ledger: () => undefined })
  const { text, isError } = await ours.call('ask_person', QUESTION)
  expect(isError).toBeUndefined()
  expect(text).toContain('channel message of kind external')
  expect(await requests()).toHaveLength(1)
})

test('fifty questions may wait; the next one is refused and names some that could be withdrawn', async () => {
  using ours = bench()
  const { inquiries } = ours.ledger.of(member.id)
  for (let n = 0; n < 50; n++) {
    inquiries.add({ id: `q${n}`, kind: 'task', title: `question ${n}`, choices: [] }, Date.now())
  }
  const { text, isError } = await ours.call('ask_person', QUESTION)
  expect([isError, text]).toEqual([true, expect.stringContaining('q0 (question 0)')])
  expect((await ours.call('ask_person', { withdraw: 'q0' })).isError).toBeUndefined()
  expect((await ours.call('ask_person', QUESTION)).isError).toBeUndefined()
})

test.each([
  [{}, 'needs a title'],
  [{ title: ' ' }, 'title'],
  [{ title: 'x'.repeat(201) }, '200'],
  [{ title: 'x', choices: ['one'] }, 'at least 2'],
  [{ title: 'x', choices: ['one', 'ONE'] }, 'must differ'],
  [{ title: 'x', choices: Array.from({ length: 11 }, (_, n) => `${n}`) }, 'at most 10'],
  [{ withdraw: 'nothing' }, 'No question with request_id'],
])('wrong arguments are refused with the rule: %j', async (args, rule) => {
  using ours = bench()
  const { text, isError } = await ours.call('ask_person', args)
  expect([isError, text]).toEqual([true, expect.stringContaining(rule)])
  expect(await requests()).toEqual([])
})

/** What the person wrote about a question, as the ledger has it. */
function store({ ledger }: ReturnType<typeof bench>, id: string): void {
  const content = JSON.stringify(
    asked({
      text: 'Which door?',
      inquiry: { id, title: 'Q', status: 'info_requested', choice: null, by: 'user' },
    }),
  )
  const entry = { activityId: 'request-words-1', seq: null, createdAt: '2026-07-01T10:00:00Z', peerId: null }
  ledger.of(member.id).storePage([{ ...entry, task: null, content, skipped: null }], undefined, Date.now())
}

test('a reply to what the person wrote about an open question goes to the question, and to the chat once it is over', async () => {
  using ours = bench()
  await ours.call('ask_person', QUESTION)
  const id = String((await requests())[0]?.id)
  store(ours, id)
  const reply = () =>
    ours.call('reply_to_workspace', { activity_id: 'request-words-1', text: 'The front door.' })
  expect((await reply()).text).toContain('which stays open')
  const headers = { Authorization: `Bearer ${member.token}` }
  const one = await fetch(`${platform.url}/workspaces/${member.id}/requests/${id}`, { headers })
  expect(await one.json()).toMatchObject({
    request: { status: 'pending' },
    messages: [{ author_type: 'agent', author_id: member.id, body: 'The front door.' }],
  })
  ours.ledger.of(member.id).inquiries.progress(id, 'ended')
  expect((await reply()).text).toBe(`Posted to the chat of workspace ${member.id}.`)
})
