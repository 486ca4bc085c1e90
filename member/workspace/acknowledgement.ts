/** Tells the platform which rows it may prune. Best effort and not urgent: it does not change what the feed returns. */
import { acknowledge } from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import type { Workspace } from './workspace.ts'

/** A burst is acknowledged once, when so long nothing more was sent. */
const QUIET_MS = 300
/** It is acknowledged in parts of this length. */
const LONGEST_MS = 2_000

export class Acknowledgement {
  readonly #workspace: Workspace
  #cancel: (() => void) | undefined
  /** When the burst began that is not acknowledged yet. */
  #begunAt: number | undefined
  #acked = 0
  #supported = true

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    workspace.signal.addEventListener('abort', () => this.#cancel?.(), { once: true })
  }

  /** Messages were sent, so there may be more to acknowledge. */
  schedule(): void {
    const { clock, signal } = this.#workspace
    if (!this.#supported || signal.aborted) return
    this.#begunAt ??= clock.now()
    const left = LONGEST_MS - Math.abs(clock.now() - this.#begunAt)
    this.#cancel?.()
    this.#cancel = clock.after(Math.max(0, Math.min(QUIET_MS, left)), () => void this.#send())
  }

  async #send(): Promise<void> {
    this.#cancel = this.#begunAt = undefined
    const { client, ledger, signal } = this.#workspace
    try {
      const seq = ledger.ackableSeq()
      // Lower than before once the platform was restored from a backup.
      if (seq === undefined || seq === this.#acked) return
      await acknowledge(client, seq, signal)
      this.#acked = seq
    } catch (error) {
      // A platform that does not know the call keeps its rows a little longer. One that was restored from a backup refuses
      // a number beyond its end (400). The next message makes up for that, and for any other failure.
      const isRefused = error instanceof PlatformError && error.kind === 'refused' && error.status !== 400
      if (isRefused) this.#supported = false
    }
  }
}
