/** Where events leave this process: as channel notifications, or in the result of a call that reads them. */
import type { Clock } from '../../../base/clock.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import { type ChannelEvent, MAX_CONTENT_CHARS, notificationLine } from './notification.ts'

/** What leaves together. */
export interface Page {
  /** Whether one more event fits. It is counted from then on. */
  readonly fits: (event: ChannelEvent) => boolean
  /**
   * Resolves when the bytes of the event have left the process.
   *
   * @throws NotTaken when they have not, and something else may take them; any other error when nothing ever will.
   */
  readonly write: (event: ChannelEvent) => Promise<void>
}

/** What could leave now: a message, or the digest of several. */
export interface Ready {
  /** A digest has the id of its first message. */
  readonly stored: StoredMessage
  readonly event: ChannelEvent
}

export interface Outlet {
  /** Characters of one message's text. */
  readonly maxChars: number
  /** Undefined while nothing can leave: everything waits on disk. */
  readonly open: () => Page | undefined
  /** Told what could leave, as often as that may have changed while nothing can. Not the whole of a long queue. */
  readonly announce?: (ready: readonly Ready[]) => void
}

/** The result that held an event never left the process. */
export class NotTaken extends Error {
  override readonly name = 'NotTaken'
}

export interface ChannelOutletOptions {
  /** Writes one line to the host; resolves when its bytes have left the process, rejects when they never will. */
  readonly write: (line: string) => Promise<void>
  /** Whether the host is stopped, as by Ctrl-Z: what is written then lies in the pipe, and counts as shown. */
  readonly isHostStopped: () => boolean
  readonly clock: Pick<Clock, 'now'>
}

/** How long to trust that a running host still runs. */
export const HOST_INTERVAL_MS = 1_000

/** Each event is one notification of the channel. */
export function channelOutlet({ write, isHostStopped, clock }: ChannelOutletOptions): Outlet {
  const page: Page = { fits: () => true, write: (event) => write(notificationLine(event)) }
  let ranAt = Number.NEGATIVE_INFINITY
  return {
    maxChars: MAX_CONTENT_CHARS,
    open: () => {
      const now = clock.now()
      if (Math.abs(now - ranAt) < HOST_INTERVAL_MS) return page
      if (isHostStopped()) return undefined
      ranAt = now
      return page
    },
  }
}
