/** The round trip: a person asks one agent, which asks another, and the person reads the answer in the chat. */

import type { Chat } from '../driver/chat.ts'
import { pause } from '../driver/pause.ts'
import { runs } from '../driver/processes.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import {
  type Agent,
  arrival,
  inChat,
  isOnline,
  STALE_AFTER_MS,
  STEP_TIMEOUT_MS,
  startAgent,
  use,
} from './stage.ts'
import type { Story } from './story.ts'

export interface Cast {
  readonly chat: Chat
  readonly builder: Agent
  readonly reviewer: Agent
}

/** Brings everyone onto the stage. */
export async function enter(scene: Scene, story: Story): Promise<Cast> {
  const { person: chat } = scene
  const [, first, second] = scene.platform.createTeam()
  if (first === undefined || second === undefined) throw new Error('the team is not complete')
  const [builder, reviewer] = await story.step(
    'plugins',
    'two processes start and answer the handshake',
    () => Promise.all([startAgent(scene, 'builder', first), startAgent(scene, 'reviewer', second)]),
  )
  await story.step('platform', 'shows both agents online', () =>
    until(
      'both to be online',
      async () => (await isOnline(chat, builder)) && (await isOnline(chat, reviewer)),
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
    'receives it as a channel event',
    () => arrival(builder, question),
    ({ content }) => content,
  )
  const task = 'Please check: does the parser accept an empty file?'
  await story.step('builder', 'delegates to reviewer', () =>
    use(builder, 'delegate_task', { workspace_id: reviewer.id, task }),
  )
  const given = await story.step(
    'reviewer',
    'receives the task',
    () => arrival(reviewer, task),
    ({ meta }) => `${meta.kind} ${meta.peer_name}`,
  )
  const finding = 'Yes, and there is a test for it.'
  await story.step('reviewer', 'answers', () =>
    use(reviewer, 'reply_to_workspace', { activity_id: given.meta.activity_id, text: finding }),
  )
  await story.step(
    'builder',
    'receives the answer',
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
export async function leave({ chat, builder, reviewer }: Cast, scene: Scene, story: Story): Promise<void> {
  await story.step('builder', 'closes the session, and its process ends', async () => {
    const { pid } = builder.host
    await builder.host.close()
    await until('the process to end', () => !runs(pid), STEP_TIMEOUT_MS)
  })
  await story.step('platform', 'sees builder leave and reviewer stay', async () => {
    await pause(STALE_AFTER_MS + 100)
    scene.platform.sweep()
    if (await isOnline(chat, builder)) throw new Error('builder still has its badge')
    if (!(await isOnline(chat, reviewer))) throw new Error('reviewer lost its badge')
  })
}
