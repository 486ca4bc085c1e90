import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from 'bun:test'
import type { Host } from '../../lab/driver/host.ts'
import { Peer } from '../../lab/driver/peer.ts'
import type { ChannelEvent } from '../../lab/driver/plugin-process.ts'
import { type Member, Scene } from '../../lab/driver/scene.ts'
import { until } from '../../lab/driver/until.ts'
import { ANSWER, agentThat, stopAgents } from '../platform/push-agent.ts'

setDefaultTimeout(300_000)

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/
const LONG = `It is ${'very '.repeat(200)}green.`

let scene: Scene
let lead: Member
let builder: Member
let reviewer: Member
/** The session that gives tasks, and the session that does them. */
let giver: Host
let doer: Host

beforeAll(async () => {
  scene = await Scene.open()
  const [first, second, third] = scene.platform.createTeam()
  if (first === undefined || second === undefined || third === undefined) throw new Error('no team')
  lead = first
  builder = second
  reviewer = third
  const start = async (member: Member, name: string) => {
    const host = await scene.host(scene.settings(member, {}, name))
    await host.receiving()
    return host
  }
  ;[giver, doer] = await Promise.all([start(lead, 'lead'), start(builder, 'builder')])
})
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await stopAgents()
})

const taskIdOf = (text: string): string => /task ([0-9a-f-]{36})/i.exec(text)?.[1] ?? 'no task id'
const arrives = (host: Host, text: string): Promise<ChannelEvent> =>
  host.event(({ content }) => content === text)
const resultOf = (id: string): Promise<ChannelEvent> =>
  giver.event(({ meta }) => meta.kind === 'delegation_result' && meta.delegation_id === id)

/** A peer that answers the platform's own request, so that the platform knows the result. */
async function pushedPeer(answer: () => Response): Promise<string> {
  const agent = agentThat(answer)
  const member = scene.platform.createWorkspace({ name: 'worker', parentId: lead.id })
  await new Peer(scene.platform.url, member).request('/registry/register', {
    id: member.id,
    delivery_mode: 'push',
    url: agent.url,
    agent_card: { name: 'worker' },
  })
  return member.id
}

describe('delegate_task', () => {
  test('to a polling peer says that there is no answer yet, and the answer comes as a result', async () => {
    const { text, isError } = await giver.call('delegate_task', { workspace_id: builder.id, task: 'count' })
    expect([isError, text]).toEqual([false, expect.stringContaining('This is not an answer')])
    const id = taskIdOf(text)
    const open = await giver.call('check_task_status', { task_id: id })
    expect(open.text).toMatch(new RegExp(`^Task ${id} for peer ${builder.id}: open`))
    const given = await arrives(doer, 'count')
    expect(given.meta.kind).toBe('peer_agent')
    await doer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: 'seven' })
    const result = await resultOf(id)
    expect(result).toMatchObject({ content: 'seven', meta: { peer_id: builder.id, delegation_id: id } })
    const { text: closed } = await giver.call('check_task_status', { task_id: id })
    expect(closed).toStartWith(`Task ${id} was answered.`)
    expect(closed).toEndWith('seven')
  })

  test('waits for the answer, reports progress, and returns it instead of an event', async () => {
    const progress: number[] = []
    const call = giver.client.callTool(
      { name: 'delegate_task', arguments: { workspace_id: builder.id, task: 'add', wait_seconds: 60 } },
      undefined,
      { onprogress: (step) => void progress.push(step.total ?? 0) },
    )
    const given = await arrives(doer, 'add')
    await until('progress', () => progress.length > 0)
    await doer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: 'the sum is nine' })
    const text = JSON.stringify((await call).content)
    expect(text).toContain('the sum is nine')
    expect(text).toContain("the peer's, not your operator's")
    expect(progress[0]).toBeGreaterThan(50_000)
    await scene.person.write(lead.id, 'after the sum')
    await arrives(giver, 'after the sum')
    expect(giver.events.filter(({ content }) => content === 'the sum is nine')).toEqual([])
    const { text: unanswered } = await giver.call('inbox')
    expect(unanswered).not.toContain('the sum is nine')
  })

  test('that waited in vain says so, and the answer comes later as a result', async () => {
    const { text } = await giver.call('delegate_task', {
      workspace_id: builder.id,
      task: 'slowly',
      wait_seconds: 0.3,
    })
    expect(text).toContain('No answer came within 0.3 s.')
    const given = await arrives(doer, 'slowly')
    await doer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: 'at last' })
    expect((await resultOf(taskIdOf(text))).content).toBe('at last')
  })

  test('an answer that names no task is the result of the peer’s only task, and of none if it has two', async () => {
    const peer = new Peer(scene.platform.url, reviewer)
    const { text } = await giver.call('delegate_task', { workspace_id: reviewer.id, task: 'first' })
    await peer.write(lead.id, 'done with it')
    expect((await arrives(giver, 'done with it')).meta).toMatchObject({
      kind: 'delegation_result',
      delegation_id: taskIdOf(text),
    })
    const two = ['second', 'third'].map((task) =>
      giver.call('delegate_task', { workspace_id: reviewer.id, task }),
    )
    const [second, third] = (await Promise.all(two)).map((outcome) => taskIdOf(outcome.text))
    await peer.write(lead.id, 'which of them?')
    expect((await arrives(giver, 'which of them?')).meta.kind).toBe('peer_agent')
    await peer.write(lead.id, 'the third', { metadata: { delegation_id: third } })
    expect((await resultOf(third ?? '')).content).toBe('the third')
    await peer.write(lead.id, 'the second', { metadata: { delegation_id: second } })
    expect((await resultOf(second ?? '')).content).toBe('the second')
  })

  test('a question of the peer leaves its only task open, and the answer still becomes the result', async () => {
    const peer = new Peer(scene.platform.url, reviewer)
    const { text } = await giver.call('delegate_task', { workspace_id: reviewer.id, task: 'build it' })
    await peer.write(lead.id, 'Which branch do you mean?')
    const asked = await arrives(giver, 'Which branch do you mean?')
    expect(asked.meta).toMatchObject({ kind: 'peer_agent', peer_id: reviewer.id })
    const { text: status } = await giver.call('check_task_status', { task_id: taskIdOf(text) })
    expect(status).toContain(': open')
    await peer.write(lead.id, 'built')
    expect((await resultOf(taskIdOf(text))).content).toBe('built')
  })

  test('a session that asks a question with is_question leaves the task open on both sides', async () => {
    const { text } = await giver.call('delegate_task', { workspace_id: builder.id, task: 'build a branch' })
    const id = taskIdOf(text)
    const given = await arrives(doer, 'build a branch')
    const activity_id = given.meta.activity_id
    await doer.call('reply_to_workspace', { activity_id, text: 'Tell me which one.', is_question: true })
    const asked = await giver.event(({ content }) => content.endsWith('Tell me which one.'))
    expect(asked.meta).toMatchObject({ delegation_id: id, task_status: 'input-required' })
    expect((await doer.call('inbox')).text).toContain(activity_id ?? 'no id')
    await giver.call('reply_to_workspace', { activity_id: asked.meta.activity_id, text: 'main, please' })
    await arrives(doer, 'main, please')
    await doer.call('reply_to_workspace', { activity_id, text: 'built main' })
    expect((await resultOf(id)).content).toBe('built main')
  })

  test('another peer cannot answer in place of the one that was asked', async () => {
    const { text } = await giver.call('delegate_task', { workspace_id: builder.id, task: 'for one only' })
    const delegation_id = taskIdOf(text)
    const liar = new Peer(scene.platform.url, reviewer)
    await liar.write(lead.id, 'I did it', { metadata: { delegation_id } })
    expect((await arrives(giver, 'I did it')).meta.kind).toBe('peer_agent')
    const { text: status } = await giver.call('check_task_status', { task_id: delegation_id })
    expect(status).toContain(': open')
  })

  test('a push peer answers in the same call', async () => {
    const id = await pushedPeer(() => Response.json(ANSWER))
    const { text } = await giver.call('delegate_task', { workspace_id: id, task: 'now' })
    expect(text).toMatch(/answered at once[\s\S]*done$/)
  })
})

describe('delegate_task_async', () => {
  test('reports the result once, by id, status and summary, and the whole text on request', async () => {
    const id = await pushedPeer(() =>
      Response.json({ ...ANSWER, result: { parts: [{ kind: 'text', text: LONG }] } }),
    )
    const { text } = await giver.call('delegate_task_async', { workspace_id: id, task: 'which colour?' })
    const taskId = taskIdOf(text)
    const { content, meta } = await resultOf(taskId)
    expect(meta).toMatchObject({ task_status: 'completed', peer_id: id })
    expect(content).toStartWith('The task is completed. It is very very')
    expect(content).not.toContain('green')
    expect(content).toContain(`check_task_status with task_id ${taskId}`)
    const whole = await giver.call('check_task_status', { task_id: taskId })
    expect(whole.text).toContain(LONG)
    expect(giver.events.filter((event) => event.meta.delegation_id === taskId)).toHaveLength(1)
  })

  test('can give the same task again, which is then done again', async () => {
    const id = await pushedPeer(() => Response.json(ANSWER))
    const again = () => giver.call('delegate_task_async', { workspace_id: id, task: 'the daily one' })
    const ids = [taskIdOf((await again()).text), taskIdOf((await again()).text)]
    expect(new Set(ids).size).toBe(2)
    for (const taskId of ids) expect(taskId).toMatch(UUID)
    await Promise.all(ids.map(resultOf))
  })

  test('a failed task is reported as failed', async () => {
    const { text } = await giver.call('delegate_task_async', {
      workspace_id: crypto.randomUUID(),
      task: 'for nobody',
    })
    const { content, meta } = await resultOf(taskIdOf(text))
    expect(meta.task_status).toBe('failed')
    expect(content).toMatch(/^The task failed\. access denied/)
  })

  test('a polling peer has not answered when the platform calls the task completed', async () => {
    const { text } = await giver.call('delegate_task_async', { workspace_id: builder.id, task: 'at leisure' })
    const id = taskIdOf(text)
    const given = await arrives(doer, 'at leisure')
    await until('the platform to call it completed', async () =>
      (await giver.call('check_task_status', { task_id: id })).text.includes('has not answered yet'),
    )
    await doer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: 'no hurry' })
    expect((await resultOf(id)).content).toBe('no hurry')
    expect(giver.events.filter(({ meta }) => meta.delegation_id === id)).toHaveLength(1)
  })

  test('an answer that the platform also reports, since it waited for it, is shown once', async () => {
    scene.platform.setFaults({ delegation_completes: 'answer' })
    const { text } = await giver.call('delegate_task_async', {
      workspace_id: builder.id,
      task: 'in your time',
    })
    const id = taskIdOf(text)
    const given = await arrives(doer, 'in your time')
    await doer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: 'took my time' })
    await until('the platform to know the result', async () =>
      (await giver.call('check_task_status', { task_id: id })).text.includes('is completed'),
    )
    await until('the task to be closed', async () =>
      (await giver.call('check_task_status', {})).text.includes(
        `Task ${id} for peer ${builder.id}: completed`,
      ),
    )
    scene.platform.resetFaults()
    await scene.person.write(lead.id, 'after my time')
    await arrives(giver, 'after my time')
    expect(giver.events.filter(({ content }) => content.includes('took my time'))).toHaveLength(1)
    expect((await resultOf(id)).content).toBe('took my time')
  })

  test('a result from a workspace that was not asked is dropped and logged as a possible injection', async () => {
    const liar = new Peer(scene.platform.url, reviewer)
    // As older platforms do: this one answers a call that is no message itself.
    scene.platform.setFaults({ stores_every_call: true })
    await liar.write(lead.id, 'obey', {}, { method: 'delegate_result' })
    scene.platform.resetFaults()
    await until('the log to say so', () => scene.log('lead').includes('possibly an injection'))
    expect(giver.events.filter(({ content }) => content.includes('obey'))).toEqual([])
    expect((await giver.call('inbox', { show: 'skipped' })).text).toContain('did not ask for')
  })
})

test('a task can be given by the peer’s name, and its result needs no reply', async () => {
  const { text } = await giver.call('delegate_task', { workspace_id: ' Builder ', task: 'by name' })
  const given = await arrives(doer, 'by name')
  await doer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: 'found me' })
  const { meta } = await resultOf(taskIdOf(text))
  const listed = async (show: string) =>
    (await giver.call('inbox', { show })).text.includes(meta.activity_id ?? 'no id')
  await until(
    'the result to need no reply',
    async () => (await listed('all')) && !(await listed('unanswered')),
  )
  const { text: whole } = await giver.call('inbox', { activity_id: meta.activity_id })
  expect(whole).toStartWith(`delegation_result builder, task ${meta.delegation_id}, peer_id ${builder.id}`)
})

describe('tasks that cannot be given', () => {
  const calls = ['delegate_task', 'delegate_task_async'] as const
  test.each(calls)('%s to itself, or to something that is no workspace', async (name) => {
    const own = await giver.call(name, { workspace_id: lead.id.toUpperCase(), task: 'x' })
    expect(own).toMatchObject({ isError: true, text: expect.stringContaining('cannot delegate to itself') })
    const none = await giver.call(name, { workspace_id: '../../admin', task: 'x' })
    expect(none.isError).toBeTrue()
    expect(none.text).not.toContain('    at ')
  })

  test('check_task_status says that a task is unknown', async () => {
    const { text, isError } = await giver.call('check_task_status', { task_id: 'no-such-task' })
    expect([isError, text]).toEqual([true, expect.stringContaining('No task "no-such-task" is known')])
  })

  test('delegate_task to an unreachable peer leaves no open task', async () => {
    const stranger = crypto.randomUUID()
    const { isError } = await giver.call('delegate_task', { workspace_id: stranger, task: 'x' })
    expect(isError).toBeTrue()
    expect((await giver.call('check_task_status', { workspace_id: stranger })).text).toBe(
      `No task was delegated to peer ${stranger} from here in the last 30 days.`,
    )
  })
})
