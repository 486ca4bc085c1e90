/**
 * What leaves next, in order, as events. A message whose files are still being fetched holds up the later ones of its
 * workspace, and of no other. An answer that a call awaits, and what the loop guard holds back, are left out until they
 * are due.
 */
import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { Turns } from '../../../base/turns.ts'
import { type Inbound, readInbound } from '../../../member/client/inbound.ts'
import type { IncomingFiles } from '../../../member/files/incoming-files.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import type { ThrottledSender } from '../../../member/ledger/throttled-messages.ts'
import { indented } from '../text/clean-text.ts'
import { MAX_QUOTED, renderDigest } from './digest.ts'
import { DigestTimes } from './digest-times.ts'
import { MessageFiles } from './message-files.ts'
import { type ChannelEvent, renderEvent } from './notification.ts'
import type { Ready } from './outlet.ts'

export interface NextEventsOptions {
  readonly ledger: Ledger
  /** The workspaces whose locks this session holds. It delivers their messages and no others. */
  readonly held: () => readonly string[]
  /** Characters of one message's text. */
  readonly maxChars: number
  /** Fetches the files that messages name. Without it, files are named and not fetched. */
  readonly files?: Pick<IncomingFiles, 'prepare'> | undefined
  /**
   * Sees each message before it is shown. Returns why the message is not for the model; undefined when it is. It sees a
   * message again whenever it did not leave after all, and perhaps after a crash.
   */
  readonly intercept?: ((stored: StoredMessage, message: Inbound) => string | undefined) | undefined
  /** Called when the files of a message have arrived. */
  readonly onArrival: () => void
  readonly log: (line: string) => void
  readonly clock: Clock
}

/** A digest that is due. */
export interface DueDigest extends Ready {
  readonly sender: ThrottledSender
  /** All that it quotes. */
  readonly quoted: readonly StoredMessage[]
}

/** Messages, and characters, in one batch. */
const BATCH_MESSAGES = 32
const BATCH_CHARS = 512 * 1024
/** How often to look for answers that no call awaits any more. A call in another session cannot wake this queue. */
const AWAITED_INTERVAL_MS = 500
/** Keeps the queue from spinning while a digest is due that cannot be written. */
const MIN_IDLE_MS = 100
const UNREADABLE = 'cannot be read back'

export class NextEvents {
  readonly #ledger: Ledger
  readonly #held: () => readonly string[]
  readonly #maxChars: number
  readonly #intercept: NextEventsOptions['intercept']
  readonly #log: (line: string) => void
  readonly #clock: Clock
  readonly #files: MessageFiles
  readonly #digests = new DigestTimes()

  constructor({ ledger, held, maxChars, files, intercept, onArrival, log, clock }: NextEventsOptions) {
    this.#ledger = ledger
    this.#held = held
    this.#maxChars = maxChars
    this.#intercept = intercept
    this.#log = log
    this.#clock = clock
    this.#files = new MessageFiles({ files, onArrival, log })
  }

  /**
   * The next messages, as far as they fit.
   *
   * @param unconfirmed how many messages of a workspace were never confirmed, for its next event to say.
   */
  messages(
    unconfirmed: ReadonlyMap<string, number>,
    fits: (event: ChannelEvent) => boolean,
  ): readonly Ready[] {
    const free = this.#held().filter((workspaceId) => !this.#files.isFetching(workspaceId))
    const batch = this.#ledger.nextBatch(free, BATCH_MESSAGES, BATCH_CHARS, this.#clock.now())
    const ready: Ready[] = []
    const counts = new Map(unconfirmed)
    const turns = new Turns(this.#clock)
    for (const stored of batch) {
      // The rest comes with the next batch.
      if (turns.over) break
      const event = this.#eventOf(stored, counts.get(stored.workspaceId) ?? 0)
      if (event === undefined) continue
      if (!fits(event)) break
      counts.delete(stored.workspaceId)
      ready.push({ stored, event })
    }
    return ready
  }

  /** The digest of one sender whose messages are held back, if one is due. */
  digest(): DueDigest | undefined {
    const { throttled } = this.#ledger
    const now = this.#clock.now()
    const senders = throttled.senders(this.#held())
    const sender =
      senders.find((one) => this.#digests.dueAt(one, now) <= now) ??
      // One sender's long messages must not keep everybody else's from being read until a minute is over.
      senders.find((one) => throttled.stopsReading(one))
    if (sender === undefined) return undefined
    const quotes = throttled.of(sender, MAX_QUOTED).flatMap((stored) => {
      const message = this.#read(stored)
      return message === undefined ? [] : [{ stored, message }]
    })
    const [first] = quotes
    if (first === undefined) return undefined
    const count = throttled.count(sender)
    let shown = quotes
    let event = renderDigest(first, shown, count)
    // An outlet may indent what it shows. The others come with the next digest.
    for (;;) {
      const chars = indented(event.content).length
      if (chars <= this.#maxChars || shown.length === 1) break
      const fitting = Math.floor((shown.length * this.#maxChars) / chars)
      shown = shown.slice(0, Math.max(1, Math.min(shown.length - 1, fitting)))
      event = renderDigest(first, shown, count)
    }
    return { sender, stored: first.stored, event, quoted: shown.map(({ stored }) => stored) }
  }

  /** A digest is being written. */
  digested({ sender }: DueDigest): void {
    this.#digests.written(sender, this.#clock.now())
  }

  /** What to keep of a message in place of its content; undefined when all of it is needed. */
  lighterContent(stored: StoredMessage): string | undefined {
    return this.#files.lighterContent(stored)
  }

  /** The message is being written. */
  release(stored: StoredMessage): void {
    this.#files.release(stored)
  }

  /**
   * Milliseconds until something may be due that nobody reports.
   *
   * @param isAnnounced what is due was announced, and waits to be read.
   */
  idleMs(isAnnounced: boolean): number {
    const workspaceIds = this.#held()
    const now = this.#clock.now()
    if (this.#ledger.delegations.anyAwaited(workspaceIds, now)) return AWAITED_INTERVAL_MS
    const dueAt = Math.min(
      ...this.#ledger.throttled
        .senders(workspaceIds)
        .map((one) => this.#digests.dueAt(one, now))
        .filter((at) => !isAnnounced || at > now),
    )
    return Math.max(MIN_IDLE_MS, dueAt - now)
  }

  /**
   * Undefined when the message is not to be written now: it waits for files, its own or those of an earlier one. A row
   * that cannot be read back would block its workspace forever, so it is logged and skipped.
   */
  #eventOf(stored: StoredMessage, unconfirmed: number): ChannelEvent | undefined {
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
      return renderEvent({
        workspaceId,
        activityId,
        createdAt,
        redelivered: attempts > 0,
        message,
        delegationId,
        unconfirmed,
        maxChars: this.#maxChars,
        ...(found.files === undefined ? {} : { files: found.files }),
      })
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
