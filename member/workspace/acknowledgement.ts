/** Tells the platform which rows it may prune. Best effort and not urgent: it does not change what the feed returns. */
import { acknowledge } from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import type { Workspace } from './workspace.ts'

/** A burst is acknowledged once, at its end. */
const DELAY_MS = 2_000

export class Acknowledgement {
  readonly #workspace: Workspace
  #cancel: (() => void) | undefined
  #acked = 0
  #supported = true

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    workspace.signal.addEventListener('abort', () => this.#cancel?.(), { once: true })
  }

  /** Messages were sent, so there may be more to acknowledge. */
  schedule(): void {
    const { clock, signal } = this.#workspace
    if (!this.#supported || this.#cancel !== undefined || signal.aborted) return
    this.#cancel = clock.after(DELAY_MS, () => void this.#send())
  }

  async #send(): Promise<void> {
    this.#cancel = undefined
    const { client, ledger, signal } = this.#workspace
    try {
      const seq = ledger.ackableSeq()
      // Lower than before once the platform was restored from a backup.
      if (seq === undefined || seq === this.#acked) return
      await acknowledge(client, seq, signal)
      this.#acked = seq
    } catch (error) {
      // A platform that does not know the call keeps its rows a little longer. The next message makes up for any other
      // failure.
      if (error instanceof PlatformError && error.kind === 'refused') this.#supported = false
    }
  }
}
