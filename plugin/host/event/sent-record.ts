/** Records which messages have left this process. Bytes that have left cannot be recalled, whatever happens to delivery. */

import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { busyPauseMs } from '../../../base/patience.ts'
import { sleep } from '../../../base/sleep.ts'
import { isBusy } from '../../../base/sqlite.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'

export interface SentRecordOptions {
  readonly ledger: Ledger
  /** Called after messages of a workspace were recorded. */
  readonly onSent: (workspaceId: string) => void
  readonly log: (line: string) => void
  readonly clock: Clock
}

/** After a disk error. Constant, since a full disk takes a while to clear. */
const RETRY_MS = 1_000

/** When to try again after an error of the ledger: soon if another process was just writing to it. */
export function retryMs(error: unknown, tries: number, clock: Pick<Clock, 'random'>): number {
  return isBusy(error) ? busyPauseMs(tries, clock.random) : RETRY_MS
}
/** How long to retry once delivery has ended. */
export const LAST_TRIES_MS = 60_000

export class SentRecord {
  readonly #ledger: Ledger
  readonly #onSent: (workspaceId: string) => void
  readonly #log: (line: string) => void
  readonly #clock: Clock
  /** Left the process, not yet recorded. */
  #unrecorded: StoredMessage[] = []
  #recordingSoon = false

  constructor({ ledger, onSent, log, clock }: SentRecordOptions) {
    this.#ledger = ledger
    this.#onSent = onSent
    this.#log = log
    this.#clock = clock
  }

  /** The callbacks of one batch arrive together, so one transaction records them all. Never throws. */
  add(stored: StoredMessage): void {
    this.#unrecorded.push(stored)
    if (this.#recordingSoon) return
    this.#recordingSoon = true
    queueMicrotask(() => {
      this.#recordingSoon = false
      try {
        this.write()
      } catch (error) {
        // The messages stay `sending` and are recorded later. If this process ends first, the next session marks them
        // as possibly seen, which is true.
        if (!isBusy(error)) this.#log(`cannot yet record what was sent: ${describeError(error)}`)
      }
    })
  }

  /** @throws the ledger's error; what was not recorded is kept for the next call. */
  write(): void {
    if (this.#unrecorded.length === 0) return
    this.#ledger.markSent(this.#unrecorded, this.#clock.now())
    const workspaceIds = new Set(this.#unrecorded.map((message) => message.workspaceId))
    this.#unrecorded = []
    for (const workspaceId of workspaceIds) this.#onSent(workspaceId)
  }

  /**
   * Records what is left once all writes are over, through up to a minute of disk errors. Without it, a disk that is full
   * as delivery ends would leave messages `sending` for the life of this process, where they take up room and hold back
   * the acknowledgement.
   */
  async finish(): Promise<void> {
    let waited = 0
    for (let tries = 0; this.#unrecorded.length > 0 && waited < LAST_TRIES_MS; tries++) {
      try {
        this.write()
      } catch (error) {
        // Already logged by the first try.
        const pause = retryMs(error, tries, this.#clock)
        waited += pause
        await sleep(pause, undefined, this.#clock)
      }
    }
  }
}
