/** One running session: the plugin's process, started as the host starts it, and the pipe that its host reads, or not. */
import { rmSync } from 'node:fs'
import { CHANNEL_METHOD } from '../../plugin/host/event/notification.ts'
import { type EventParams, PluginProcess } from '../driver/plugin-process.ts'
import { UnreadPipe } from '../driver/unread-pipe.ts'

export interface SessionOptions {
  readonly number: number
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly script: string
  readonly pipePath: string
  readonly onEvent: (event: EventParams) => void
  /** Milliseconds after which the model is given an event and the prompt hook tells; undefined: it never does. */
  readonly receiptAfterMs: (event: EventParams) => number | undefined
  readonly complain: (sentence: string) => void
}

export const WAYS_TO_END = ['kill', 'end of input', 'interrupt'] as const
export type WayToEnd = (typeof WAYS_TO_END)[number]

/** Far above the promised 50 ms: what is judged is whether it ends, on whatever machine. */
const END_WITHIN_MS = 8_000

/** Of a `status`, as JSON text: how many workspaces are held by that session with an event stream open. */
export function liveWorkspacesIn(status: string): number {
  return status.match(/held here[^\\]*event stream open/g)?.length ?? 0
}

export class HostSession {
  readonly number: number
  readonly #o: SessionOptions
  readonly #plugin: PluginProcess
  readonly #pipe: UnreadPipe
  readonly #connecting: Promise<void>
  readonly #receipts = new Set<ReturnType<typeof setTimeout>>()
  #reading = false
  #stalled = false
  #heldBack = false
  #ending = false
  #connected = false

  constructor(options: SessionOptions) {
    const { number, env, cwd, script, pipePath } = options
    this.#o = options
    this.number = number
    this.#pipe = new UnreadPipe(pipePath)
    // Both ends are open: the name is not needed any more.
    rmSync(pipePath)
    this.#plugin = new PluginProcess({
      env,
      cwd,
      script,
      stdout: this.#pipe.writeEnd,
      onEvent: (event) => this.#take(event),
    })
    this.#update()
    this.#connecting = this.#plugin.connect(`soak-${number}`).then(
      () => {
        this.#connected = true
      },
      (error: unknown) => {
        // A session may be ended long before it is connected.
        if (!this.#ending) options.complain(`session ${number} did not connect: ${String(error)}`)
      },
    )
  }

  get pid(): number {
    return this.#plugin.pid
  }

  get stalled(): boolean {
    return this.#stalled
  }

  /** Whether it can be stalled now: a host in the middle of the handshake reads on. */
  get reads(): boolean {
    return this.#connected && !this.#stalled
  }

  /** The host reads nothing until it is told to read on. */
  stall(): void {
    this.#stalled = true
    this.#update()
  }

  readOn(): void {
    this.#stalled = false
    this.#update()
  }

  /** As {@link stall}, for the moment in which another session of the same folder ends. */
  holdBack(held: boolean): void {
    this.#heldBack = held
    this.#update()
  }

  /** How many of its workspaces it receives for, with an event stream open. */
  async liveWorkspaces(): Promise<number> {
    await this.#connecting
    if (!this.#connected) return 0
    return liveWorkspacesIn(await this.#plugin.call('status'))
  }

  /**
   * Ends the process, and resolves when it is gone.
   *
   * @param readRest whether the host still reads what lies in the pipe, or went with the process.
   * @returns how many events in the pipe were never read.
   */
  async end(way: WayToEnd, readRest: boolean): Promise<number> {
    this.#ending = true
    for (const receipt of this.#receipts) clearTimeout(receipt)
    const diedBefore = this.#plugin.exitCode !== null
    if (way === 'kill') this.#plugin.signal('SIGKILL')
    else if (way === 'interrupt') this.#plugin.signal('SIGINT')
    else this.#plugin.endInput()
    const tooLong = setTimeout(() => {
      this.#o.complain(`session ${this.number} did not end within ${END_WITHIN_MS} ms of: ${way}`)
      this.#plugin.signal('SIGKILL')
    }, END_WITHIN_MS)
    const code = await this.#plugin.exited()
    clearTimeout(tooLong)
    if (diedBefore) this.#o.complain(`session ${this.number} had ended by itself (exit code ${code})`)
    else if (this.#connected && way !== 'kill' && code !== 0) {
      // Before that the signal may have come when nobody could listen to it yet.
      this.#o.complain(`session ${this.number} ended with code ${code} after: ${way}`)
    }
    const rest = this.#pipe.read()
    if (readRest) this.#plugin.feed(rest)
    this.#pipe[Symbol.dispose]()
    return readRest ? 0 : rest.split(CHANNEL_METHOD).length - 1
  }

  #update(): void {
    const reads = !this.#stalled && !this.#heldBack && !this.#ending
    if (reads === this.#reading) return
    this.#reading = reads
    if (reads) this.#pipe.flow((text) => this.#read(text))
    else this.#pipe.stall()
  }

  #read(text: string): void {
    if (text === '') return
    this.#plugin.feed(text)
    this.#forget()
  }

  /** Lines were dealt with as they came; a long life must not gather them. */
  #forget(): void {
    const { lines, events } = this.#plugin
    for (const line of lines) {
      if (!line.startsWith('{"'))
        this.#o.complain(`session ${this.number} wrote what is no message: ${line.slice(0, 80)}`)
    }
    lines.length = 0
    events.length = 0
  }

  #take(event: EventParams): void {
    this.#o.onEvent(event)
    const afterMs = this.#ending ? undefined : this.#o.receiptAfterMs(event)
    if (afterMs === undefined) return
    const receipt = setTimeout(() => {
      this.#receipts.delete(receipt)
      this.#confirm(event)
    }, afterMs)
    this.#receipts.add(receipt)
  }

  /** What the host's prompt hook calls when the model is given the event. Its answer says nothing, and is not waited for. */
  #confirm({ content, meta }: EventParams): void {
    const attributes = Object.entries({ source: 'plugin:molecule:molecule', ...meta })
    const tag = `<channel ${attributes.map(([name, value]) => `${name}="${value}"`).join(' ')}>`
    this.#plugin.write(
      `${JSON.stringify({
        jsonrpc: '2.0',
        id: `receipt ${meta.activity_id}`,
        method: 'tools/call',
        params: { name: 'channel_receipt', arguments: { prompt: `${tag}\n${content}\n</channel>` } },
      })}\n`,
    )
  }
}
