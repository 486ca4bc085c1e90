/**
 * Tells the platform which rows it may prune and, if it takes that, which messages the model has seen or answered. Best
 * effort and not urgent: it does not change what the feed returns.
 */
import { patiently } from '../../base/patience.ts'
import { tellProgress } from '../client/activity.ts'
import { PlatformError } from '../client/errors.ts'
import type { Workspace } from './workspace.ts'

/** A burst is acknowledged once, when so long nothing more was sent. */
const QUIET_MS = 300
/** It is acknowledged in parts of this length. */
const LONGEST_MS = 2_000
/** How often to look for receipts that another session recorded. */
const RECEIPTS_EVERY_MS = 5_000
/** After a failure, receipts alone are no reason to ask again for so long. */
const FAILED_MS = 60_000
/** Receipts in one request. */
const MOST_AT_ONCE = 100

export class Acknowledgement {
  readonly #workspace: Workspace
  #cancel: (() => void) | undefined
  #stopLooking: (() => void) | undefined
  /** When the burst began that is not acknowledged yet. */
  #begunAt: number | undefined
  #failedAt = Number.NEGATIVE_INFINITY
  #acked = 0
  /** Refused as beyond the end: receipts go without it. */
  #beyond: number | undefined
  #supported = true
  #takesReceipts = true

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    const forget = workspace.ledger.receipts.news.listen(() => this.#noteReceipt())
    workspace.signal.addEventListener(
      'abort',
      () => {
        this.#cancel?.()
        this.#stopLooking?.()
        forget()
      },
      { once: true },
    )
  }

  /** Messages were sent, so there may be more to acknowledge. */
  schedule(): void {
    const { clock, signal } = this.#workspace
    if (!this.#supported || signal.aborted) return
    this.#stopLooking ??= clock.every(RECEIPTS_EVERY_MS, () => this.#look())
    this.#begunAt ??= clock.now()
    const left = LONGEST_MS - Math.abs(clock.now() - this.#begunAt)
    this.#cancel?.()
    this.#cancel = clock.after(Math.max(0, Math.min(QUIET_MS, left)), () => void this.#send())
  }

  /** Before the first {@link schedule}, the platform may not be known to be there. */
  #noteReceipt(): void {
    if (this.#takesReceipts && this.#stopLooking !== undefined) this.schedule()
  }

  #look(): void {
    const { ledger, clock } = this.#workspace
    if (!this.#takesReceipts || Math.abs(clock.now() - this.#failedAt) < FAILED_MS) return
    try {
      if (ledger.receipts.due(1).length > 0) this.schedule()
    } catch {
      // The ledger cannot be read right now: the next look asks again.
    }
  }

  async #send(): Promise<void> {
    this.#cancel = this.#begunAt = undefined
    const { client, ledger, clock, signal } = this.#workspace
    let seq: number | undefined
    try {
      seq = ledger.ackableSeq()
      const receipts = this.#takesReceipts ? ledger.receipts.due(MOST_AT_ONCE) : []
      // Lower than before once the platform was restored from a backup.
      const isNew = seq !== this.#acked && seq !== this.#beyond
      const next = isNew ? seq : undefined
      if (next === undefined && receipts.length === 0) return
      // Zero acknowledges nothing.
      const { takesReceipts } = await tellProgress(client, { seq: next ?? 0, receipts }, signal)
      if (next !== undefined) this.#acked = next
      if (receipts.length === 0) return
      this.#takesReceipts = takesReceipts
      if (!takesReceipts) return
      await patiently(() => ledger.receipts.markTaken(receipts), clock, signal)
      if (receipts.length === MOST_AT_ONCE) this.schedule()
    } catch (error) {
      // An empty refusal is the word of a guard before the platform. The next message makes up for that, and for any other
      // failure.
      const isRefused = error instanceof PlatformError && error.kind === 'refused' && error.body !== ''
      // A platform that was restored from a backup refuses a number beyond its end.
      if (isRefused && error.status === 400) this.#beyond = seq
      else this.#failedAt = clock.now()
      // One that does not know the call keeps its rows a little longer.
      if (isRefused && error.status !== 400) this.#supported = false
    }
  }
}
