/**
 * Takes messages out of the ledger and puts them before the host, in order, one session-wide line.
 *
 * A message counts as sent when its bytes have left this process, which the write's callback says: a host that does
 * not read its pipe leaves them in memory, so only a small batch is ever under way, and the rest waits on disk.
 *
 * A message whose files are still being fetched holds up the later ones of its workspace, and nobody else's. An
 * answer that a call waits for, and what the loop guard holds, are passed by until their time has come.
 */

import { describeError } from '../../../base/errors.ts'
import { sleep, systemTimers, type Timers } from '../../../base/sleep.ts'
import { Wake } from '../../../base/wake.ts'
import { type Inbound, readInbound } from '../../../member/client/inbound.ts'
import type { IncomingFiles, ShownFile } from '../../../member/files/incoming-files.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import { digestDueAt, MAX_QUOTED, renderDigest } from './digest.ts'
import { notificationLine, renderEvent } from './notification.ts'
import { RETRY_MS, SentRecord } from './sent-record.ts'

export interface DeliveryOptions {
  readonly ledger: Ledger
  /** Writes one line to the host; resolves when its bytes have left the process, rejects when they never will. */
  readonly write: (line: string) => Promise<void>
  /** The workspaces this session holds; only their messages are its to deliver. */
  readonly held: () => readonly string[]
  /** Called after messages of a workspace were sent. */
  readonly onSent: (workspaceId: string) => void
  /** Fetches what messages name; without it files are only named. */
  readonly files?: Pick<IncomingFiles, 'prepare'>
  /**
   * Looks at a message before it is shown. What it takes for itself, and gives the reason for, is not shown to the
   * model; it may be given the same message again after a crash. If it throws, the message is given to it again later.
   */
  readonly intercept?: ((stored: StoredMessage, message: Inbound) => string | undefined) | undefined
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly now?: () => number
  readonly timers?: Timers
}

/** Messages, and characters, that are written before the next ones are taken from the disk. */
const BATCH_MESSAGES = 32
const BATCH_CHARS = 512 * 1024
/** While a call waits for an answer. */
const AWAITED_INTERVAL_MS = 500
/** Where a digest was due and could not be written, the next turn is not at once. */
const MIN_IDLE_MS = 100
const UNREADABLE = 'cannot be read back'

export class DeliveryLine {
  readonly #o: DeliveryOptions
  readonly #now: () => number
  readonly #timers: Timers
  readonly #wake: Wake
  readonly #sent: SentRecord
  /** Workspaces whose oldest message waits for its files. */
  readonly #fetching = new Set<string>()
  /** The files of such a message, by its `ord`, from their arrival until the message is being written. */
  readonly #fetched = new Map<number, readonly ShownFile[] | undefined>()
  /** How many messages of a workspace the next event of it says were never confirmed. */
  readonly #unconfirmed = new Map<string, number>()
  #problem: string | undefined

  constructor(options: DeliveryOptions) {
    this.#o = options
    this.#now = options.now ?? Date.now
    this.#timers = options.timers ?? systemTimers
    this.#wake = new Wake(this.#timers)
    this.#sent = new SentRecord({ ...options, now: this.#now, timers: this.#timers })
  }

  /** There is something new to deliver. */
  notify(): void {
    this.#wake.notify()
  }

  /** The next event of a workspace says that so many earlier messages of it may never have been seen. */
  announceUnconfirmed(workspaceId: string, count: number): void {
    this.#unconfirmed.set(workspaceId, count)
  }

  /** Delivers until the signal aborts, or the host takes no more. No error leaves it. */
  async run(): Promise<void> {
    await this.#deliver()
    await this.#sent.finish()
  }

  async #deliver(): Promise<void> {
    const { signal, log } = this.#o
    while (!signal.aborted) {
      try {
        this.#sent.write()
        const writing = this.#beginBatch()
        this.#problem = undefined
        if (writing === undefined) {
          await this.#wake.wait(this.#idleMs(), signal)
        } else if (!(await writing)) {
          log('delivery ends: the host takes no more')
          return
        }
      } catch (error) {
        if (signal.aborted) return
        const problem = `delivery pauses: ${describeError(error)}`
        if (problem !== this.#problem) log(problem)
        this.#problem = problem
        await sleep(RETRY_MS, signal, this.#timers)
      }
    }
  }

  /**
   * Writes the next messages. `sending` is on the disk before the first of their bytes is written, and not before
   * their files have come: until then a crash leaves them unseen.
   *
   * @returns undefined when none wait; else whether the host took all of them.
   */
  #beginBatch(): Promise<boolean> | undefined {
    const { ledger, held, write } = this.#o
    const free = held().filter((workspaceId) => !this.#fetching.has(workspaceId))
    const digest = this.#beginDigest()
    if (digest !== undefined) return digest
    const batch = ledger.nextBatch(free, BATCH_MESSAGES, BATCH_CHARS, this.#now())
    if (batch.length === 0) return undefined
    // Once for each workspace, and not before its event is about to be written.
    const unconfirmed = new Map(this.#unconfirmed)
    const lines = batch.flatMap((stored) => {
      const line = this.#lineOf(stored, unconfirmed.get(stored.workspaceId) ?? 0)
      if (line === undefined) return []
      unconfirmed.delete(stored.workspaceId)
      return [{ stored, line }]
    })
    const begun = new Set(ledger.markSending(lines.map(({ stored }) => stored)))
    const written = lines.filter(({ stored }) => begun.has(stored))
    for (const { stored } of written) {
      this.#fetched.delete(stored.ord)
      this.#unconfirmed.delete(stored.workspaceId)
    }
    const writes = written.map(({ stored, line }) => write(line).then(() => this.#sent.add(stored)))
    // All of them are waited for: a write that failed must not let the next batch overtake the others.
    return Promise.allSettled(writes).then((results) => results.every(({ status }) => status === 'fulfilled'))
  }

  /** Writes the digest of one peer whose messages are held, if one is due. */
  #beginDigest(): Promise<boolean> | undefined {
    const { ledger, held, write } = this.#o
    const now = this.#now()
    const due = ledger.held.peers(held()).find((peer) => digestDueAt(peer, now) <= now)
    if (due === undefined) return undefined
    const quotes = ledger.held.of(due, MAX_QUOTED).flatMap((stored) => {
      const message = this.#read(stored)
      return message === undefined ? [] : [{ stored, message }]
    })
    const [first] = quotes
    if (first === undefined) return undefined
    const event = renderDigest(first, quotes, ledger.held.count(due))
    ledger.held.markSending(due, first.stored)
    return write(notificationLine(event)).then(
      () => {
        this.#sent.add(first.stored)
        return true
      },
      () => false,
    )
  }

  /** Milliseconds until something may be due that no notice comes for. */
  #idleMs(): number {
    const { ledger, held } = this.#o
    const workspaceIds = held()
    const now = this.#now()
    // A wait in another session may end at any time, and leave its answer to us.
    if (ledger.delegations.anyAwaited(workspaceIds, now)) return AWAITED_INTERVAL_MS
    const dueAt = Math.min(...ledger.held.peers(workspaceIds).map((peer) => digestDueAt(peer, now)))
    return Math.max(MIN_IDLE_MS, dueAt - now)
  }

  /**
   * Undefined when the message is not to be written now: it waits for files, its own or those of one before it. A
   * row that cannot be read back would stand in the way for ever: it is said, and stepped over.
   */
  #lineOf(stored: StoredMessage, unconfirmed: number): string | undefined {
    if (this.#fetching.has(stored.workspaceId)) return undefined
    const message = this.#read(stored)
    if (message === undefined) return undefined
    // Not inside the `try`: that the disk cannot record what becomes of a message is no reason to step over it.
    const taken = this.#o.intercept?.(stored, message)
    if (taken !== undefined) {
      this.#o.ledger.markSkipped(stored, taken)
      return undefined
    }
    try {
      const files = this.#filesOf(stored, message)
      if (!(files instanceof Promise)) return toLine(stored, message, files, unconfirmed)
      this.#await(stored, files)
      return undefined
    } catch (error) {
      this.#stepOver(stored, error)
      return undefined
    }
  }

  #read(stored: StoredMessage): Inbound | undefined {
    const message = readInbound(stored.content)
    if (message === undefined) this.#stepOver(stored, UNREADABLE)
    return message
  }

  #stepOver(stored: StoredMessage, error: unknown): void {
    this.#o.log(`message ${stored.activityId} cannot be shown: ${describeError(error)}`)
    this.#o.ledger.markSkipped(stored, UNREADABLE)
  }

  #filesOf(
    { ord, workspaceId }: StoredMessage,
    { attachments }: Inbound,
  ): ReturnType<IncomingFiles['prepare']> | undefined {
    if (this.#fetched.has(ord)) return this.#fetched.get(ord)
    return this.#o.files?.prepare(workspaceId, attachments)
  }

  #await({ ord, workspaceId }: StoredMessage, files: Promise<readonly ShownFile[]>): void {
    this.#fetching.add(workspaceId)
    const goOn = (shown: readonly ShownFile[] | undefined): void => {
      this.#fetched.set(ord, shown)
      this.#fetching.delete(workspaceId)
      this.#wake.notify()
    }
    files.then(goOn, (error: unknown) => {
      // The message is shown all the same, with the names of its files.
      this.#o.log(`the files of a message cannot be fetched: ${describeError(error)}`)
      goOn(undefined)
    })
  }
}

function toLine(
  stored: StoredMessage,
  message: Inbound,
  files: readonly ShownFile[] | undefined,
  unconfirmed: number,
): string {
  const { workspaceId, activityId, createdAt } = stored
  const redelivered = stored.attempts > 0
  return notificationLine(
    renderEvent({
      workspaceId,
      activityId,
      createdAt,
      redelivered,
      message,
      delegationId: stored.delegationId,
      unconfirmed,
      ...(files === undefined ? {} : { files }),
    }),
  )
}
