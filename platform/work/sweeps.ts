/** Periodic work: marks silent agents, deletes expired files, prunes old activity and requests. */
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
/** The same after the machine slept: two heartbeats. */
const WAKING_MS = MINUTE
/** Requests are answered in between. */
const PRUNE_PAUSE_MS = 20
const SLOW_RUNTIMES_MS: ReadonlyMap<string, number> = new Map([['hermes', 30 * MINUTE]])
const PROVISION_FAILURE =
  'The agent of this workspace never registered with the platform. Start it, and it will come online.'

interface Limits {
  /** Milliseconds without a heartbeat until an external agent counts as gone; the contract's if undefined. */
  readonly staleAfterMs: number | undefined
  /** Milliseconds until a workspace that was never provisioned counts as failed; the contract's if undefined. */
  readonly provisionTimeoutMs: number | undefined
}

export class Sweeps {
  readonly #clock: Clock
  readonly #sweeps: readonly Sweep[]
  readonly #cancels: (() => void)[] = []

  constructor(services: Services, { staleAfterMs, provisionTimeoutMs }: Limits) {
    const { background, clock, rules } = services
    this.#clock = clock
    this.#sweeps = [
      { everyMs: 15 * SECOND, run: () => sweepStale(services, staleAfterMs ?? rules().staleAfterMs) },
      { everyMs: 15 * SECOND, run: () => sweepLiveness(services) },
      { everyMs: 30 * SECOND, run: () => sweepProvisioning(services, provisionTimeoutMs) },
      { everyMs: 30 * SECOND, run: () => drainAll(services) },
      { everyMs: 5 * MINUTE, run: () => background.run(() => pruneUploads(services)) },
      { everyMs: 6 * HOUR, run: () => background.run(() => pruneActivity(services)) },
      { everyMs: 6 * HOUR, run: () => background.run(() => pruneRequests(services)) },
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

/** After the machine slept, every agent on it looks silent until its next heartbeat. */
function hasJustWoken({ clock }: Services): boolean {
  const jumpedAt = clock.jumpedAt?.()
  return jumpedAt !== undefined && Math.abs(clock.now() - jumpedAt) < WAKING_MS
}

/** External agents whose last heartbeat is too old (contract: stale-heartbeat sweep). */
function sweepStale(services: Services, staleAfterMs: number): void {
  const { rules, timestamps, workspaces } = services
  workspaces.bringToPresent()
  if (hasJustWoken(services)) return
  for (const row of workspaces.silentSince(timestamps.fromNow(-staleAfterMs))) {
    changeStatus(services, row, statusWhenStale(row.status, row.runtime, rules()))
  }
}

function sweepLiveness(services: Services): void {
  if (hasJustWoken(services)) return
  const { rules, workspaces } = services
  for (const row of workspaces.expired()) {
    workspaces.update(row.id, { liveness_expires_at: null })
    changeStatus(services, row, statusWhenLivenessEnds(row.status, row.runtime, rules()))
  }
}

/**
 * Workspaces that were never provisioned. Nothing here provisions managed runtimes, so all of them end like
 * this unless an agent comes. The age counts from the last change: a resumed workspace starts over.
 */
function sweepProvisioning(services: Services, chosenMs: number | undefined): void {
  const { events, rules, timestamps, workspaces } = services
  for (const row of workspaces.provisioning()) {
    const limit = chosenMs ?? SLOW_RUNTIMES_MS.get(row.runtime) ?? rules().provisionTimeoutMs
    if (row.updated_at > timestamps.fromNow(-limit)) continue
    workspaces.update(row.id, { status: 'failed', sample_error: PROVISION_FAILURE })
    events.publish('WORKSPACE_PROVISION_FAILED', row.id, {
      error: PROVISION_FAILURE,
      timeout_secs: limit / SECOND,
      runtime: row.runtime,
      source: 'provision_timeout_sweep',
    })
  }
}

/** In parts, since deleting a month of rows takes seconds, and everyone waits for them. */
async function pruneActivity({ activity, background }: Services): Promise<void> {
  let last = activity.prune()
  while (last !== undefined) {
    await background.delay(PRUNE_PAUSE_MS)
    if (background.signal.aborted) return
    last = activity.prune(last)
  }
}

async function pruneRequests({ background, requests }: Services): Promise<void> {
  while (requests.prune()) {
    await background.delay(PRUNE_PAUSE_MS)
    if (background.signal.aborted) return
  }
}

/** Those of uploads that a crash or a full disk ended, too. */
async function pruneUploads({ background, parts, staging, uploads }: Services): Promise<void> {
  uploads.prune()
  const isUnderWay = (fileId: string): boolean => staging.isUnderWay(fileId)
  let last = parts.prune('', isUnderWay)
  while (last !== undefined) {
    await background.delay(PRUNE_PAUSE_MS)
    if (background.signal.aborted) return
    last = parts.prune(last, isUnderWay)
  }
}

/** The event is WORKSPACE_OFFLINE whatever the new status. */
function changeStatus(services: Services, row: WorkspaceRow, status: Status): void {
  if (status === row.status) return
  services.workspaces.update(row.id, { status, liveness_expires_at: null })
  services.events.publish('WORKSPACE_OFFLINE', row.id, { status })
}
