/**
 * The whole way through on one machine: a local platform, two plugin processes started as Claude Code starts them,
 * a person in the chat. Ends with 0 only if every step was seen.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningPlatform, startPlatform } from '../local-platform/platform.ts'
import { type ChannelEvent, Host } from '../test/fixtures/host.ts'
import { until } from '../test/fixtures/until.ts'
import { Chat } from './chat.ts'
import { Story } from './story.ts'

/** Short enough to watch an agent leave; a platform in use waits minutes. */
const HEARTBEAT_MS = 1_000
const STALE_AFTER_MS = 2_500
const STEP_TIMEOUT_MS = 8_000

const story = new Story((line) => console.log(line), process.stdout.isTTY === true)
const scratch = mkdtempSync(join(tmpdir(), 'molecule-demo-'))
const hosts: Host[] = []
let platform: RunningPlatform | undefined

try {
  await tell()
  story.end('Every step was seen.')
} catch (error) {
  story.end(`The demo failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
} finally {
  await Promise.all(hosts.map((host) => host.close()))
  await platform?.stop()
  rmSync(scratch, { recursive: true, force: true })
}

async function tell(): Promise<void> {
  story.say(
    'A team on one machine: a person, and two Claude Code sessions as the agents builder and reviewer.\n',
  )
  const running = await story.step('platform', 'is up on a free port of this machine', openPlatform)
  const chat = new Chat(running.url, running.adminToken)
  const [lead, a, b] = running.createTeam()
  if (lead === undefined || a === undefined || b === undefined) throw new Error('the team is not complete')

  const [builder, reviewer] = await story.step(
    'plugins',
    'two processes are started, both have answered the handshake',
    () => Promise.all([startAgent('builder', a.id, a.token), startAgent('reviewer', b.id, b.token)]),
  )
  await story.step('platform', 'shows both agents online', () =>
    until(
      'both to be online',
      async () => (await online(chat, a.id)) && (await online(chat, b.id)),
      STEP_TIMEOUT_MS,
    ),
  )

  const question = 'Does the parser accept an empty file?'
  await story.step(
    'person',
    'writes to builder in the chat',
    () => chat.write(a.id, question),
    () => question,
  )
  const asked = await story.step(
    'builder',
    'is given it as a channel event',
    () => arrival(builder, question),
    text,
  )

  const task = 'Please check: does the parser accept an empty file?'
  await story.step('builder', 'delegates to reviewer', () =>
    succeed(builder.call('delegate_task', { workspace_id: b.id, task })),
  )
  const given = await story.step('reviewer', 'is given the task', () => arrival(reviewer, task), from)
  const finding = 'Yes, and there is a test for it.'
  await story.step('reviewer', 'answers', () =>
    succeed(reviewer.call('reply_to_workspace', { activity_id: given.meta.activity_id, text: finding })),
  )
  await story.step('builder', 'is given the answer', () => arrival(builder, finding), text)

  const answer = 'It does; reviewer found a test for it.'
  await story.step('builder', 'answers the person', () =>
    succeed(builder.call('reply_to_workspace', { activity_id: asked.meta.activity_id, text: answer })),
  )
  await story.step(
    'person',
    'reads it in the chat',
    () => inChat(chat, a.id, answer),
    () => answer,
  )

  await story.step('builder', 'closes the session, its process is gone', async () => {
    const { pid } = builder
    await builder.close()
    await until('the process to end', () => !isAlive(pid), STEP_TIMEOUT_MS)
  })
  await story.step('platform', 'sees builder leave, reviewer stays', async () => {
    await Bun.sleep(STALE_AFTER_MS + 100)
    running.tick()
    if (await online(chat, a.id)) throw new Error('builder still has its badge')
    if (!(await online(chat, b.id))) throw new Error('reviewer lost its badge')
  })
}

async function openPlatform(): Promise<RunningPlatform> {
  // With a clock of its own the platform sweeps only when it is told to.
  platform = await startPlatform({ clock: Date.now, staleAfterMs: STALE_AFTER_MS })
  return platform
}

async function startAgent(name: string, workspaceId: string, token: string): Promise<Host> {
  const host = await Host.start({
    clientName: 'demo',
    cwd: scratch,
    env: {
      MOLECULE_STATE_DIR: join(scratch, name),
      MOLECULE_PLATFORM_URL: platform?.url ?? '',
      MOLECULE_WORKSPACE_IDS: workspaceId,
      MOLECULE_WORKSPACE_TOKENS: token,
      MOLECULE_AGENT_NAME: name,
      MOLECULE_HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
    },
  })
  hosts.push(host)
  return host
}

async function online(chat: Chat, workspaceId: string): Promise<boolean> {
  return (await chat.badge(workspaceId)) === 'online'
}

function arrival(host: Host, text: string): Promise<ChannelEvent> {
  return host.event(({ content }) => content === text, STEP_TIMEOUT_MS)
}

async function inChat(chat: Chat, workspaceId: string, text: string): Promise<void> {
  await until(
    'the answer in the chat',
    async () => (await chat.read(workspaceId)).includes(text),
    STEP_TIMEOUT_MS,
  )
}

async function succeed(call: Promise<{ text: string; isError: boolean }>): Promise<void> {
  const { text: said, isError } = await call
  if (isError) throw new Error(said)
}

function text({ content }: ChannelEvent): string {
  return content
}

function from({ meta }: ChannelEvent): string {
  return `${meta.kind} ${meta.peer_name}`
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
