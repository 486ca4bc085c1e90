/** Tells the platform up to where its rows may be pruned. Best effort, and in no hurry: it changes no answer of the feed. */
import { acknowledge } from '../client/activity.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import type { Ledger } from '../ledger/ledger.ts'

/** A burst is acknowledged once, when it is over. */
const DELAY_MS = 2_000

export class Acknowledgement {
  readonly #client: PlatformClient
  readonly #ledger: Ledger
  readonly #signal: AbortSignal
  #timer: ReturnType<typeof setTimeout> | undefined
  #acked = 0
  #supported = true

  constructor(client: PlatformClient, ledger: Ledger, signal: AbortSignal) {
    this.#client = client
    this.#ledger = ledger
    this.#signal = signal
    signal.addEventListener('abort', () => clearTimeout(this.#timer), { once: true })
  }

  /** Something was sent, so there may be more to acknowledge. */
  schedule(): void {
    if (!this.#supported || this.#timer !== undefined || this.#signal.aborted) return
    this.#timer = setTimeout(() => void this.#send(), DELAY_MS)
  }

  async #send(): Promise<void> {
    this.#timer = undefined
    try {
      const seq = this.#ledger.inbox.ackableSeq(this.#client.endpoint.workspaceId)
      if (seq === undefined || seq <= this.#acked) return
      await acknowledge(this.#client, seq, this.#signal)
      this.#acked = seq
    } catch (error) {
      // A platform that does not know the call keeps its rows a little longer; any other failure mends itself with
      // the next message.
      if (error instanceof PlatformError && error.kind === 'refused') this.#supported = false
    }
  }
}
