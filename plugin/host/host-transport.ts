/** The pipes to the host. Reports which responses have left the process, and which of them the host did not take. */
import type { Readable, Writable } from 'node:stream'
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import {
  CancelledNotificationSchema,
  type JSONRPCMessage,
  type RequestId,
} from '@modelcontextprotocol/sdk/types.js'
import { MAX_MESSAGE_BYTES } from './host-input.ts'

/** Requests to track. A cancelled one never gets an answer, so the oldest is dropped. */
const MAX_WAITING = 100

interface Sending {
  readonly sent: () => void
  readonly dropped: (() => void) | undefined
}

export class HostTransport extends StdioServerTransport {
  readonly #waiting = new Map<RequestId, Sending>()
  /** Of the latest responses that have left. */
  readonly #dropped = new Map<RequestId, () => void>()

  /** @param input gives each message as one line, as `host-input.ts` does. */
  constructor(input: Readable, output: Writable) {
    // A message may have grown a little when it was written anew.
    super(input, output, { maxBufferSize: 2 * MAX_MESSAGE_BYTES })
  }

  /**
   * Runs `sent` once the response to a request is in the pipe; while the host does not read, that waits. Runs `dropped`
   * if the host cancels the request after that: it takes no response to it any more.
   */
  readonly whenSent = (id: RequestId, sent: () => void, dropped?: () => void): void => {
    keep(this.#waiting, id, { sent, dropped })
  }

  override async start(): Promise<void> {
    const take = this.onmessage
    this.onmessage = (message) => {
      take?.(message)
      if (!('method' in message) || message.method !== 'notifications/cancelled') return
      const cancelled = CancelledNotificationSchema.safeParse(message).data?.params.requestId
      if (cancelled === undefined) return
      this.#dropped.get(cancelled)?.()
      this.#dropped.delete(cancelled)
    }
    await super.start()
  }

  override async send(message: JSONRPCMessage): Promise<void> {
    await super.send(message)
    if (!('result' in message)) return
    const waiting = this.#waiting.get(message.id)
    this.#waiting.delete(message.id)
    if (waiting?.dropped !== undefined) keep(this.#dropped, message.id, waiting.dropped)
    waiting?.sent()
  }
}

function keep<T>(map: Map<RequestId, T>, id: RequestId, value: T): void {
  const [oldest] = map.keys()
  if (map.size >= MAX_WAITING && oldest !== undefined) map.delete(oldest)
  map.set(id, value)
}
