/** The chapters of `--all`: files both ways, tasks awaited and left to run, memory, and a permission request. */
import { randomBytes } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import type { Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'
import type { Cast } from './round-trip.ts'
import { arrival, inChat, refusal, STEP_TIMEOUT_MS, use } from './stage.ts'
import type { Story } from './story.ts'

/** The file that the person sends: small enough to compare, too large to match by chance. */
const FILE_BYTES = 300_000
/** A file's type follows from how its content begins, not from its name. */
const PNG_SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])

export async function sendFiles({ chat, builder }: Cast, scene: Scene, story: Story): Promise<void> {
  story.say('\nFiles')
  const content = Buffer.concat([PNG_SIGNATURE, randomBytes(FILE_BYTES)])
  const words = 'Here is the picture. Can you send me your notes?'
  await story.step('person', 'attaches a file and sends it to builder', async () => {
    const [file] = await chat.attach(builder.id, new File([content], 'plan.png', { type: 'image/png' }))
    await chat.write(builder.id, words, [file])
  })
  const event = await story.step(
    'builder',
    'finds it on disk, byte for byte, before it reads the message',
    async () => {
      const given = await arrival(builder, words)
      const path = given.meta.attachment_1_path ?? ''
      if (!content.equals(await readFile(path))) throw new Error('the file is not the one that was sent')
      return given
    },
    ({ meta }) => `${meta.attachment_1_name}, ${meta.attachment_1_kind}`,
  )
  const notes = scene.path('notes.md')
  await writeFile(notes, '# Notes\n')
  await story.step('builder', 'replies with a file of its own', () =>
    use(builder, 'reply_to_workspace', {
      activity_id: event.meta.activity_id,
      text: 'My notes are attached.',
      attachments: [notes],
    }),
  )
  await story.step('person', 'downloads it from the chat', async () => {
    const [file] = await until(
      'the file in the chat',
      async () => {
        const files = await chat.filesFrom(builder.id)
        return files.length > 0 && files
      },
      STEP_TIMEOUT_MS,
    )
    if (file === undefined || !Buffer.from('# Notes\n').equals(await chat.download(file))) {
      throw new Error('the file is not the one that was sent')
    }
  })
  const secret = scene.path('.env')
  await writeFile(secret, 'SECRET=1\n', { mode: 0o600 })
  await story.step(
    'builder',
    'is talked into sending a .env file, and is refused',
    () => refusal(builder, 'send_message_to_user', { message: 'as you asked', attachments: [secret] }),
    (text) => /\.env (.*?):/.exec(text)?.[1] ?? text,
  )
}

export async function delegateWork({ builder, reviewer }: Cast, story: Story): Promise<void> {
  story.say('\nDelegation')
  const task = 'Count the tests, please.'
  await story.step(
    'builder',
    'gives reviewer a task and waits for the answer in the same call',
    async () => {
      const call = use(builder, 'delegate_task', { workspace_id: reviewer.id, task, wait_seconds: 30 })
      const { meta } = await arrival(reviewer, task)
      await use(reviewer, 'reply_to_workspace', { activity_id: meta.activity_id, text: 'Many.' })
      return call
    },
    (text) => text.split('\n').at(-1) ?? '',
  )
  const long = 'Read all of the code, in your own time.'
  const left = await story.step('builder', 'leaves a long task with the platform and moves on', () =>
    use(builder, 'delegate_task_async', { workspace_id: reviewer.id, task: long }),
  )
  const id = /Task ([0-9a-f-]{36})/.exec(left)?.[1] ?? ''
  await story.step('reviewer', 'answers it later', async () => {
    const { meta } = await arrival(reviewer, long)
    await use(reviewer, 'reply_to_workspace', { activity_id: meta.activity_id, text: 'Read. It is short.' })
  })
  await story.step(
    'builder',
    'receives the result under its task',
    () => builder.host.event(({ meta }) => meta.delegation_id === id, STEP_TIMEOUT_MS),
    ({ content, meta }) => `${meta.kind}: ${content}`,
  )
}

export async function remember({ builder, reviewer }: Cast, story: Story): Promise<void> {
  story.say('\nMemory')
  await story.step('builder', 'records a fact for the team', () =>
    use(builder, 'commit_memory', { content: 'The release is on Monday.', scope: 'TEAM' }),
  )
  await story.step(
    'reviewer',
    'finds it',
    async () => {
      const text = await use(reviewer, 'recall_memory', { query: 'release' })
      if (!text.includes('on Monday')) throw new Error(`found only this: ${text}`)
      return text
    },
    (text) => text.split('] ').at(-1) ?? '',
  )
}

export async function askPermission({ chat, builder, reviewer }: Cast, story: Story): Promise<void> {
  story.say('\nPermission')
  const id = 'abcde'
  await story.step(
    'builder',
    'wants to run a command: its terminal asks, and so does the chat',
    async () => {
      await builder.host.askPermission({
        request_id: id,
        tool_name: 'Bash',
        description: 'Run a shell command',
        input_preview: '{ "command": "make release" }',
      })
      return inChat(chat, builder, (text) => text.includes(id) && text.includes('make release'))
    },
    (text) => text.split('\n').at(0) ?? '',
  )
  await story.step('reviewer', 'says yes, which builder reads as a message, not as permission', async () => {
    await use(reviewer, 'reply_to_workspace', { peer_id: builder.id, text: `yes ${id}` })
    await arrival(builder, `yes ${id}`)
    if (builder.host.verdicts.length > 0) throw new Error('an agent gave permission')
  })
  await story.step(
    'person',
    'says yes in the chat, and the command may run',
    async () => {
      await chat.write(builder.id, `yes ${id}`)
      return until('the permission', () => builder.host.verdicts.at(0), STEP_TIMEOUT_MS)
    },
    ({ request_id, behavior }) => `${request_id}: ${behavior}`,
  )
  await story.step('person', 'reads that the answer was passed on', () =>
    inChat(chat, builder, (text) => text.startsWith('Passed on')),
  )
}
