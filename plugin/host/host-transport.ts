/** The pipes to the host. Reports which responses have left the process. */
import type { Readable, Writable } from 'node:stream'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js'
import { MAX_MESSAGE_BYTES } from './host-input.ts'

/** Requests to track. A cancelled one never gets an answer, so the oldest is dropped. */
const MAX_WAITING = 100

export class HostTransport extends StdioServerTransport {
  readonly #waiting = new Map<RequestId, () => void>()

  /** @param input gives each message as one line, as `host-input.ts` does. */
  constructor(input: Readable, output: Writable) {
    // A message may have grown a little when it was written anew.
    super(input, output, { maxBufferSize: 2 * MAX_MESSAGE_BYTES })
  }

  /** Runs `run` once the response to a request is in the pipe; while the host does not read, that waits. */
  readonly whenSent = (id: RequestId, run: () => void): void => {
    const [oldest] = this.#waiting.keys()
    if (this.#waiting.size >= MAX_WAITING && oldest !== undefined) this.#waiting.delete(oldest)
    this.#waiting.set(id, run)
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message)
    if (!('result' in message)) return
    const run = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    run?.()
  }
}
