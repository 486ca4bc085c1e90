/**
 * The doorbell as the way of one receiver's messages to the model: what waits is announced by bells, and leaves through
 * the results of calls that read.
 */
import type { Clock } from '../../base/clock.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import { Doorbell, type DoorbellView } from '../host/doorbell/doorbell.ts'
import type { HostInbox } from '../host/doorbell/host-inbox.ts'
import { ReadingDesk, type Taken } from '../host/doorbell/reading-desk.ts'
import type { Outlet } from '../host/event/outlet.ts'
import type { Receipt } from '../host/hearing/receipt.ts'

export interface DoorbellRouteOptions {
  readonly inbox: HostInbox
  readonly ledger: Ledger
  /** The workspaces whose messages may leave. */
  readonly held: () => readonly string[]
  /** There is room for messages. */
  readonly onOpen: () => void
  /** The host was rung as often as allowed, and passed no bell on. */
  readonly onUnheard: () => void
  readonly signal: AbortSignal
  readonly log: (line: string) => void
  readonly clock: Clock
}

/** Beyond this, the oldest reading of a turn stays unconfirmed, and may be repeated, marked. */
const MAX_READ = 20_000

export class DoorbellRoute {
  readonly bell: Doorbell
  readonly #desk: ReadingDesk
  readonly #options: DoorbellRouteOptions
  /** What the model was given in the running turn. */
  #read: Receipt[] = []

  constructor(options: DoorbellRouteOptions) {
    const { inbox, onOpen, onUnheard, signal, log, clock } = options
    this.#options = options
    this.bell = new Doorbell({
      ring: inbox.put,
      waiting: () => this.#unread(),
      onUnheard,
      signal,
      log,
      clock,
    })
    this.#desk = new ReadingDesk({
      onOpen,
      onWaiting: (ready) => this.bell.announce(ready),
      waiting: () => this.view.waiting,
      clock,
    })
  }

  get outlet(): Outlet {
    return this.#desk
  }

  get view(): DoorbellView {
    return this.bell.view
  }

  /** Takes the next messages; undefined when none can be read now. */
  async read(signal: AbortSignal): Promise<Taken | undefined> {
    const taken = await this.#desk.read(AbortSignal.any([signal, this.#options.signal]))
    if (taken === undefined) return undefined
    return {
      ...taken,
      sent: () => {
        for (const { meta } of taken.events) {
          const { workspace_id: workspaceId = '', activity_id: activityId = '' } = meta
          this.#read.push({ workspaceId, activityId })
        }
        this.#read = this.#read.slice(-MAX_READ)
        taken.sent()
        this.bell.read()
      },
    }
  }

  /** The model has had its last word in a turn. @returns what it was given in it. */
  turnEnded(): readonly Receipt[] {
    const read = this.#read
    this.#read = []
    this.bell.turnEnded()
    return read
  }

  #unread(): number {
    const { ledger, held, clock } = this.#options
    return ledger.unread(held(), clock.now())
  }
}
