// Background work of the platform: what happens because time passes. Each sweep looks at the clock it is given, so that a
// test moves the clock instead of waiting.

import type { Services } from './services.ts'
import { type Status, statusWhenLivenessEnds, statusWhenStale } from './status.ts'
import type { WorkspaceRow } from './workspaces.ts'

export interface SweepSettings {
  /** Milliseconds without a heartbeat until an external agent counts as gone. */
  readonly staleAfterMs: number
}

interface Sweep {
  readonly everyMs: number
  readonly run: () => void
}

const TICK_MS = 15_000

/** Runs every sweep that is due, by timer or by hand. */
export class Sweeper {
  readonly #services: Services
  readonly #sweeps: readonly Sweep[]
  readonly #lastRun = new Map<Sweep, number>()
  #timer: Timer | undefined

  constructor(services: Services, settings: () => SweepSettings) {
    this.#services = services
    this.#sweeps = [
      { everyMs: TICK_MS, run: () => sweepStale(services, settings().staleAfterMs) },
      { everyMs: TICK_MS, run: () => sweepLiveness(services) },
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
