/** Periodic work: marks silent agents, deletes expired files, prunes old activity. */
import type { Clock } from '../base/clock.ts'
import { statusWhenLivenessEnds, statusWhenStale } from '../contract/status.ts'
import type { Status } from '../contract/statuses.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { drainAll } from './drain.ts'

interface Sweep {
  readonly everyMs: number
  readonly run: () => void
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** After a restart, agents have this long to come back before any counts as gone. */
const FIRST_SWEEP_MS = 15 * SECOND
const PROVISIONING_LIMIT_MS = 10 * MINUTE
const PROVISIONING_LIMITS_MS: ReadonlyMap<string, number> = new Map([['hermes', 30 * MINUTE]])

export class Sweeps {
  readonly #clock: Clock
  readonly #sweeps: readonly Sweep[]
  readonly #cancels: (() => void)[] = []

  /**
   * @param staleAfterMs milliseconds without a heartbeat until an external agent counts as gone; the
   *   contract's if undefined.
   */
  constructor(services: Services, staleAfterMs: number | undefined) {
    const { activity, clock, rules, uploads } = services
    this.#clock = clock
    this.#sweeps = [
      { everyMs: 15 * SECOND, run: () => sweepStale(services, staleAfterMs ?? rules().staleAfterMs) },
      { everyMs: 15 * SECOND, run: () => sweepLiveness(services) },
      { everyMs: 30 * SECOND, run: () => sweepProvisioning(services) },
      { everyMs: 30 * SECOND, run: () => drainAll(services) },
      { everyMs: 5 * MINUTE, run: () => uploads.prune() },
      { everyMs: 6 * HOUR, run: () => activity.prune() },
    ]
  }

  /** Runs every sweep once, now. */
  run(): void {
    for (const sweep of this.#sweeps) sweep.run()
  }

  /**
   * Runs each sweep at its interval, and all of them soon: a platform may stop before six hours have passed.
   */
  start(): void {
    this.#cancels.push(
      this.#clock.after(FIRST_SWEEP_MS, () => this.run()),
      ...this.#sweeps.map(({ everyMs, run }) => this.#clock.every(everyMs, run)),
    )
  }

  stop(): void {
    for (const cancel of this.#cancels.splice(0)) cancel()
  }
}

/** External agents whose last heartbeat is too old (contract: stale-heartbeat sweep). */
function sweepStale(services: Services, staleAfterMs: number): void {
  const { rules, timestamps, workspaces } = services
  for (const row of workspaces.silentSince(timestamps.fromNow(-staleAfterMs))) {
    changeStatus(services, row, statusWhenStale(row.status, row.runtime, rules()))
  }
}

function sweepLiveness(services: Services): void {
  const { rules, workspaces } = services
  for (const row of workspaces.expired()) {
    workspaces.update(row.id, { liveness_expires_at: null })
    changeStatus(services, row, statusWhenLivenessEnds(row.status, row.runtime, rules()))
  }
}

/**
 * Workspaces that were never provisioned. Nothing here provisions managed runtimes, so all of them end like
 * this.
 */
function sweepProvisioning(services: Services): void {
  for (const row of services.workspaces.provisioning()) {
    const limit = PROVISIONING_LIMITS_MS.get(row.runtime) ?? PROVISIONING_LIMIT_MS
    if (row.created_at <= services.timestamps.fromNow(-limit)) changeStatus(services, row, 'failed')
  }
}

/** The event is WORKSPACE_OFFLINE whatever the new status. */
function changeStatus(services: Services, row: WorkspaceRow, status: Status): void {
  if (status === row.status) return
  services.workspaces.update(row.id, { status, liveness_expires_at: null })
  services.events.publish('WORKSPACE_OFFLINE', row.id, { status })
}
