/** The story of `--team`: a session gives work to two runners, and the person reads what came of it. */
import type { Chat } from '../driver/chat.ts'
import type { ConnectProcess } from '../driver/connect-process.ts'
import { PLUGIN_ROOT } from '../driver/plugin-command.ts'
import { runs } from '../driver/processes.ts'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import {
  type Agent,
  arrival,
  inChat,
  isOnline,
  STEP_TIMEOUT_MS,
  settingsOf,
  startAgent,
  use,
} from './stage.ts'
import type { Story } from './story.ts'

/** A workspace that a backend answers. */
interface Worker {
  readonly name: string
  readonly id: string
  readonly runner: ConnectProcess
}

interface Team {
  readonly chat: Chat
  readonly lead: Agent
  readonly counter: Worker
  readonly reviewer: Worker
}

export async function playTeam(scene: Scene, story: Story): Promise<void> {
  const team = await gather(scene, story)
  await shareWork(team, story)
  await disband(team, story)
}

async function gather(scene: Scene, story: Story): Promise<Team> {
  const { person: chat, platform } = scene
  const first = platform.createWorkspace({ name: 'lead', role: 'Talks to the person' })
  const lead = await story.step('lead', 'starts as a plugin process and answers the handshake', () =>
    startAgent(scene, 'lead', first),
  )
  const hire = (name: string, role: string, backend: string, option: string): Promise<Worker> =>
    story.step(
      name,
      'starts as a runner',
      async () => {
        const member = platform.createWorkspace({ name, role, parentId: lead.id })
        const words = ['--backend', backend, '--backend-opt', option]
        const runner = await scene.connect(words, settingsOf(scene, name, member), PLUGIN_ROOT)
        await runner.serving()
        return { name, id: member.id, runner }
      },
      () => `--backend ${backend} --backend-opt '${option}'`,
    )
  const counter = await hire('counter', 'Counts files', 'exec', 'cmd=sh lab/demo/counter.sh')
  const reviewer = await hire('reviewer', 'Reads texts', 'mock', 'reply=noted: %s')
  await story.step('platform', 'shows all three online', async () => {
    for (const agent of [lead, counter, reviewer]) {
      await until(`${agent.name} to be online`, () => isOnline(chat, agent), STEP_TIMEOUT_MS)
    }
  })
  return { chat, lead, counter, reviewer }
}

/** A question that takes two others to answer. */
async function shareWork({ chat, lead, counter, reviewer }: Team, story: Story): Promise<void> {
  const question = 'Are we ready for the release?'
  await story.step(
    'person',
    'writes to lead in the chat',
    () => chat.write(lead.id, question),
    () => question,
  )
  const asked = await story.step(
    'lead',
    'receives it as a channel event',
    () => arrival(lead, question),
    ({ content }) => content,
  )
  const give = (worker: Worker, task: string): Promise<string> =>
    story.step(
      'lead',
      `delegates to ${worker.name}`,
      async () => {
        const text = await use(lead, 'delegate_task', { workspace_id: worker.id, task })
        const [, id] = /task ([0-9a-f-]{36})/i.exec(text) ?? []
        if (id === undefined) throw new Error(`no task was given: ${text}`)
        return id
      },
      () => task,
    )
  const count = await give(counter, 'How many test files are there?')
  const review = await give(reviewer, 'Read the changelog.')
  const result = (worker: Worker, taskId: string): Promise<string> =>
    story.step(
      'lead',
      `receives the answer of ${worker.name}`,
      async () => {
        const { content } = await lead.host.event(
          ({ meta }) => meta.kind === 'delegation_result' && meta.delegation_id === taskId,
          STEP_TIMEOUT_MS,
        )
        return content
      },
      (text) => text,
    )
  const counted = await result(counter, count)
  const noted = await result(reviewer, review)
  const answer = `${counted}; ${noted}`
  await story.step('lead', 'answers the person', () =>
    use(lead, 'reply_to_workspace', { activity_id: asked.meta.activity_id, text: answer }),
  )
  await story.step(
    'person',
    'reads it in the chat',
    () => inChat(chat, lead, (text) => text === answer),
    (text) => text,
  )
}

async function disband({ lead, counter, reviewer }: Team, story: Story): Promise<void> {
  await story.step('lead', 'closes the session, and its process ends', async () => {
    const { pid } = lead.host
    await lead.host.close()
    await until('the process to end', () => !runs(pid), STEP_TIMEOUT_MS)
  })
  for (const { name, runner } of [counter, reviewer]) {
    await story.step(name, 'is told to end, and ends with exit code 0', async () => {
      runner.kill('SIGTERM')
      const code = await runner.exit()
      if (code !== 0) throw new Error(`it ended with ${code}: ${runner.stderr}`)
    })
  }
}
