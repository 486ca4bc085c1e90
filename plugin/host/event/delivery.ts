/**
 * Takes messages from the ledger and lets them leave in order, in one queue for the whole session.
 *
 * A message counts as sent once its bytes have left this process. The bytes stay in memory while the host does not read
 * its pipe, so only a small batch is ever in flight; the rest waits on disk.
 */

import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { DatabaseBusy, PATIENCE_MS } from '../../../base/patience.ts'
import { sleep } from '../../../base/sleep.ts'
import { isBusy } from '../../../base/sqlite.ts'
import { Turns } from '../../../base/turns.ts'
import { Wake } from '../../../base/wake.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import { type DueDigest, NextEvents, type NextEventsOptions } from './next-events.ts'
import { HOST_INTERVAL_MS, NotTaken, type Outlet, type Page, type Ready } from './outlet.ts'
import { LAST_TRIES_MS, retryMs, SentRecord } from './sent-record.ts'

export interface DeliveryOptions extends Omit<NextEventsOptions, 'maxChars' | 'onArrival'> {
  readonly outlet: Outlet
  /** Called after messages of a workspace were sent. */
  readonly onSent: (workspaceId: string) => void
  /** Called when messages wait again that were taken before delivery ended: another queue may let them leave. */
  readonly onTakenBack?: (() => void) | undefined
  readonly signal: AbortSignal
}

type MessageId = Pick<StoredMessage, 'workspaceId' | 'activityId'>

export class DeliveryLine {
  readonly #ledger: Ledger
  readonly #outlet: Outlet
  readonly #held: () => readonly string[]
  readonly #onTakenBack: () => void
  readonly #signal: AbortSignal
  readonly #log: (line: string) => void
  readonly #clock: Clock
  readonly #wake: Wake
  readonly #sent: SentRecord
  readonly #next: NextEvents
  /** How many messages of a workspace were never confirmed, until its next event says so. */
  readonly #unconfirmed = new Map<string, number>()
  /** Never reached the host, and still to be marked as waiting. */
  #notTaken: MessageId[] = []
  #problem: string | undefined

  constructor(options: DeliveryOptions) {
    const { ledger, outlet, held, onSent, onTakenBack = () => {}, signal, log, clock } = options
    this.#ledger = ledger
    this.#outlet = outlet
    this.#held = held
    this.#onTakenBack = onTakenBack
    this.#signal = signal
    this.#log = log
    this.#clock = clock
    this.#wake = new Wake(clock)
    this.#sent = new SentRecord({ ledger, onSent, log, clock })
    this.#next = new NextEvents({
      ...options,
      maxChars: outlet.maxChars,
      onArrival: () => this.#wake.notify(),
    })
  }

  /** There may be something new to deliver, or room for it. */
  notify(): void {
    this.#wake.notify()
  }

  /** Makes the next event of a workspace say how many of its earlier messages may never have been seen. */
  announceUnconfirmed(workspaceId: string, count: number): void {
    this.#unconfirmed.set(workspaceId, count)
  }

  /** What has left was dropped by the host, and waits again. */
  drop(messages: readonly MessageId[]): void {
    this.#notTaken.push(...messages)
    this.#wake.notify()
  }

  /** Why nothing can be delivered now; undefined while it can. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Delivers until the signal aborts or the host accepts no more messages. Never rejects. */
  async run(): Promise<void> {
    await this.#deliver()
    await this.#sent.finish()
    await this.#finishTakingBack()
  }

  async #deliver(): Promise<void> {
    const signal = this.#signal
    /** Failures in a row, and the milliseconds waited since the first. */
    let [failures, waited] = [0, 0]
    const turns = new Turns(this.#clock)
    while (!signal.aborted) {
      try {
        await turns.next(signal)
        if (signal.aborted) return
        this.#sent.write()
        this.#takeBack()
        const page = this.#outlet.open()
        if (page === undefined && this.#outlet.announce === undefined) {
          await sleep(HOST_INTERVAL_MS, signal, this.#clock)
          continue
        }
        const writing = page === undefined ? this.#announce() : this.#beginBatch(page)
        this.#problem = undefined
        failures = waited = 0
        if (writing === undefined) {
          await this.#wake.wait(this.#next.idleMs(page === undefined), signal)
        } else if (!(await writing)) {
          this.#problem = 'the host accepts no more messages'
          this.#log(`delivery stops: ${this.#problem}`)
          return
        }
      } catch (error) {
        const isUsual = isBusy(error) && waited < PATIENCE_MS
        const problem = describeError(isBusy(error) ? new DatabaseBusy() : error)
        if (!isUsual && problem !== this.#problem) this.#log(`delivery pauses: ${problem}`)
        if (!isUsual) this.#problem = problem
        const pause = retryMs(error, failures++, this.#clock)
        waited += pause
        await sleep(pause, signal, this.#clock)
      }
    }
  }

  /** @throws the ledger's error; what was not taken back is kept for the next call. */
  #takeBack(): void {
    if (this.#notTaken.length === 0) return
    this.#ledger.takeBack(this.#notTaken)
    this.#notTaken = []
  }

  /** For a call that was given up after the end of delivery, through up to a minute of errors of the ledger. */
  async #finishTakingBack(): Promise<void> {
    let waited = 0
    for (let tries = 0; this.#notTaken.length > 0 && waited < LAST_TRIES_MS; tries++) {
      try {
        this.#takeBack()
        this.#onTakenBack()
      } catch (error) {
        const pause = retryMs(error, tries, this.#clock)
        waited += pause
        await sleep(pause, undefined, this.#clock)
      }
    }
  }

  /** Tells what could leave, and fetches its files meanwhile. */
  #announce(): undefined {
    const digest = this.#next.digest()
    const messages = this.#next.messages(this.#unconfirmed, () => true)
    this.#outlet.announce?.(digest === undefined ? messages : [digest, ...messages])
  }

  /**
   * Writes the next messages. `sending` is on disk before the first byte is written, and only once the files of the
   * message have arrived: a crash before that leaves it unseen.
   *
   * @returns undefined when none wait; otherwise whether the host accepted all of them.
   */
  #beginBatch(page: Page): Promise<boolean> | undefined {
    const digest = this.#next.digest()
    if (digest !== undefined) return this.#beginDigest(digest, page)
    const ready = this.#next.messages(this.#unconfirmed, page.fits)
    if (ready.length === 0) return undefined
    const before = new Map(this.#unconfirmed)
    for (const { stored } of ready) {
      const content = this.#next.lighterContent(stored)
      if (content !== undefined) this.#ledger.replaceContent(stored, content)
    }
    const stored = ready.map((one) => one.stored)
    const begun = new Set(this.#ledger.markSending(stored, this.#held))
    // This process may have been stopped just now, and another have taken the workspace over.
    const held = this.#held()
    const written = ready.filter(({ stored }) => begun.has(stored) && held.includes(stored.workspaceId))
    for (const { stored } of written) {
      this.#next.release(stored)
      // Cleared only when the event that carries it is about to be written.
      this.#unconfirmed.delete(stored.workspaceId)
    }
    return this.#write(page, written, before)
  }

  #beginDigest(digest: DueDigest, page: Page): Promise<boolean> {
    const { quoted, stored } = digest
    // As with a batch: this process may have been stopped just now, and another have taken the workspace over.
    if (!this.#ledger.throttled.markSending(quoted, this.#held) || !this.#held().includes(stored.workspaceId))
      return Promise.resolve(true)
    this.#next.digested(digest)
    page.fits(digest.event)
    return this.#write(page, [digest], new Map())
  }

  /**
   * @param announced what the events say of earlier messages, to be said again by others if these are not taken.
   * @returns whether the host accepted all of them.
   */
  async #write(
    page: Page,
    ready: readonly Ready[],
    announced: ReadonlyMap<string, number>,
  ): Promise<boolean> {
    const writes = ready.map(({ stored, event }) =>
      page.write(event).then(
        () => this.#sent.add(stored),
        (error: unknown) => {
          if (!(error instanceof NotTaken)) throw error
          this.#notTaken.push(stored)
          const count = announced.get(stored.workspaceId)
          if (count !== undefined) this.#unconfirmed.set(stored.workspaceId, count)
        },
      ),
    )
    // Waits for all of them, so that after a failed write no later batch overtakes the others.
    const results = await Promise.allSettled(writes)
    return results.every(({ status }) => status === 'fulfilled')
  }
}
