/**
 * Background work of the platform: what happens because time passes. Each sweep looks at the clock it is
 * given, so that a test moves the clock instead of waiting.
 */
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
const DAY = 24 * HOUR

const TICK_MS = 15 * SECOND
const PROVISIONING_LIMIT_MS = 10 * MINUTE
const PROVISIONING_LIMITS_MS: ReadonlyMap<string, number> = new Map([['hermes', 30 * MINUTE]])
const RETENTION_MS = 7 * DAY
const HARD_RETENTION_MS = 30 * DAY
/** How long a file stays readable once its agent has it; the contract leaves this open. */
const ACKED_UPLOAD_MS = HOUR

/** Runs every sweep that is due, by timer or by hand. */
export class Sweeper {
  readonly #services: Services
  readonly #sweeps: readonly Sweep[]
  readonly #lastRun = new Map<Sweep, number>()
  #timer: Timer | undefined

  /** @param staleAfterMs milliseconds without a heartbeat until an external agent counts as gone; the contract's if undefined */
  constructor(services: Services, staleAfterMs: number | undefined) {
    this.#services = services
    this.#sweeps = [
      { everyMs: TICK_MS, run: () => sweepStale(services, staleAfterMs ?? services.rules().staleAfterMs) },
      { everyMs: TICK_MS, run: () => sweepLiveness(services) },
      { everyMs: 30 * SECOND, run: () => sweepProvisioning(services) },
      { everyMs: 30 * SECOND, run: () => drainAll(services) },
      { everyMs: 5 * MINUTE, run: () => sweepUploads(services) },
      { everyMs: 6 * HOUR, run: () => pruneActivity(services) },
    ]
  }

  /** Runs the sweeps whose interval has passed since they last ran. */
  tick(): void {
    const now = this.#services.time.nowMs()
    for (const sweep of this.#sweeps) {
      if (now - (this.#lastRun.get(sweep) ?? Number.NEGATIVE_INFINITY) < sweep.everyMs) continue
      this.#lastRun.set(sweep, now)
      sweep.run()
    }
  }

  /** Ticks by itself until stopped; the timer alone keeps no process alive. */
  start(): void {
    this.#timer = setInterval(() => this.tick(), TICK_MS)
    this.#timer.unref()
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}

/** External agents whose last heartbeat is too old (contract: stale-heartbeat sweep). */
function sweepStale(services: Services, staleAfterMs: number): void {
  const rows = services.database
    .query<WorkspaceRow, [string]>(
      `SELECT * FROM workspaces WHERE status IN ('online', 'degraded') AND coalesce(last_heartbeat_at, updated_at) < ?`,
    )
    .all(services.time.at(-staleAfterMs))
  for (const row of rows) settle(services, row, statusWhenStale(row.status, row.runtime, services.rules()))
}

/** Workspaces whose liveness key ran out. */
function sweepLiveness(services: Services): void {
  const rows = services.database
    .query<WorkspaceRow, [string]>('SELECT * FROM workspaces WHERE liveness_expires_at <= ?')
    .all(services.time.at())
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
    if (row.created_at > services.time.at(-limit)) continue
    services.workspaces.update(row.id, { status: 'failed' })
    services.events.publish('WORKSPACE_OFFLINE', row.id, { status: 'failed' })
  }
}

/** Old rows go: after a week if their reader confirmed them (or always, on older contracts), after 30 days in any case. */
function pruneActivity(services: Services): void {
  const { database, rules, time } = services
  const weekAgo = time.at(-RETENTION_MS)
  if (!rules().retentionRespectsAck) {
    database.query('DELETE FROM activity WHERE created_at < ?').run(weekAgo)
    return
  }
  database
    .query(
      `DELETE FROM activity WHERE created_at < ? AND (created_at < ? OR seq <= (
         SELECT last_acked_seq FROM inbox_state s WHERE s.workspace_id = activity.workspace_id))`,
    )
    .run(weekAgo, time.at(-HARD_RETENTION_MS))
}

function sweepUploads(services: Services): void {
  services.database
    .query('DELETE FROM pending_uploads WHERE expires_at <= ? OR acked_at <= ?')
    .run(services.time.at(), services.time.at(-ACKED_UPLOAD_MS))
}
