/**
 * Takes messages out of the ledger and puts them before the host, in order, one session-wide line.
 *
 * A message counts as sent when its bytes have left this process, which the write's callback says: a host that does
 * not read its pipe leaves them in memory, so only a small batch is ever under way, and the rest waits on disk.
 */
import { describeError } from '../platform/errors.ts'
import { inboundSchema } from '../platform/inbound.ts'
import { sleep } from '../platform/sleep.ts'
import type { Ledger, StoredMessage } from '../state/ledger.ts'
import { Wake } from '../wake.ts'
import { notificationLine, renderEvent } from './notification.ts'

export interface DeliveryOptions {
  readonly ledger: Ledger
  /** Writes one line to the host; resolves when its bytes have left the process, rejects when they never will. */
  readonly write: (line: string) => Promise<void>
  /** The workspaces this session holds; only their messages are its to deliver. */
  readonly held: () => readonly string[]
  /** Called after messages of a workspace were sent. */
  readonly onSent: (workspaceId: string) => void
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly now?: () => number
}

/** Messages, and characters, that are written before the next ones are taken from the disk. */
const BATCH_MESSAGES = 32
const BATCH_CHARS = 512 * 1024
/** After a failure of the disk. The cap is reached at once: a full disk is not mended in a hurry. */
const RETRY_MS = 1_000

export class DeliveryLine {
  readonly #o: DeliveryOptions
  readonly #now: () => number
  readonly #wake = new Wake()
  #sent: StoredMessage[] = []

  constructor(options: DeliveryOptions) {
    this.#o = options
    this.#now = options.now ?? Date.now
  }

  /** There is something new to deliver. */
  notify(): void {
    this.#wake.notify()
  }

  /** Delivers until the signal aborts. No error leaves it. */
  async run(): Promise<void> {
    const { signal, log } = this.#o
    while (!signal.aborted) {
      try {
        if (!(await this.#deliverBatch())) await this.#wake.wait(Number.POSITIVE_INFINITY, signal)
      } catch (error) {
        if (signal.aborted) return
        log(`delivery pauses: ${describeError(error)}`)
        await sleep(RETRY_MS, signal)
      }
    }
  }

  async #deliverBatch(): Promise<boolean> {
    const { ledger, held, write } = this.#o
    const batch = ledger.nextBatch(held(), BATCH_MESSAGES, BATCH_CHARS)
    if (batch.length === 0) return false
    ledger.markSending(batch)
    await Promise.all(
      batch.map(async (stored) => {
        await write(toLine(stored))
        this.#noteSent(stored)
      }),
    )
    return true
  }

  /** Callbacks of one batch arrive together; what arrived is recorded in one transaction. */
  #noteSent(stored: StoredMessage): void {
    this.#sent.push(stored)
    if (this.#sent.length > 1) return
    queueMicrotask(() => {
      const sent = this.#sent
      this.#sent = []
      if (this.#o.signal.aborted) return
      try {
        this.#o.ledger.markSent(sent, this.#now())
        for (const workspaceId of new Set(sent.map((message) => message.workspaceId)))
          this.#o.onSent(workspaceId)
      } catch (error) {
        // They stay `sending`: the next session marks them as possibly seen, which is true.
        this.#o.log(`cannot record what was sent: ${describeError(error)}`)
      }
    })
  }
}

function toLine(stored: StoredMessage): string {
  const message = inboundSchema.parse(JSON.parse(stored.content))
  const { workspaceId, activityId, createdAt } = stored
  return notificationLine(
    renderEvent({ workspaceId, activityId, createdAt, redelivered: stored.attempts > 0, message }),
  )
}
