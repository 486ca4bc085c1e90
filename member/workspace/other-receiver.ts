/**
 * Whether another process receives for the same workspace: from another state folder, whose locks we do not see, or from
 * another machine. Such a process sends heartbeats, and the platform shows those as it shows ours: as events, and in the
 * workspace's row. A heartbeat that we did not send has an uptime that we did not report, or a time at which we sent none.
 *
 * One strange heartbeat proves nothing, since the holder before us may have left one under way. Two some seconds apart do.
 */
import { sleep } from '../../base/sleep.ts'
import type { StreamEvent } from '../client/events.ts'
import type { WorkspaceLookup } from '../client/workspace.ts'
import type { Workspace } from './workspace.ts'

/** The event of a heartbeat is awaited until we have sent this many more. */
const AWAITED = 2
/** An event that comes later than that is ours if its time agrees with the time of sending this closely. */
const AGREEING_MS = 15_000
/** Heartbeats kept to recognise late and repeated events of them. */
const REMEMBERED = 100
/** Two events of one heartbeat, announced twice, are closer than this. */
const SAME_BEAT_MS = 100
/** Two strange heartbeats at least this far apart come from a process that goes on. */
const APART_MS = 5_000
/** The longest interval between two heartbeats that can be configured is a minute; this misses one of them. */
const WITHIN_MS = 150_000
/** Without events, the row is compared after every so many heartbeats, and after each while there is a suspicion. */
const ROW_EVERY = 3
/** The second look at the row must be over before our next heartbeat: it gets twice the time of the first, and this. */
const MARGIN_MS = 100

const EVENT = 'WORKSPACE_HEARTBEAT'

/** A heartbeat of ours. */
interface OwnBeat {
  /** Whole seconds, as on the wire. */
  readonly uptime: number
  /** Milliseconds since the epoch, by our clock. */
  readonly sentAt: number
  /** It came back as an event. */
  heard: boolean
  /** The event's time, in milliseconds since the epoch by the platform's clock. */
  heardAt?: number | undefined
}

export class OtherReceiver {
  readonly #workspace: Workspace
  readonly #lookUp: () => Promise<WorkspaceLookup>
  /** Ours, the newest last. */
  readonly #own: OwnBeat[] = []
  /** Requests of ours that change the row: registrations and heartbeats. */
  #writes = 0
  #accepted = 0
  /** When one of ours last came back as an event, by our clock. */
  #echoedAt = Number.NEGATIVE_INFINITY
  /** The time of the newest event of a heartbeat, by the platform's clock. What is not newer is a repeat. */
  #newest = Number.NEGATIVE_INFINITY
  /** When the first and the last strange heartbeat of a series was noticed, by our clock. */
  #strange: { readonly since: number; readonly last: number } | undefined
  #told = false

  /** @param lookUp looks up the workspace. */
  constructor(workspace: Workspace, lookUp: () => Promise<WorkspaceLookup>) {
    this.#workspace = workspace
    this.#lookUp = lookUp
  }

  /** When the other process last showed itself, in milliseconds since the epoch; undefined while there is none. */
  get seenAt(): number | undefined {
    return this.#told && this.#isRecent() ? this.#strange?.last : undefined
  }

  /** We are about to register. */
  registering(): void {
    this.#writes++
  }

  /** We are about to send a heartbeat. */
  beating(uptimeSeconds: number): void {
    this.#writes++
    this.#own.push({
      uptime: Math.floor(uptimeSeconds),
      sentAt: this.#workspace.clock.now(),
      heard: false,
    })
    if (this.#own.length > REMEMBERED) this.#own.shift()
  }

  /** The event stream brought an event. */
  noteEvent({ type, timestamp, uptimeSeconds }: StreamEvent): void {
    const { config, clock } = this.#workspace
    if (type !== EVENT || uptimeSeconds === undefined) return
    const echo = this.#echo(uptimeSeconds, timestamp)
    if (echo !== undefined) {
      echo.heard = true
      echo.heardAt = timestamp
      this.#echoedAt = clock.now()
      // Lower than before if the platform's clock was set back.
      this.#newest = timestamp ?? this.#newest
      return
    }
    // Until our own come back, what comes may be from before our time, as after a takeover.
    if (config.heartbeatIntervalMs > 0 && !this.#own.some(({ heard }) => heard)) return
    if (this.#isRepeat(uptimeSeconds, timestamp)) return
    this.#newest = timestamp ?? this.#newest
    this.#noteStrange()
  }

  /**
   * A heartbeat of ours was accepted. Where heartbeats do not come back as events, compares the row just after it with
   * the row just before the next: in between, only another process can change it. Never throws.
   *
   * @param intervalMs until our next heartbeat.
   */
  async accepted(intervalMs: number): Promise<void> {
    const { clock, signal } = this.#workspace
    this.#accepted++
    if (clock.now() - this.#echoedAt <= intervalMs * 2) return
    if (this.#accepted % ROW_EVERY !== 0 && !this.#isRecent()) return
    const writes = this.#writes
    const sentAt = this.#own.at(-1)?.sentAt ?? clock.now()
    const askedAt = clock.now()
    const before = await this.#row()
    if (before === undefined) return
    const now = clock.now()
    await sleep(sentAt + intervalMs - now - 2 * (now - askedAt) - MARGIN_MS, signal, clock)
    if (signal.aborted) return
    const after = await this.#row()
    // Something of ours may have gone out meanwhile, if the answer was slow or the machine slept.
    if (after === undefined || this.#writes !== writes) return
    if (after !== before) this.#noteStrange()
  }

  /** The heartbeat of ours whose first event this is. */
  #echo(uptime: number, timestamp: number | undefined): OwnBeat | undefined {
    const candidate = this.#own.findLast((one) => one.uptime === uptime && !one.heard)
    if (candidate === undefined || this.#own.indexOf(candidate) >= this.#own.length - AWAITED)
      return candidate
    const known = this.#own.findLast(({ heardAt }) => heardAt !== undefined)
    if (timestamp === undefined || known?.heardAt === undefined) return candidate
    const [theirs, ours] = [timestamp - known.heardAt, candidate.sentAt - known.sentAt]
    return Math.abs(theirs - ours) < AGREEING_MS ? candidate : undefined
  }

  #isRepeat(uptime: number, timestamp: number | undefined): boolean {
    const ours = this.#own.findLast((one) => one.uptime === uptime)
    if (timestamp === undefined) return ours !== undefined
    if (timestamp <= this.#newest) return true
    return ours?.heardAt !== undefined && timestamp - ours.heardAt < SAME_BEAT_MS
  }

  /** What a heartbeat changes in the row; undefined when the platform does not show it. */
  async #row(): Promise<string | undefined> {
    try {
      const found = await this.#lookUp()
      if (found.state !== 'present') return undefined
      const { uptime_seconds: uptime, last_heartbeat_at: at } = found.info
      return uptime == null && at == null ? undefined : `${uptime} ${at}`
    } catch {
      // The platform fails, is unreachable, or shows no rows: nothing is known, and the next heartbeat asks again.
      return undefined
    }
  }

  #noteStrange(): void {
    const { clock, warn } = this.#workspace
    const now = clock.now()
    if (!this.#isRecent()) this.#told = false
    const since = this.#isRecent() ? (this.#strange?.since ?? now) : now
    this.#strange = { since, last: now }
    if (this.#told || now - since < APART_MS) return
    this.#told = true
    warn(
      'has a second receiver, in another state folder or on another machine: another process sends heartbeats as this workspace, and both get every message. End one of the two; on one machine, give both the same state folder (MOLECULE_STATE_DIR)',
    )
  }

  /** Absolute, since the clock can be set back. */
  #isRecent(): boolean {
    return (
      this.#strange !== undefined && Math.abs(this.#workspace.clock.now() - this.#strange.last) <= WITHIN_MS
    )
  }
}
