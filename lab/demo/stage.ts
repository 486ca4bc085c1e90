/** What every chapter of the demo plays on: a local platform, and plugin processes started as Claude Code starts them. */
import type { Chat } from '../driver/chat.ts'
import type { Host } from '../driver/host.ts'
import type { ChannelEvent } from '../driver/plugin-process.ts'
import { type Member, Scene } from '../driver/scene.ts'
import { until } from '../driver/until.ts'

/** Short enough to watch an agent leave; a platform in use waits minutes. */
const HEARTBEAT_MS = 1_000
export const STALE_AFTER_MS = 2_500
export const STEP_TIMEOUT_MS = 20_000

export interface Agent {
  readonly name: string
  readonly id: string
  readonly host: Host
}

export function openScene(): Promise<Scene> {
  return Scene.open({ platform: { staleAfterMs: STALE_AFTER_MS }, committedBundle: true })
}

export async function startAgent(scene: Scene, name: string, member: Member): Promise<Agent> {
  const settings = { ...settingsOf(scene, name, member), MOLECULE_PERMISSION_RELAY: 'canvas' }
  return { name, id: member.id, host: await scene.host(settings, { clientName: 'demo' }) }
}

/** The settings of a session or a runner, with a state folder of its own. */
export function settingsOf(scene: Scene, name: string, member: Member): Record<string, string> {
  const { MOLECULE_POLL_INTERVAL_MS: _, ...settings } = scene.settings(
    member,
    { MOLECULE_AGENT_NAME: name, MOLECULE_HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS) },
    name,
  )
  return settings
}

export async function isOnline(chat: Chat, { id }: Pick<Agent, 'id'>): Promise<boolean> {
  return (await chat.badge(id)) === 'online'
}

/** The event that shows an agent this text. */
export function arrival({ host }: Agent, text: string): Promise<ChannelEvent> {
  return host.event(({ content }) => content === text, STEP_TIMEOUT_MS)
}

/** Waits for words in the chat of an agent. */
export function inChat(chat: Chat, { id }: Agent, matches: (text: string) => boolean): Promise<string> {
  return until('the words in the chat', async () => (await chat.read(id)).find(matches), STEP_TIMEOUT_MS)
}

/** Calls a tool that must succeed. @returns its text. */
export async function use(
  { host }: Agent,
  tool: string,
  args: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { text, isError } = await host.call(tool, { ...args })
  if (isError) throw new Error(text)
  return text
}

/** Calls a tool that must be refused. @returns the reason. */
export async function refusal(
  { host }: Agent,
  tool: string,
  args: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { text, isError } = await host.call(tool, { ...args })
  if (!isError) throw new Error(`${tool} was not refused: ${text}`)
  return text
}
