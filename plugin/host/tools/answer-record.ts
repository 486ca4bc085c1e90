/**
 * Records the outcomes of requests to peers, in the order in which they came. The answer of a peer that answers in the
 * same request may exist nowhere else, so one that cannot be recorded is kept until it can be, or the session ends.
 */
import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { busyPauseMs, DatabaseBusy, PATIENCE_MS } from '../../../base/patience.ts'
import { counted } from '../../../base/plural.ts'
import { sleep } from '../../../base/sleep.ts'
import { isBusy } from '../../../base/sqlite.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import type { RequestOutcome } from '../../../member/ledger/peer-requests.ts'

export interface AnswerRecordOptions {
  /** Undefined while the state folder cannot be used. */
  readonly ledger: () => Ledger | undefined
  /** Called when a message was stored that waits for delivery. */
  readonly onStored: () => void
  readonly log: (line: string) => void
  readonly clock: Clock
  /** Aborts when the session ends. What is not recorded then is lost. */
  readonly signal: AbortSignal
}

export interface Recorded {
  readonly stored: StoredMessage | undefined
  /** The call tells the answer. */
  readonly isTaken: boolean
  /** Undefined: it is not recorded yet. */
  readonly ledger: Ledger | undefined
}

interface Pending {
  readonly workspaceId: string
  readonly outcome: RequestOutcome
  /** Whether the call tells the answer. Asked when it is stored. */
  readonly takes: () => boolean
  /** Tells the call, once. */
  readonly settle: (recorded: Recorded) => void
  /** The call was not kept waiting, and has told the answer. */
  wasTold: boolean
}

const UNRECORDED: Recorded = { stored: undefined, isTaken: false, ledger: undefined }
/** Another process has been writing for long, or the disk is full: both take a while to clear. */
const RETRY_MS = 1_000

export class AnswerRecord {
  readonly #options: AnswerRecordOptions
  readonly #pending: Pending[] = []
  #isWriting = false
  /** The ledger cannot be written for now, so that no call waits for it. */
  #isFailing = false

  constructor(options: AnswerRecordOptions) {
    this.#options = options
  }

  /** How many outcomes are not recorded yet. The caller bounds it. */
  get size(): number {
    return this.#pending.length
  }

  /**
   * Never rejects: the peer has the message, whether or not that can be recorded.
   *
   * @param takes whether the call tells the answer. Asked when it is stored.
   * @returns once the outcome is recorded, or soon if the ledger cannot be written. Then it is recorded later.
   */
  add(workspaceId: string, outcome: RequestOutcome, takes: () => boolean): Promise<Recorded> {
    return new Promise((settle) => {
      this.#pending.push({ workspaceId, outcome, takes, settle, wasTold: false })
      if (this.#isFailing) this.#freeCalls()
      if (!this.#isWriting) void this.#write()
    })
  }

  async #write(): Promise<void> {
    const { clock, signal } = this.#options
    this.#isWriting = true
    let waited = 0
    let tries = 0
    for (let first = this.#pending[0]; first !== undefined; first = this.#pending[0]) {
      try {
        this.#record(first)
        this.#pending.shift()
        this.#isFailing = false
        waited = 0
        tries = 0
      } catch (error) {
        const isShort = isBusy(error) && waited < PATIENCE_MS
        if (!isShort) this.#fail(error)
        const pause = isShort ? busyPauseMs(tries, clock.random) : RETRY_MS * (0.5 + 0.5 * clock.random())
        waited += pause
        tries++
        await sleep(pause, signal, clock)
        if (signal.aborted) this.#drop()
      }
    }
    this.#isWriting = false
  }

  /** @throws the ledger's error. */
  #record({ workspaceId, outcome, takes, settle, wasTold }: Pending): void {
    const { clock, onStored } = this.#options
    const ledger = this.#options.ledger()
    if (ledger === undefined) throw new Error('the state folder cannot be used')
    const isTaken = wasTold || takes()
    const stored = ledger.of(workspaceId).storeOutcome(outcome, isTaken, clock.now())
    if (stored !== undefined && wasTold) ledger.delegations.told(stored)
    if (stored !== undefined && !isTaken) onStored()
    settle({ stored, isTaken, ledger })
  }

  #fail(error: unknown): void {
    if (this.#isFailing) return
    this.#isFailing = true
    const reason = describeError(isBusy(error) ? new DatabaseBusy() : error)
    this.#options.log(`cannot record a peer's answer yet: ${reason}`)
    this.#freeCalls()
  }

  /** A call tells what it has without the ledger. What is left to record is that a request which was noted is over. */
  #freeCalls(): void {
    const hasLedger = this.#options.ledger() !== undefined
    for (const pending of this.#pending.splice(0)) {
      const { outcome, takes, settle } = pending
      pending.wasTold ||= takes()
      settle(UNRECORDED)
      const isTold = pending.wasTold || outcome.entry === undefined
      const isNoted = outcome.taskId !== null || outcome.messageId !== null
      if (!isTold || (hasLedger && isNoted)) this.#pending.push(pending)
    }
  }

  #drop(): void {
    const { length } = this.#pending.splice(0)
    this.#options.log(`the session ended before ${counted(length, 'answer')} from peers could be recorded`)
  }
}
