/** The pipes to the host, with news of which answers have left the process. */
import { StdioServerTransport } from '@modelcontextprotocol/sdk/server/stdio.js'
import type { JSONRPCMessage, RequestId } from '@modelcontextprotocol/sdk/types.js'

/** Answers that are waited for; of a request that was cancelled none ever comes. */
const MAX_WAITING = 100

export class HostTransport extends StdioServerTransport {
  readonly #waiting = new Map<RequestId, () => void>()

  /** Has `run` called once the answer to a request has been taken by the pipe, which a host that does not read delays. */
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
