/**
 * Takes messages from the ledger and writes them to the host in order, in one queue for the whole session.
 *
 * A message counts as sent once its bytes have left this process, which the callback of the write reports. The bytes
 * stay in memory while the host does not read its pipe, so only a small batch is ever in flight; the rest waits on
 * disk.
 *
 * A message whose files are still being fetched holds up the later ones of its workspace, and of no other. An answer
 * that a call awaits, and what the loop guard holds back, are left out until they are due.
 */

import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { DatabaseBusy, PATIENCE_MS } from '../../../base/patience.ts'
import { sleep } from '../../../base/sleep.ts'
import { isBusy } from '../../../base/sqlite.ts'
import { Turns } from '../../../base/turns.ts'
import { Wake } from '../../../base/wake.ts'
import { type Inbound, readInbound } from '../../../member/client/inbound.ts'
import type { IncomingFiles } from '../../../member/files/incoming-files.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import { MAX_QUOTED, renderDigest } from './digest.ts'
import { DigestTimes } from './digest-times.ts'
import { MessageFiles } from './message-files.ts'
import { notificationLine, renderEvent } from './notification.ts'
import { retryMs, SentRecord } from './sent-record.ts'

export interface DeliveryOptions {
  readonly ledger: Ledger
  /** Writes one line to the host; resolves when its bytes have left the process, rejects when they never will. */
  readonly write: (line: string) => Promise<void>
  /** The workspaces whose locks this session holds. It delivers their messages and no others. */
  readonly held: () => readonly string[]
  /** Called after messages of a workspace were sent. */
  readonly onSent: (workspaceId: string) => void
  /** Fetches the files that messages name. Without it, files are named and not fetched. */
  readonly files?: Pick<IncomingFiles, 'prepare'>
  /**
   * Sees each message before it is shown. Returns why the message is not for the model; undefined when it is. It sees a
   * message again if it threw, and perhaps after a crash.
   */
  readonly intercept?: ((stored: StoredMessage, message: Inbound) => string | undefined) | undefined
  /** Whether the host is stopped, as by Ctrl-Z: what is written then lies in the pipe, and counts as shown. */
  readonly isHostStopped?: () => boolean
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly clock: Clock
}

/** Messages, and characters, in flight at once. */
const BATCH_MESSAGES = 32
const BATCH_CHARS = 512 * 1024
/** How often to look for answers that no call awaits any more. A call in another session cannot wake this queue. */
const AWAITED_INTERVAL_MS = 500
/** Keeps the queue from spinning while a digest is due that cannot be written. */
const MIN_IDLE_MS = 100
/** How often to check whether a stopped host runs again; and how long to trust that a running one still does. */
const HOST_INTERVAL_MS = 1_000
const UNREADABLE = 'cannot be read back'

export class DeliveryLine {
  readonly #ledger: Ledger
  readonly #write: (line: string) => Promise<void>
  readonly #held: () => readonly string[]
  readonly #intercept: DeliveryOptions['intercept']
  readonly #isHostStopped: () => boolean
  readonly #signal: AbortSignal
  readonly #log: (line: string) => void
  readonly #clock: Clock
  readonly #wake: Wake
  readonly #sent: SentRecord
  readonly #files: MessageFiles
  readonly #digests = new DigestTimes()
  /** How many messages of a workspace were never confirmed, until its next event says so. */
  readonly #unconfirmed = new Map<string, number>()
  #problem: string | undefined
  #hostRanAt = Number.NEGATIVE_INFINITY

  constructor(options: DeliveryOptions) {
    const { ledger, write, held, onSent, files, intercept, isHostStopped, signal, log, clock } = options
    this.#ledger = ledger
    this.#write = write
    this.#held = held
    this.#intercept = intercept
    this.#isHostStopped = isHostStopped ?? (() => false)
    this.#signal = signal
    this.#log = log
    this.#clock = clock
    this.#wake = new Wake(clock)
    this.#sent = new SentRecord({ ledger, onSent, log, clock })
    this.#files = new MessageFiles({ files, onArrival: () => this.#wake.notify(), log })
  }

  /** There may be something new to deliver. */
  notify(): void {
    this.#wake.notify()
  }

  /** Makes the next event of a workspace say how many of its earlier messages may never have been seen. */
  announceUnconfirmed(workspaceId: string, count: number): void {
    this.#unconfirmed.set(workspaceId, count)
  }

  /** Why nothing can be delivered now; undefined while it can. */
  get problem(): string | undefined {
    return this.#problem
  }

  /** Delivers until the signal aborts or the host accepts no more messages. Never rejects. */
  async run(): Promise<void> {
    await this.#deliver()
    await this.#sent.finish()
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
        if (!this.#hostRuns()) {
          await sleep(HOST_INTERVAL_MS, signal, this.#clock)
          continue
        }
        const writing = this.#beginBatch()
        this.#problem = undefined
        failures = waited = 0
        if (writing === undefined) {
          await this.#wake.wait(this.#idleMs(), signal)
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

  #hostRuns(): boolean {
    const now = this.#clock.now()
    if (Math.abs(now - this.#hostRanAt) < HOST_INTERVAL_MS) return true
    if (this.#isHostStopped()) return false
    this.#hostRanAt = now
    return true
  }

  /**
   * Writes the next messages. `sending` is on disk before the first byte is written, and only once the files of the
   * message have arrived: a crash before that leaves it unseen.
   *
   * @returns undefined when none wait; otherwise whether the host accepted all of them.
   */
  #beginBatch(): Promise<boolean> | undefined {
    const free = this.#held().filter((workspaceId) => !this.#files.isFetching(workspaceId))
    const digest = this.#beginDigest()
    if (digest !== undefined) return digest
    const batch = this.#ledger.nextBatch(free, BATCH_MESSAGES, BATCH_CHARS, this.#clock.now())
    if (batch.length === 0) return undefined
    // Cleared only when the event that carries it is about to be written.
    const unconfirmed = new Map(this.#unconfirmed)
    const lines: { readonly stored: StoredMessage; readonly line: string }[] = []
    const turns = new Turns(this.#clock)
    for (const stored of batch) {
      // The rest comes with the next batch.
      if (turns.over) break
      const line = this.#lineOf(stored, unconfirmed.get(stored.workspaceId) ?? 0)
      if (line === undefined) continue
      unconfirmed.delete(stored.workspaceId)
      lines.push({ stored, line })
    }
    for (const { stored } of lines) {
      const content = this.#files.lighterContent(stored)
      if (content !== undefined) this.#ledger.replaceContent(stored, content)
    }
    const stored = lines.map((line) => line.stored)
    const begun = new Set(this.#ledger.markSending(stored, this.#held))
    // This process may have been stopped just now, and another have taken the workspace over.
    const held = this.#held()
    const written = lines.filter((line) => begun.has(line.stored) && held.includes(line.stored.workspaceId))
    for (const { stored } of written) {
      this.#files.release(stored)
      this.#unconfirmed.delete(stored.workspaceId)
    }
    const writes = written.map(({ stored, line }) => this.#write(line).then(() => this.#sent.add(stored)))
    // Waits for all of them, so that after a failed write no later batch overtakes the others.
    return Promise.allSettled(writes).then((results) => results.every(({ status }) => status === 'fulfilled'))
  }

  /** Writes the digest of one sender whose messages are held back, if one is due. */
  #beginDigest(): Promise<boolean> | undefined {
    const { throttled } = this.#ledger
    const now = this.#clock.now()
    const senders = throttled.senders(this.#held())
    const due =
      senders.find((one) => this.#digests.dueAt(one, now) <= now) ??
      // One sender's long messages must not keep everybody else's from being read until a minute is over.
      senders.find((one) => throttled.stopsReading(one))
    if (due === undefined) return undefined
    const quotes = throttled.of(due, MAX_QUOTED).flatMap((stored) => {
      const message = this.#read(stored)
      return message === undefined ? [] : [{ stored, message }]
    })
    const [first] = quotes
    if (first === undefined) return undefined
    const event = renderDigest(first, quotes, throttled.count(due))
    const quoted = quotes.map(({ stored }) => stored)
    // As with a batch: this process may have been stopped just now, and another have taken the workspace over.
    if (!throttled.markSending(quoted, this.#held) || !this.#held().includes(due.workspaceId))
      return Promise.resolve(true)
    this.#digests.written(due, now)
    return this.#write(notificationLine(event)).then(
      () => {
        this.#sent.add(first.stored)
        return true
      },
      () => false,
    )
  }

  /** Milliseconds until something may be due without a call of {@link notify}. */
  #idleMs(): number {
    const workspaceIds = this.#held()
    const now = this.#clock.now()
    if (this.#ledger.delegations.anyAwaited(workspaceIds, now)) return AWAITED_INTERVAL_MS
    const dueAt = Math.min(
      ...this.#ledger.throttled.senders(workspaceIds).map((one) => this.#digests.dueAt(one, now)),
    )
    return Math.max(MIN_IDLE_MS, dueAt - now)
  }

  /**
   * Undefined when the message is not to be written now: it waits for files, its own or those of an earlier one. A row
   * that cannot be read back would block its workspace forever, so it is logged and skipped.
   */
  #lineOf(stored: StoredMessage, unconfirmed: number): string | undefined {
    if (this.#files.isFetching(stored.workspaceId)) return undefined
    const message = this.#read(stored)
    if (message === undefined) return undefined
    // Outside the `try`: a disk error here must not skip the message.
    const reason = this.#intercept?.(stored, message)
    if (reason !== undefined) {
      this.#ledger.markSkipped(stored, reason)
      return undefined
    }
    try {
      const found = this.#files.of(stored, message)
      if (!found.ready) return undefined
      const { workspaceId, activityId, createdAt, delegationId, attempts } = stored
      return notificationLine(
        renderEvent({
          workspaceId,
          activityId,
          createdAt,
          redelivered: attempts > 0,
          message,
          delegationId,
          unconfirmed,
          ...(found.files === undefined ? {} : { files: found.files }),
        }),
      )
    } catch (error) {
      this.#skip(stored, error)
      return undefined
    }
  }

  #read(stored: StoredMessage): Inbound | undefined {
    const message = readInbound(stored.content)
    if (message === undefined) this.#skip(stored, UNREADABLE)
    return message
  }

  #skip(stored: StoredMessage, error: unknown): void {
    this.#log(`message ${stored.activityId} cannot be shown: ${describeError(error)}`)
    this.#ledger.markSkipped(stored, UNREADABLE)
  }
}
