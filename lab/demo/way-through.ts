/** The way through: a person asks one agent, which asks another, and the answer is read in the chat. */

import type { Chat } from '../driver/chat.ts'
import { until } from '../driver/until.ts'
import { type Agent, arrival, inChat, STALE_AFTER_MS, STEP_TIMEOUT_MS, type Stage, use } from './stage.ts'
import type { Story } from './story.ts'

export interface Cast {
  readonly chat: Chat
  readonly builder: Agent
  readonly reviewer: Agent
}

/** Brings everyone onto the stage. */
export async function enter(stage: Stage, story: Story): Promise<Cast> {
  const running = await story.step('platform', 'is up on a free port of this machine', () => stage.platform())
  const chat = await stage.chat()
  const [lead, a, b] = running.createTeam()
  if (lead === undefined || a === undefined || b === undefined) throw new Error('the team is not complete')
  const [builder, reviewer] = await story.step(
    'plugins',
    'two processes are started, both have answered the handshake',
    () =>
      Promise.all([stage.startAgent('builder', a.id, a.token), stage.startAgent('reviewer', b.id, b.token)]),
  )
  await story.step('platform', 'shows both agents online', () =>
    until(
      'both to be online',
      async () => (await online(chat, builder)) && (await online(chat, reviewer)),
      STEP_TIMEOUT_MS,
    ),
  )
  return { chat, builder, reviewer }
}

/** A question, passed on and answered. */
export async function converse({ chat, builder, reviewer }: Cast, story: Story): Promise<void> {
  const question = 'Does the parser accept an empty file?'
  await story.step(
    'person',
    'writes to builder in the chat',
    () => chat.write(builder.id, question),
    () => question,
  )
  const asked = await story.step(
    'builder',
    'is given it as a channel event',
    () => arrival(builder, question),
    ({ content }) => content,
  )
  const task = 'Please check: does the parser accept an empty file?'
  await story.step('builder', 'delegates to reviewer', () =>
    use(builder, 'delegate_task', { workspace_id: reviewer.id, task }),
  )
  const given = await story.step(
    'reviewer',
    'is given the task',
    () => arrival(reviewer, task),
    ({ meta }) => `${meta.kind} ${meta.peer_name}`,
  )
  const finding = 'Yes, and there is a test for it.'
  await story.step('reviewer', 'answers', () =>
    use(reviewer, 'reply_to_workspace', { activity_id: given.meta.activity_id, text: finding }),
  )
  await story.step(
    'builder',
    'is given the answer',
    () => arrival(builder, finding),
    ({ content }) => content,
  )
  const answer = 'It does; reviewer found a test for it.'
  await story.step('builder', 'answers the person', () =>
    use(builder, 'reply_to_workspace', { activity_id: asked.meta.activity_id, text: answer }),
  )
  await story.step(
    'person',
    'reads it in the chat',
    () => inChat(chat, builder, (text) => text === answer),
    (text) => text,
  )
}

/** One agent goes, the other stays. */
export async function leave({ chat, builder, reviewer }: Cast, stage: Stage, story: Story): Promise<void> {
  await story.step('builder', 'closes the session, its process is gone', async () => {
    const { pid } = builder.host
    await builder.host.close()
    await until('the process to end', () => !isAlive(pid), STEP_TIMEOUT_MS)
  })
  const running = await stage.platform()
  await story.step('platform', 'sees builder leave, reviewer stays', async () => {
    await Bun.sleep(STALE_AFTER_MS + 100)
    running.sweep()
    if (await online(chat, builder)) throw new Error('builder still has its badge')
    if (!(await online(chat, reviewer))) throw new Error('reviewer lost its badge')
  })
}

async function online(chat: Chat, { id }: Agent): Promise<boolean> {
  return (await chat.badge(id)) === 'online'
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // ESRCH: there is no such process any more.
    return false
  }
}
