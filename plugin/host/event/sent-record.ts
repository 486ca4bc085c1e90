/** Writes down which messages have left this process. Bytes that have left have left, whatever becomes of delivery. */

import { describeError } from '../../../base/errors.ts'
import { sleep, type Timers } from '../../../base/sleep.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'

export interface SentRecordOptions {
  readonly ledger: Ledger
  /** Called after messages of a workspace were recorded. */
  readonly onSent: (workspaceId: string) => void
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly now: () => number
  readonly timers: Timers
}

/** After a failure of the disk. The cap is reached at once: a full disk is not mended in a hurry. */
export const RETRY_MS = 1_000
/** So often it is tried, once delivery has ended, to record what was sent by then. */
const LAST_TRIES = 60

export class SentRecord {
  readonly #o: SentRecordOptions
  /** Left the process, not yet recorded. */
  #sent: StoredMessage[] = []
  #recordingSoon = false
  #recordingLast = false

  constructor(options: SentRecordOptions) {
    this.#o = options
  }

  /** Callbacks of one batch arrive together; what arrived is recorded in one transaction. */
  add(stored: StoredMessage): void {
    this.#sent.push(stored)
    if (this.#recordingSoon) return
    this.#recordingSoon = true
    queueMicrotask(() => {
      this.#recordingSoon = false
      try {
        this.write()
      } catch (error) {
        // They stay `sending` and are recorded later; should this process end before, the next session marks them
        // as possibly seen, which is true.
        if (this.#o.signal.aborted) void this.finish()
        else this.#o.log(`cannot record yet what was sent: ${describeError(error)}`)
      }
    })
  }

  /** @throws what the disk throws; what was to be recorded is kept. */
  write(): void {
    if (this.#sent.length === 0) return
    this.#o.ledger.markSent(this.#sent, this.#o.now())
    const workspaceIds = new Set(this.#sent.map((message) => message.workspaceId))
    this.#sent = []
    for (const workspaceId of workspaceIds) this.#o.onSent(workspaceId)
  }

  /**
   * A disk that is full as delivery ends would leave messages `sending` for as long as this process lives on: they
   * would take up room and hold back the acknowledgement.
   */
  async finish(): Promise<void> {
    if (this.#recordingLast) return
    this.#recordingLast = true
    for (let tries = 0; this.#sent.length > 0 && tries < LAST_TRIES; tries++) {
      try {
        this.write()
      } catch {
        // Said before, as the cause of the pause or of the end; it is tried again, so many times.
        await sleep(RETRY_MS, undefined, this.#o.timers)
      }
    }
    this.#recordingLast = false
  }
}
