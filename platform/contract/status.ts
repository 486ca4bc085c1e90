/**
 * The statuses of a workspace and the transitions between them. Pure: callers store and announce the result.
 */
import type { Status } from './statuses.ts'
import type { ContractRules } from './versions.ts'

/** How long a register or heartbeat shows that an agent lives. */
export const LIVENESS_MS = 180_000

const EXTERNAL_RUNTIMES: ReadonlySet<string> = new Set(['external', 'kimi', 'kimi-cli'])

/** Whether the agent runs elsewhere and connects to the platform by itself. */
export function isExternalRuntime(runtime: string): boolean {
  return EXTERNAL_RUNTIMES.has(runtime)
}

export function statusAtCreation(external: boolean, url: string): Status {
  if (!external) return 'provisioning'
  return url === '' ? 'awaiting_agent' : 'online'
}

/** Whether a register may change the row: never a removed one, a parked one only in older contracts. */
export function registerWrites(status: Status, rules: ContractRules): boolean {
  if (status === 'removed') return false
  return !(rules.registerKeepsParked && (status === 'paused' || status === 'hibernated'))
}

interface Beat {
  readonly errorRate: number
  readonly runtimeState: string
  /** The runtime manages its own status, so its error rate is not judged. */
  readonly managesStatus: boolean
  readonly registerFailedRecently: boolean
}

/** Whether an error rate alone degrades a workspace. */
export function failsOften(errorRate: number, managesStatus: boolean): boolean {
  return !managesStatus && errorRate >= 0.5
}

/** The status after a heartbeat. It moves at most one step per beat (contract: status table). */
export function statusAfterHeartbeat(status: Status, beat: Beat, rules: ContractRules): Status {
  if (rules.statusesLiftedByHeartbeat.includes(status)) return 'online'
  if (status === 'online') {
    if (beat.runtimeState === 'wedged' || beat.registerFailedRecently) return 'degraded'
    return failsOften(beat.errorRate, beat.managesStatus) ? 'degraded' : 'online'
  }
  if (status === 'degraded') {
    const calm = beat.errorRate < 0.1 && beat.runtimeState === ''
    return calm && !beat.managesStatus && !beat.registerFailedRecently ? 'online' : 'degraded'
  }
  return status
}

/**
 * The status once heartbeats have stopped. Applies to external agents only (contract: stale-heartbeat sweep).
 */
export function statusWhenStale(status: Status, runtime: string, rules: ContractRules): Status {
  const present = status === 'online' || status === 'degraded'
  return present && isExternalRuntime(runtime) ? rules.staleExternalStatus : status
}

/** The status once the liveness key has expired. */
export function statusWhenLivenessEnds(status: Status, runtime: string, rules: ContractRules): Status {
  if (status === 'removed' || status === 'paused' || status === 'hibernated') return status
  return isExternalRuntime(runtime) ? rules.staleExternalStatus : 'offline'
}
