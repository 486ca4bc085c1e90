/** What every chapter of the demo plays on: a local platform, its team, and plugin processes started as Claude Code starts them. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type RunningPlatform, startPlatform } from '../../platform/platform.ts'
import { Chat } from '../driver/chat.ts'
import { type ChannelEvent, Host } from '../driver/host.ts'
import { until } from '../driver/until.ts'

/** Short enough to watch an agent leave; a platform in use waits minutes. */
const HEARTBEAT_MS = 1_000
export const STALE_AFTER_MS = 2_500
export const STEP_TIMEOUT_MS = 8_000

export interface Agent {
  readonly name: string
  readonly id: string
  readonly host: Host
}

export class Stage implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'molecule-demo-'))
  readonly #hosts: Host[] = []
  #platform: RunningPlatform | undefined

  /** Opens the platform; a second call gives the same. */
  async platform(): Promise<RunningPlatform> {
    this.#platform ??= await startPlatform({ staleAfterMs: STALE_AFTER_MS })
    return this.#platform
  }

  async chat(): Promise<Chat> {
    const { url, adminToken } = await this.platform()
    return new Chat(url, adminToken)
  }

  async startAgent(name: string, id: string, token: string): Promise<Agent> {
    const { url } = await this.platform()
    const host = await Host.start({
      clientName: 'demo',
      cwd: this.folder,
      env: {
        MOLECULE_STATE_DIR: join(this.folder, name),
        MOLECULE_PLATFORM_URL: url,
        MOLECULE_WORKSPACE_IDS: id,
        MOLECULE_WORKSPACE_TOKENS: token,
        MOLECULE_AGENT_NAME: name,
        MOLECULE_HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_MS),
        MOLECULE_PERMISSION_RELAY: 'canvas',
      },
    })
    this.#hosts.push(host)
    return { name, id, host }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#hosts.map((host) => host.close()))
    await this.#platform?.stop()
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** The event that an agent is given with this text. */
export function arrival({ host }: Agent, text: string): Promise<ChannelEvent> {
  return host.event(({ content }) => content === text, STEP_TIMEOUT_MS)
}

/** What the person reads in the chat of an agent, once it is there. */
export function inChat(chat: Chat, { id }: Agent, matches: (text: string) => boolean): Promise<string> {
  return until('the words in the chat', async () => (await chat.read(id)).find(matches), STEP_TIMEOUT_MS)
}

/** Calls a tool that has to succeed. Gives its text. */
export async function use(
  { host }: Agent,
  tool: string,
  args: Readonly<Record<string, unknown>>,
): Promise<string> {
  const { text, isError } = await host.call(tool, { ...args })
  if (isError) throw new Error(text)
  return text
}
