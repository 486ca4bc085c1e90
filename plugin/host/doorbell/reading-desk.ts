/**
 * Where messages leave through the result of a call that reads them. A call takes one page; while none is there, the
 * messages wait on disk, and what waits is announced. If the result never leaves the process, the messages wait again.
 */
import type { Clock } from '../../../base/clock.ts'
import { sleep } from '../../../base/sleep.ts'
import type { ChannelEvent } from '../event/notification.ts'
import { NotTaken, type Outlet, type Page, type Ready } from '../event/outlet.ts'
import { eventChars, MAX_TEXT_CHARS, PAGE_CHARS } from './read-result.ts'

/** Messages that one call gives, until the caller knows whether they left. */
export interface Taken {
  readonly events: readonly ChannelEvent[]
  /** The result has left the process. */
  readonly sent: () => void
  /** It never will. */
  readonly lost: () => void
  /** It had left, and the host has dropped it. */
  readonly dropped: () => void
}

export interface ReadingDeskOptions {
  /** There is room now, or none any more. */
  readonly onOpen: () => void
  /** The host has dropped what had left. */
  readonly onDropped: (events: readonly ChannelEvent[]) => void
  /** What waits may have changed. */
  readonly onWaiting: (ready: readonly Ready[]) => void
  /** How many messages wait, those of no page yet. */
  readonly waiting: () => number
  readonly clock: Clock
}

/** How long a call waits for a message whose files are on their way, or for a ledger that is busy. */
const PATIENCE_MS = 20_000
/** How long the queue may take to look, when nothing seems to wait. */
const LOOK_MS = 1_000

interface Written {
  readonly event: ChannelEvent
  readonly leave: () => void
  readonly stay: (error: Error) => void
}

export class ReadingDesk implements Outlet {
  readonly maxChars = MAX_TEXT_CHARS
  readonly #options: ReadingDeskOptions
  /** The call that reads, while it has no page. Returns whether it takes this one. */
  #reader: ((written: readonly Written[]) => boolean) | undefined
  /** The queue has looked since the call began, and found nothing. */
  #onEmpty: (() => void) | undefined
  /** Calls take their pages one after the other, each after the result of the one before has left. */
  #turn: Promise<void> = Promise.resolve()

  constructor(options: ReadingDeskOptions) {
    this.#options = options
  }

  readonly announce = (ready: readonly Ready[]): void => this.#options.onWaiting(ready)

  readonly open = (): Page | undefined => {
    const reader = this.#reader
    if (reader === undefined) return undefined
    // It is being taken.
    this.announce([])
    let [left, isFirst] = [PAGE_CHARS, true]
    const written: Written[] = []
    // All that leaves together is written before anything else runs.
    queueMicrotask(() => {
      if (written.length === 0) this.#onEmpty?.()
      // The call has ended meanwhile.
      else if (!reader(written)) for (const { stay } of written) stay(new NotTaken())
    })
    return {
      fits: (event) => {
        left -= eventChars(event)
        const fits = isFirst || left >= 0
        isFirst = false
        return fits
      },
      write: (event) =>
        new Promise((leave, stay) => {
          written.push({ event, leave, stay })
        }),
    }
  }

  /**
   * Takes the next page.
   *
   * @returns undefined when nothing can be read now.
   */
  async read(signal: AbortSignal): Promise<Taken | undefined> {
    const before = this.#turn
    const { promise, resolve: end } = Promise.withResolvers<void>()
    this.#turn = before.then(() => promise)
    await before
    const written = await this.#nextPage(signal)
    if (written === undefined) {
      end()
      return undefined
    }
    const events = written.map(({ event }) => event)
    return {
      events,
      sent: () => {
        for (const { leave } of written) leave()
        end()
      },
      lost: () => {
        for (const { stay } of written) stay(new NotTaken())
        end()
      },
      dropped: () => this.#options.onDropped(events),
    }
  }

  async #nextPage(signal: AbortSignal): Promise<readonly Written[] | undefined> {
    const { onOpen, waiting, clock } = this.#options
    const { promise, resolve } = Promise.withResolvers<readonly Written[] | undefined>()
    const over = new AbortController()
    const wait = AbortSignal.any([signal, over.signal])
    let isOver = false
    const end = (written: readonly Written[] | undefined): boolean => {
      if (isOver) return false
      isOver = true
      resolve(written)
      return true
    }
    this.#reader = end
    this.#onEmpty = () => {
      if (waiting() === 0) end(undefined)
    }
    onOpen()
    void sleep(waiting() === 0 ? LOOK_MS : PATIENCE_MS, wait, clock).then(() => end(undefined))
    const written = await promise
    over.abort()
    this.#reader = this.#onEmpty = undefined
    // What waits all the same is announced again.
    if (written === undefined) onOpen()
    return written
  }
}
