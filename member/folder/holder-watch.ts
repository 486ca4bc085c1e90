/**
 * Whether the sessions that hold workspaces still run. A stopped one can be told from its process. One that hangs, is
 * frozen, or stands still with its machine cannot: its record shows it, which a session that runs touches regularly, and
 * within a second of a claim. Only changes of the record count, not its age, since clocks differ between machines.
 */
import type { Clock } from '../../base/clock.ts'
import { type Holder, readPidFile, touchedAt } from './holder-record.ts'
import type { Stopped } from './stopped-process.ts'

/** As {@link Stopped}; or `silent`: the session has given no sign of life for a while. */
export type Standstill = Stopped | 'silent'

/** How often a session touches the records of the workspaces it holds. */
export const TOUCH_EVERY_MS = 20_000
/** Longer than a network file system remembers what it has read, too. */
const SILENT_MS = 90_000
/** A gap between two looks counts as no more than this: the machine may have slept. */
const MAX_GAP_MS = 45_000
/** A session that runs heeds a claim within a second. */
const STOPPED_CLAIM_MS = 2_000
const UNHEEDED_CLAIM_MS = 6_000

interface Seen {
  readonly touchedAt: number
  readonly lookedAt: number
  /** Milliseconds for which the record has not changed, as far as it was looked at. */
  readonly silentMs: number
}

/** A claim that waits for the holder to heed it. */
export interface OpenClaim {
  readonly since: number
  /** When the holder had last touched its record. */
  readonly touchedAt: number | undefined
}

export class HolderWatch {
  /** Whether the plugin with this pid, or its host, is stopped. */
  readonly stoppedOf: (pid: number) => Stopped | undefined
  readonly #clock: Pick<Clock, 'now'>
  /** As in the records of this process. */
  readonly #pidSpace: string | undefined
  readonly #seen = new Map<string, Seen>()

  constructor(
    clock: Pick<Clock, 'now'>,
    own: Pick<Holder, 'pidSpace'>,
    stoppedOf: (pid: number) => Stopped | undefined,
  ) {
    this.#clock = clock
    this.#pidSpace = own.pidSpace
    this.stoppedOf = stoppedOf
  }

  /**
   * @param record the path of the record that the holder keeps while it holds the lock.
   * @returns undefined while it runs, and when that cannot be told.
   */
  standstill(record: string): Standstill | undefined {
    const holder = readPidFile(record)
    if (holder === undefined) return undefined
    // Elsewhere the pid names another process here, or none.
    const isElsewhere = holder.pidSpace !== undefined && holder.pidSpace !== this.#pidSpace
    const stopped = isElsewhere ? undefined : this.stoppedOf(holder.pid)
    const silentMs = this.#look(record)
    if (stopped !== undefined) return stopped
    // An earlier version writes no pid space and does not touch its record.
    return holder.pidSpace !== undefined && silentMs >= SILENT_MS ? 'silent' : undefined
  }

  /** To be kept for {@link maySeize}. */
  openClaim(record: string): OpenClaim {
    return { since: this.#clock.now(), touchedAt: touchedAt(record) }
  }

  /** Whether the holder has not heeded a claim for so long that its lock may be taken. */
  maySeize(record: string, { since, touchedAt: before }: OpenClaim): boolean {
    const claimedMs = this.#clock.now() - since
    if (claimedMs < STOPPED_CLAIM_MS) return false
    const standstill = this.standstill(record)
    if (standstill === 'plugin') return true
    if (claimedMs < UNHEEDED_CLAIM_MS) return false
    if (standstill === 'silent') return true
    // Another machine may see the claim, and we its answer, only after a minute.
    const isHere = this.#pidSpace !== undefined && readPidFile(record)?.pidSpace === this.#pidSpace
    return isHere && before !== undefined && touchedAt(record) === before
  }

  #look(record: string): number {
    const now = this.#clock.now()
    const touched = touchedAt(record) ?? 0
    const before = this.#seen.get(record)
    const gap = before === undefined ? 0 : Math.min(Math.abs(now - before.lookedAt), MAX_GAP_MS)
    const silentMs = before?.touchedAt === touched ? before.silentMs + gap : 0
    this.#seen.set(record, { touchedAt: touched, lookedAt: now, silentMs })
    return silentMs
  }
}
