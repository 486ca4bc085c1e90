/**
 * The event streams and sockets that are open. Each lasts as long as the token that opened it, and each caller has a
 * bounded number: one more takes the place of the oldest, which a client that lost its connection no longer reads.
 */

export interface OpenStream {
  /** Whose it is. */
  readonly caller: string
  /** Whether its token still opens it. */
  readonly isAllowed: () => boolean
  /** Ends it. */
  readonly end: () => void
}

/** More than the sessions and pages of one caller need. */
const MAX_STREAMS = 32

export class OpenStreams {
  /** The oldest first. */
  readonly #open = new Set<OpenStream>()
  #isCheckDue = false

  /** Returns what forgets it once it has ended. */
  add(stream: OpenStream): () => void {
    const [oldest, ...others] = [...this.#open].filter(({ caller }) => caller === stream.caller)
    if (oldest !== undefined && others.length + 1 >= MAX_STREAMS) this.#end(oldest)
    this.#open.add(stream)
    return () => this.#open.delete(stream)
  }

  /** Tokens were revoked, perhaps within a transaction: ends the streams that they opened, right after it. */
  recheck(): void {
    if (this.#isCheckDue) return
    this.#isCheckDue = true
    queueMicrotask(() => {
      this.#isCheckDue = false
      for (const stream of [...this.#open]) if (!stream.isAllowed()) this.#end(stream)
    })
  }

  #end(stream: OpenStream): void {
    this.#open.delete(stream)
    stream.end()
  }
}
