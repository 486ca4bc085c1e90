/** Lets the SDK's client speak with a plugin process. */
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { type JSONRPCMessage, JSONRPCMessageSchema } from '@modelcontextprotocol/sdk/types.js'
import { pause } from './pause.ts'
import { PluginProcess, type ProcessOptions } from './plugin-process.ts'

/** How long a process may take to end after the end of its input. */
const END_WITHIN_MS = 4_000

export class PluginTransport implements Transport {
  onclose?: () => void
  onerror?: (error: Error) => void
  onmessage?: NonNullable<Transport['onmessage']>
  /** Runs from the start, so that every byte can be seen. */
  readonly process: PluginProcess

  constructor(options: ProcessOptions) {
    this.process = new PluginProcess({ ...options, onMessage: (message) => this.#take(message) })
    void this.process.exited().then(() => this.onclose?.())
  }

  async start(): Promise<void> {
    // The process is already running.
  }

  async send(message: JSONRPCMessage): Promise<void> {
    this.process.write(`${JSON.stringify(message)}\n`)
  }

  async close(): Promise<void> {
    const ended = this.process.exited()
    this.process.endInput()
    const inTime = new AbortController()
    await Promise.race([ended, pause(END_WITHIN_MS, inTime.signal)])
    inTime.abort()
    this.process.signal('SIGKILL')
    await ended
  }

  #take(message: unknown): void {
    const parsed = JSONRPCMessageSchema.safeParse(message)
    if (parsed.success) this.onmessage?.(parsed.data)
    else this.onerror?.(parsed.error)
  }
}
