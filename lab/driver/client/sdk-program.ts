/** A program that drives the client through the Agent SDK: the client reads and writes lines of JSON instead of a terminal. */
import { existsSync, readFileSync } from 'node:fs'
import { descendants, end } from '../processes.ts'
import { until } from '../until.ts'
import { ModelApi } from './model-api.ts'
import type { Shown } from './model-request.ts'
import { ALL_TOOLS } from './plugin-tools.ts'
import type { User } from './user.ts'

export interface SdkOptions {
  /** More words for the client's command line. */
  readonly words: readonly string[]
  readonly env: Readonly<Record<string, string>>
  /** Where the client writes its debug log. */
  readonly debugFile: string
}

const SERVER = 'plugin:molecule:molecule'
const START_TIMEOUT_MS = 30_000
/** The plugin probes a program four times a minute. */
const SHOWN_TIMEOUT_MS = 40_000

export class SdkProgram implements AsyncDisposable {
  readonly model = new ModelApi()
  readonly #debugFile: string
  readonly #child: Bun.Subprocess<'pipe', 'ignore', 'ignore'>
  #requests = 0

  constructor(user: User, { words, env, debugFile }: SdkOptions) {
    this.#debugFile = debugFile
    const streams = ['--output-format', 'stream-json', '--input-format', 'stream-json', '--verbose']
    this.#child = Bun.spawn(
      [user.client, ...streams, '--debug-file', debugFile, '--allowedTools', ALL_TOOLS, ...words],
      {
        cwd: user.project,
        env: user.environment({
          ...env,
          CLAUDE_CODE_ENTRYPOINT: 'sdk-ts',
          CLAUDE_AGENT_SDK_VERSION: '0.3.332',
          ANTHROPIC_BASE_URL: this.model.url,
        }),
        stdin: 'pipe',
        stdout: 'ignore',
        stderr: 'ignore',
      },
    )
  }

  /** Waits until the client has connected to the plugin. */
  async connected(): Promise<void> {
    await this.#untilLogged(`MCP server "${SERVER}": Successfully connected`)
  }

  /** Sends a prompt to the model. */
  prompt(content: string): void {
    this.#write({
      type: 'user',
      message: { role: 'user', content },
      parent_tool_use_id: null,
      session_id: '',
    })
  }

  /** Switches the plugin's channel on. */
  async enableChannel(): Promise<void> {
    this.#control({ subtype: 'initialize' })
    this.#control({ subtype: 'channel_enable', serverName: SERVER })
    await this.#untilLogged('Channel notifications registered')
  }

  /** The channel messages in the conversation, as of the newest request to the model. */
  shown(): readonly Shown[] {
    return this.model.shown()
  }

  /** Waits until the model is shown a message. */
  untilShown(text: string): Promise<Shown> {
    return this.model.untilShown(text, SHOWN_TIMEOUT_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { pid } of descendants(this.#child.pid)) end(pid)
    this.#child.kill('SIGKILL')
    await this.#child.exited
    await this.model[Symbol.asyncDispose]()
  }

  #control(request: Readonly<Record<string, string>>): void {
    this.#write({ type: 'control_request', request_id: `request-${++this.#requests}`, request })
  }

  #write(message: unknown): void {
    this.#child.stdin.write(`${JSON.stringify(message)}\n`)
    this.#child.stdin.flush()
  }

  async #untilLogged(what: string): Promise<void> {
    const log = (): string => (existsSync(this.#debugFile) ? readFileSync(this.#debugFile, 'utf8') : '')
    await until(`"${what}" in the client's log`, () => log().includes(what), START_TIMEOUT_MS)
  }
}
