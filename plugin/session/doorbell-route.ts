/**
 * The doorbell as the way of one receiver's messages to the model: what waits is announced by bells, and leaves through
 * the results of calls that read.
 */
import type { Clock } from '../../base/clock.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import type { Doorbell, DoorbellView } from '../host/doorbell/doorbell.ts'
import { ReadingDesk, type Taken } from '../host/doorbell/reading-desk.ts'
import type { ChannelEvent } from '../host/event/notification.ts'
import type { Outlet } from '../host/event/outlet.ts'
import type { Receipt } from '../host/hearing/receipt.ts'

export interface DoorbellRouteOptions {
  readonly bell: Doorbell
  readonly ledger: Ledger
  /** The workspaces whose messages may leave. */
  readonly held: () => readonly string[]
  /** There is room for messages. */
  readonly onOpen: () => void
  /** The host has dropped messages that had left. */
  readonly onDropped: (messages: readonly Receipt[]) => void
  readonly signal: AbortSignal
  readonly clock: Clock
}

export class DoorbellRoute {
  readonly #desk: ReadingDesk
  readonly #options: DoorbellRouteOptions

  constructor(options: DoorbellRouteOptions) {
    const { bell, onOpen, onDropped, signal, clock } = options
    this.#options = options
    bell.serve({ waiting: () => this.#unread(), signal })
    this.#desk = new ReadingDesk({
      onOpen,
      onDropped: (events) => {
        bell.dropped(events.map(idOf))
        onDropped(events.map(idOf))
      },
      onWaiting: (ready) => bell.announce(ready),
      waiting: () => this.view.waiting,
      clock,
    })
  }

  get outlet(): Outlet {
    return this.#desk
  }

  get view(): DoorbellView {
    return this.#options.bell.view
  }

  /** Takes the next messages; undefined when none can be read now. */
  async read(signal: AbortSignal): Promise<Taken | undefined> {
    const taken = await this.#desk.read(AbortSignal.any([signal, this.#options.signal]))
    if (taken === undefined) return undefined
    return {
      ...taken,
      sent: () => {
        taken.sent()
        this.#options.bell.read(taken.events.map(idOf))
      },
    }
  }

  #unread(): number {
    const { ledger, held, clock } = this.#options
    return ledger.unread(held(), clock.now())
  }
}

function idOf({ meta }: ChannelEvent): Receipt {
  const { workspace_id: workspaceId = '', activity_id: activityId = '' } = meta
  return { workspaceId, activityId }
}
