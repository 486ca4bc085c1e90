/** POST /registry/heartbeat and /registry/update-card: an agent says that it is alive, and how it is. */
import { z } from 'zod'
import { MAX_LISTED_BYTES, readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { timestampMs } from '../base/timestamp.ts'
import { failsOften, LIVENESS_MS, statusAfterHeartbeat } from '../contract/status.ts'
import type { Status } from '../contract/statuses.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { drain } from '../work/drain.ts'
import { refusedRoute } from './register.ts'

const runtimeMetadataSchema = wire.struct({
  capabilities: z.record(z.string(), z.boolean().nullish()).nullish(),
  idle_timeout_seconds: wire.optionalInteger,
})

const heartbeatSchema = wire.struct({
  workspace_id: wire.identifier,
  error_rate: wire.decimal,
  sample_error: wire.text,
  active_tasks: wire.integer,
  is_busy: z.boolean().nullish(),
  uptime_seconds: wire.integer,
  current_task: wire.text,
  monthly_spend: wire.integer,
  runtime_state: wire.text,
  runtime_metadata: runtimeMetadataSchema.nullish(),
  agent_card: wire.object.nullish(),
})
type Heartbeat = z.infer<typeof heartbeatSchema>

const cardUpdateSchema = wire.struct({ workspace_id: wire.identifier, agent_card: wire.object })

const MAX_SPEND_CENTS = 1_000_000_000_000
const REGISTER_FAILURE_MS = 300_000

export const heartbeatRoutes: readonly Route[] = [
  { method: 'POST', path: '/registry/heartbeat', gate: 'open', handle: heartbeat },
  { method: 'POST', path: '/registry/update-card', gate: 'open', handle: updateCard },
]

async function heartbeat(services: Services, call: Call): Promise<Response> {
  const beat = await readJson(call, heartbeatSchema, undefined, MAX_LISTED_BYTES)
  services.authentication.passBootstrap(call.request.headers, beat.workspace_id)
  const row = services.workspaces.find(beat.workspace_id)
  // Unknown and removed workspaces get the same 200: it writes nothing and reveals nothing.
  const recorded =
    row !== undefined && row.status !== 'removed' && !services.faults.state().heartbeat_blackout
  if (recorded) {
    record(services, row, beat)
    drain(services, row, beat.active_tasks)
  }
  const secret = services.rules().pollMode && row !== undefined && row.status !== 'removed'
  return json(secret ? { status: 'ok', platform_inbound_secret: row.inbound_secret } : { status: 'ok' })
}

/** Writes unconditionally: whatever a beat leaves out is stored as zero or empty (contract: heartbeat). */
function record(services: Services, row: WorkspaceRow, beat: Heartbeat): void {
  const { clock, events, rules, timestamps, workspaces } = services
  const managesStatus = beat.runtime_metadata?.capabilities?.status_mgmt === true
  const clearsFailure = rules().heartbeatCarriesCard && beat.agent_card != null
  const failureAt = clearsFailure ? null : row.last_register_failure_at
  const status = statusAfterHeartbeat(
    row.status,
    {
      errorRate: beat.error_rate,
      runtimeState: beat.runtime_state,
      managesStatus,
      registerFailedRecently:
        rules().registerFailureMarker &&
        failureAt !== null &&
        Math.abs(clock.now() - timestampMs(failureAt)) < REGISTER_FAILURE_MS,
    },
    rules(),
  )
  workspaces.update(row.id, {
    status,
    error_rate: beat.error_rate,
    sample_error: beat.sample_error,
    active_tasks: beat.active_tasks,
    uptime_seconds: beat.uptime_seconds,
    current_task: beat.current_task,
    monthly_spend: spendAfter(row.monthly_spend, beat.monthly_spend),
    runtime_state: beat.runtime_state,
    manages_status: managesStatus ? 1 : 0,
    idle_timeout_seconds: beat.runtime_metadata?.idle_timeout_seconds ?? null,
    last_register_failure_at: failureAt,
    last_heartbeat_at: timestamps.now(),
    // A heartbeat extends the liveness key but does not restore a cleared one.
    liveness_expires_at: row.liveness_expires_at === null ? null : timestamps.fromNow(LIVENESS_MS),
    ...(clearsFailure && row.agent_card === null ? { agent_card: JSON.stringify(beat.agent_card) } : {}),
  })
  announceStatus(services, row.id, row.status, status, beat, managesStatus)
  if (beat.current_task !== row.current_task) {
    events.publish('TASK_UPDATED', row.id, {
      current_task: beat.current_task,
      active_tasks: beat.active_tasks,
    })
  }
  events.publish('WORKSPACE_HEARTBEAT', row.id, {
    active_tasks: beat.active_tasks,
    uptime_seconds: beat.uptime_seconds,
  })
}

/**
 * The spend in cents after a beat reported it: clamped, and unchanged for zero, which means that nothing is
 * reported.
 */
export function spendAfter(before: number, reported: number): number {
  return Math.min(Math.max(reported, 0), MAX_SPEND_CENTS) || before
}

function announceStatus(
  { events }: Services,
  id: string,
  before: Status,
  after: Status,
  beat: Heartbeat,
  managesStatus: boolean,
): void {
  if (before === after) return
  if (after !== 'degraded') {
    events.publish('WORKSPACE_ONLINE', id, before === 'degraded' ? {} : { recovered_from: before })
    return
  }
  const { error_rate, runtime_state, sample_error } = beat
  const wedged = runtime_state === 'wedged'
  if (wedged) events.publish('WORKSPACE_DEGRADED', id, { runtime_state, sample_error })
  // A wedge and a high error rate are announced one after the other.
  if (!wedged || failsOften(error_rate, managesStatus)) {
    events.publish('WORKSPACE_DEGRADED', id, { error_rate, sample_error })
  }
}

async function updateCard(services: Services, call: Call): Promise<Response> {
  const update = await readJson(call, cardUpdateSchema, undefined, MAX_LISTED_BYTES)
  services.authentication.passBootstrap(call.request.headers, update.workspace_id)
  const { url } = update.agent_card
  if (services.rules().tokenKinds && typeof url === 'string' && url !== '') {
    if ((await refusedRoute(services, url)) !== undefined) throw refuse(400, 'workspace URL not allowed')
  }
  const row = services.workspaces.find(update.workspace_id)
  if (row !== undefined && row.status !== 'removed') {
    services.workspaces.update(row.id, { agent_card: JSON.stringify(update.agent_card) })
    services.events.publish('AGENT_CARD_UPDATED', row.id, { agent_card: update.agent_card })
  }
  return json({ status: 'updated' })
}
