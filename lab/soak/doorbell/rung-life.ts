/** One session that is rung, and its host: the hooks report each bell, the model reads until nothing is left. */
import { z } from 'zod'
import type { EventParams } from '../../driver/channel-event.ts'
import type { InboxSocket } from '../../driver/inbox-socket.ts'
import { PluginProcess } from '../../driver/plugin-process.ts'
import { readPage, saysMore } from '../../driver/read-page.ts'

export interface RungLifeOptions {
  readonly number: number
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly script: string
  readonly inbox: InboxSocket
  /** Called with what each result gives. */
  readonly onRead: (events: readonly EventParams[]) => void
}

/** As Claude Code names itself, in a version that takes bells. */
const CLAUDE_CODE = { name: 'claude-code', version: '2.1.332' } as const
const READ = 'read '
const resultSchema = z.object({
  id: z.string().startsWith(READ),
  result: z.object({ content: z.tuple([z.object({ text: z.string() })]) }),
})

export class RungLife {
  readonly #options: RungLifeOptions
  readonly #plugin: PluginProcess
  readonly #bells: string[] = []
  #reads = 0
  #inTurn = false

  constructor(options: RungLifeOptions) {
    const { env, cwd, script, inbox } = options
    this.#options = options
    this.#plugin = new PluginProcess({
      env: { ...env, ...inbox.env, MOLECULE_CHANNEL: 'doorbell' },
      cwd,
      script,
      onMessage: (message) => this.#take(message),
    })
  }

  /** Completes the handshake; rejects when it is killed before. */
  async connect(): Promise<void> {
    await this.#plugin.request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: CLAUDE_CODE,
    })
    this.#plugin.notify('notifications/initialized')
    this.#plugin.send('tools/list', {})
  }

  /** The host was given a bell: it begins a turn, or waits for the end of the running one. */
  ring(prompt: string): void {
    this.#bells.push(prompt)
    if (!this.#inTurn) this.#begin()
  }

  /** Ends it as `kill -9` does. The host reads what is left in the pipe. */
  async kill(): Promise<number> {
    this.#plugin.signal('SIGKILL')
    return this.#plugin.exited()
  }

  /** Ends it as the host does. */
  async end(): Promise<number> {
    this.#plugin.endInput()
    return this.#plugin.exited()
  }

  get stderr(): string {
    return this.#plugin.stderr
  }

  #begin(): void {
    this.#inTurn = true
    for (const prompt of this.#bells.splice(0)) this.#hook({ prompt })
    this.#read()
  }

  #read(): void {
    const id = `${READ}${++this.#reads}`
    this.#plugin.send('tools/call', { name: 'read_messages', arguments: {} }, id)
  }

  #take(message: unknown): void {
    const answer = resultSchema.safeParse(message).data
    if (answer === undefined) return
    const { text } = answer.result.content[0]
    this.#options.onRead(readPage(text))
    if (saysMore(text)) {
      this.#read()
      return
    }
    this.#hook({ turn: 'ended' })
    this.#inTurn = false
    if (this.#bells.length > 0) this.#begin()
  }

  #hook(report: Readonly<Record<string, string>>): void {
    this.#plugin.send('tools/call', { name: 'channel_receipt', arguments: report })
  }
}
