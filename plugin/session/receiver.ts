/**
 * The receiving side of one configuration: the memberships of its workspaces, and the one queue in which their messages
 * go to the host. A changed configuration gets a receiver of its own.
 */

import type { IncomingFiles } from '../../member/files/incoming-files.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import type { Config } from '../../member/settings/config.ts'
import type { ClaimResult, Membership } from '../../member/workspace/membership.ts'
import { Memberships, type Surroundings } from '../../member/workspace/memberships.ts'
import type { Doorbell } from '../host/doorbell/doorbell.ts'
import { DeliveryLine, type DeliveryOptions } from '../host/event/delivery.ts'
import { channelOutlet } from '../host/event/outlet.ts'
import { Settling } from '../host/hearing/settling.ts'
import { DoorbellRoute } from './doorbell-route.ts'

export interface HostSurroundings extends Surroundings {
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
  readonly intercept: DeliveryOptions['intercept']
  readonly onTakenBack: DeliveryOptions['onTakenBack']
}

/** What a session works with, under one configuration. */
export interface Circumstances {
  readonly config: Config
  readonly ledger: Ledger
  readonly files: IncomingFiles
}

export class Receiver {
  readonly ledger: Ledger
  readonly settling: Pick<Settling, 'before'>
  readonly #running = new AbortController()
  readonly #memberships: Memberships
  readonly #delivery: DeliveryLine
  /** Undefined where messages go over the channel. */
  readonly doorbell: DoorbellRoute | undefined

  /** @param bell announces messages, which then wait to be read; undefined: they go over the channel. */
  constructor(
    surroundings: HostSurroundings,
    { config, ledger, files }: Circumstances,
    bell: Doorbell | undefined,
  ) {
    const { clock, log, write, intercept, onTakenBack, holder, holders } = surroundings
    const { signal } = this.#running
    const memberships = new Memberships(surroundings, config, ledger, signal)
    const settling = new Settling(clock, signal)
    this.ledger = ledger
    this.settling = settling
    this.#memberships = memberships
    const held = (): readonly string[] => memberships.deliverable()
    if (bell !== undefined) {
      const onOpen = (): void => this.#delivery.notify()
      this.doorbell = new DoorbellRoute({
        bell,
        ledger,
        held,
        onOpen,
        onDropped: (messages) => this.#delivery.drop(messages),
        signal,
        clock,
      })
    }
    this.#delivery = new DeliveryLine({
      ledger,
      outlet:
        this.doorbell?.outlet ??
        channelOutlet({ write, isHostStopped: () => holders.stoppedOf(holder.pid) === 'host', clock }),
      held,
      onSent: (workspaceId) => {
        settling.sent()
        if (bell !== undefined) ledger.evidence.noteRead(clock.now())
        memberships.find(workspaceId)?.workspace.events.emit('sent')
      },
      onTakenBack,
      files,
      intercept,
      signal,
      log: log.error,
      clock,
    })
    for (const { workspace } of memberships.all) {
      workspace.events.on('held', ({ givenUp, presumed }) => {
        this.#delivery.announceUnconfirmed(workspace.id, givenUp + presumed)
        this.#delivery.notify()
      })
      workspace.events.on('stored', () => this.#delivery.notify())
    }
  }

  get memberships(): readonly Membership[] {
    return this.#memberships.all
  }

  /** Why no message can be given to the host now; undefined while they can. */
  get problem(): string | undefined {
    return this.#delivery.problem
  }

  /** Starts waiting for the locks, and delivering. */
  start(): void {
    void this.#delivery.run()
    this.#memberships.start()
  }

  /** The workspaces that this session holds now. */
  held(): readonly string[] {
    return this.#memberships.held()
  }

  /** There may be something new to deliver. */
  deliver(): void {
    this.#delivery.notify()
  }

  /** Moves a workspace that another session may hold to this one. */
  claim(workspaceId: string, signal: AbortSignal): Promise<ClaimResult> {
    return this.#memberships.claim(workspaceId, signal)
  }

  /** Ends everything at once and releases the locks. */
  stop(): void {
    this.#running.abort()
    this.#memberships.stop()
  }
}
