/** One session: the plugin's process, started as the host starts it, and a pipe that its host may or may not read. */
import { systemClock } from '../../base/clock.ts'
import { CHANNEL_METHOD } from '../../plugin/host/event/notification.ts'
import { type EventParams, promptOf } from '../driver/channel-event.ts'
import { PluginProcess } from '../driver/plugin-process.ts'
import { UnreadPipe } from '../driver/unread-pipe.ts'

export interface SessionOptions {
  readonly number: number
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  readonly script: string
  readonly pipePath: string
  readonly onEvent: (event: EventParams) => void
  /** Milliseconds until the model is given an event and the prompt hook reports it; undefined: never. */
  readonly receiptAfterMs: (event: EventParams) => number | undefined
  readonly complain: (sentence: string) => void
}

export const WAYS_TO_END = ['kill', 'end of input', 'interrupt'] as const
export type WayToEnd = (typeof WAYS_TO_END)[number]

/** Far above the promised 50 ms: what counts on any machine is that the process ends. */
const END_WITHIN_MS = 8_000

/** In a `status` as JSON text: how many workspaces this session holds with an event stream open. */
export function liveWorkspacesIn(status: string): number {
  return status.match(/held here[^\\]*event stream open/g)?.length ?? 0
}

export class HostSession {
  readonly number: number
  readonly #options: SessionOptions
  readonly #plugin: PluginProcess
  readonly #pipe: UnreadPipe
  readonly #connecting: Promise<void>
  /** Cancels each receipt that is due. */
  readonly #receipts = new Set<() => void>()
  #reading = false
  #stalled = false
  #heldBack = false
  #ending = false
  #connected = false

  constructor(options: SessionOptions) {
    const { number, env, cwd, script, pipePath } = options
    this.#options = options
    this.number = number
    this.#pipe = new UnreadPipe(pipePath)
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

  /** Whether it may be stalled now: a host in the middle of the handshake keeps reading. */
  get reads(): boolean {
    return this.#connected && !this.#stalled
  }

  /** The host reads nothing until {@link readOn}. */
  stall(): void {
    this.#stalled = true
    this.#update()
  }

  readOn(): void {
    this.#stalled = false
    this.#update()
  }

  /** Like {@link stall}, while another session of the same folder ends. */
  holdBack(held: boolean): void {
    this.#heldBack = held
    this.#update()
  }

  /** How many workspaces it receives for over an event stream. */
  async liveWorkspaces(): Promise<number> {
    await this.#connecting
    if (!this.#connected) return 0
    return liveWorkspacesIn(await this.#plugin.call('status'))
  }

  /**
   * Ends the process, and resolves when it is gone.
   *
   * @param readRest whether the host still reads what is in the pipe; otherwise it goes with the process.
   * @returns how many events in the pipe were never read.
   */
  async end(way: WayToEnd, readRest: boolean): Promise<number> {
    const { number, complain } = this.#options
    this.#ending = true
    for (const cancel of this.#receipts) cancel()
    const diedBefore = this.#plugin.exitCode !== null
    if (way === 'kill') this.#plugin.signal('SIGKILL')
    else if (way === 'interrupt') this.#plugin.signal('SIGINT')
    else this.#plugin.endInput()
    const cancel = systemClock.after(END_WITHIN_MS, () => {
      complain(`session ${number} did not end within ${END_WITHIN_MS} ms after: ${way}`)
      this.#plugin.signal('SIGKILL')
    })
    const code = await this.#plugin.exited()
    cancel()
    if (diedBefore) complain(`session ${number} ended by itself (exit code ${code})`)
    else if (this.#connected && way !== 'kill' && code !== 0) {
      // Before the handshake a signal may arrive before there is a handler for it.
      complain(`session ${number} ended with code ${code} after: ${way}`)
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

  /** Every line was handled on arrival; a long run must not accumulate them. */
  #forget(): void {
    const { lines, events } = this.#plugin
    const { number, complain } = this.#options
    for (const line of lines) {
      if (!line.startsWith('{"'))
        complain(`session ${number} wrote a line that is no message: ${line.slice(0, 80)}`)
    }
    lines.length = 0
    events.length = 0
  }

  #take(event: EventParams): void {
    this.#options.onEvent(event)
    const afterMs = this.#ending ? undefined : this.#options.receiptAfterMs(event)
    if (afterMs === undefined) return
    const cancel = systemClock.after(afterMs, () => {
      this.#receipts.delete(cancel)
      this.#confirm(event)
    })
    this.#receipts.add(cancel)
  }

  /** What the host's prompt hook sends when the model is given the event. It need not wait for the answer. */
  #confirm(event: EventParams): void {
    const args = { name: 'channel_receipt', arguments: { prompt: promptOf(event) } }
    this.#plugin.send('tools/call', args, `receipt ${event.meta.activity_id}`)
  }
}
