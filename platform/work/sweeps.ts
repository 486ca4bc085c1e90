/**
 * Background work of the platform: what happens because time passes. Each sweep looks at the clock it is
 * given, so that a test moves the clock instead of waiting.
 */
import type { Clock } from '../base/clock.ts'
import { statusWhenLivenessEnds, statusWhenStale } from '../contract/status.ts'
import type { Status } from '../contract/statuses.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { drainAll } from './drain.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** Agents get this long to come back after a restart before any counts as gone. */
const FIRST_SWEEP_MS = 15 * SECOND
const PROVISIONING_LIMIT_MS = 10 * MINUTE
const PROVISIONING_LIMITS_MS: ReadonlyMap<string, number> = new Map([['hermes', 30 * MINUTE]])
const RETENTION_MS = 7 * DAY
const HARD_RETENTION_MS = 30 * DAY
/** How long a file stays readable once its agent has it; the contract leaves this open. */
const ACKED_UPLOAD_MS = HOUR

interface Sweep {
  readonly everyMs: number
  readonly run: () => void
}

export class Sweeps {
  readonly #clock: Clock
  readonly #sweeps: readonly Sweep[]
  readonly #cancels: (() => void)[] = []

  /** @param staleAfterMs milliseconds without a heartbeat until an external agent counts as gone; undefined for the contract's. */
  constructor(services: Services, staleAfterMs: number | undefined) {
    this.#clock = services.clock
    this.#sweeps = [
      {
        everyMs: 15 * SECOND,
        run: () => sweepStale(services, staleAfterMs ?? services.rules().staleAfterMs),
      },
      { everyMs: 15 * SECOND, run: () => sweepLiveness(services) },
      { everyMs: 30 * SECOND, run: () => sweepProvisioning(services) },
      { everyMs: 30 * SECOND, run: () => drainAll(services) },
      { everyMs: 5 * MINUTE, run: () => sweepUploads(services) },
      { everyMs: 6 * HOUR, run: () => pruneActivity(services) },
    ]
  }

  /** Runs every sweep once, whenever it is due next. */
  run(): void {
    for (const sweep of this.#sweeps) sweep.run()
  }

  /** Runs each sweep at its interval, and all of them soon after the start: a platform may not run for six hours. */
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
  const rows = services.database
    .query<WorkspaceRow, [string]>(
      `SELECT * FROM workspaces WHERE status IN ('online', 'degraded') AND coalesce(last_heartbeat_at, updated_at) < ?`,
    )
    .all(services.timestamps.fromNow(-staleAfterMs))
  for (const row of rows) settle(services, row, statusWhenStale(row.status, row.runtime, services.rules()))
}

/** Workspaces whose liveness key ran out. */
function sweepLiveness(services: Services): void {
  const rows = services.database
    .query<WorkspaceRow, [string]>('SELECT * FROM workspaces WHERE liveness_expires_at <= ?')
    .all(services.timestamps.now())
  for (const row of rows) {
    services.workspaces.update(row.id, { liveness_expires_at: null })
    settle(services, row, statusWhenLivenessEnds(row.status, row.runtime, services.rules()))
  }
}

/** The event is WORKSPACE_OFFLINE whatever the new status is called. */
function settle(services: Services, row: WorkspaceRow, status: Status): void {
  if (status === row.status) return
  services.workspaces.update(row.id, { status, liveness_expires_at: null })
  services.events.publish('WORKSPACE_OFFLINE', row.id, { status })
}

/** Workspaces that were never provided; nothing here provides managed runtimes, so they all end so. */
function sweepProvisioning(services: Services): void {
  const rows = services.database
    .query<WorkspaceRow, []>("SELECT * FROM workspaces WHERE status = 'provisioning'")
    .all()
  for (const row of rows) {
    const limit = PROVISIONING_LIMITS_MS.get(row.runtime) ?? PROVISIONING_LIMIT_MS
    if (row.created_at > services.timestamps.fromNow(-limit)) continue
    services.workspaces.update(row.id, { status: 'failed' })
    services.events.publish('WORKSPACE_OFFLINE', row.id, { status: 'failed' })
  }
}

/** Old rows go: after a week if their reader confirmed them (or always, on older contracts), after 30 days in any case. */
function pruneActivity(services: Services): void {
  const { database, rules, timestamps } = services
  const weekAgo = timestamps.fromNow(-RETENTION_MS)
  if (!rules().retentionRespectsAck) {
    database.query('DELETE FROM activity WHERE created_at < ?').run(weekAgo)
    return
  }
  database
    .query(
      `DELETE FROM activity WHERE created_at < ? AND (created_at < ? OR seq <= (
         SELECT last_acked_seq FROM inbox_state s WHERE s.workspace_id = activity.workspace_id))`,
    )
    .run(weekAgo, timestamps.fromNow(-HARD_RETENTION_MS))
}

function sweepUploads(services: Services): void {
  services.database
    .query('DELETE FROM pending_uploads WHERE expires_at <= ? OR acked_at <= ?')
    .run(services.timestamps.now(), services.timestamps.fromNow(-ACKED_UPLOAD_MS))
}
