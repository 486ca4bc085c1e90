/**
 * Pausing, hibernating and restarting a workspace (contract: lifecycle). The platform runs no agent, so a parked one
 * may keep running; what changes is that its heartbeats no longer bring the workspace online.
 */
import { json, refuse } from '../base/response.ts'
import { ancestry } from '../contract/hierarchy.ts'
import { isExternalRuntime } from '../contract/status.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { awaitAgent } from '../work/lifecycle.ts'

export const lifecycleRoutes: readonly Route[] = [
  { method: 'POST', path: '/workspaces/:id/pause', gate: 'workspace', handle: pause },
  { method: 'POST', path: '/workspaces/:id/resume', gate: 'workspace', handle: resume },
  { method: 'POST', path: '/workspaces/:id/hibernate', gate: 'workspace', handle: hibernate },
  { method: 'POST', path: '/workspaces/:id/restart', gate: 'workspace', handle: restart },
]

function pause(services: Services, call: Call): Response {
  const row = services.workspaces.find(call.param('id'))
  if (row === undefined || row.status === 'removed' || row.status === 'paused') {
    throw refuse(404, 'workspace not found or already paused')
  }
  const family = services.workspaces.subtree(row.id).filter(({ status }) => status !== 'paused')
  for (const member of confirmed(call, family, 'pause')) {
    park(services, member, 'paused')
    services.events.publish('WORKSPACE_PAUSED', member.id, { name: member.name })
  }
  return json({ status: 'paused', paused_count: family.length })
}

function resume(services: Services, call: Call): Response {
  const row = services.workspaces.find(call.param('id'))
  if (row?.status !== 'paused') throw refuse(404, 'workspace not found or not paused')
  refuseBelowPaused(services, row)
  const family = services.workspaces.subtree(row.id).filter(({ status }) => status === 'paused')
  const [status] = confirmed(call, family, 'resume').map((member) => awaitAgent(services, member))
  return json({ status, resumed_count: family.length })
}

function hibernate(services: Services, call: Call): Response {
  const row = services.workspaces.find(call.param('id'))
  if (row?.status !== 'online' && row?.status !== 'degraded') {
    throw refuse(404, 'workspace not found or not in a hibernatable state (must be online or degraded)')
  }
  if (row.active_tasks > 0 && call.url.searchParams.get('force') !== 'true') {
    throw refuse(409, 'workspace has active tasks; use ?force=true to terminate them', {
      active_tasks: row.active_tasks,
    })
  }
  park(services, row, 'hibernated')
  services.events.publish('WORKSPACE_HIBERNATED', row.id, { name: row.name, tier: row.tier })
  return json({ status: 'hibernated' })
}

/** There is nothing to restart: an external agent runs elsewhere, and no managed one is run here. */
function restart(services: Services, call: Call): Response {
  const row = services.workspaces.require(call.param('id'))
  refuseBelowPaused(services, row)
  if (!isExternalRuntime(row.runtime)) throw refuse(503, 'provisioner not available')
  return json({
    status: 'noop',
    runtime: row.runtime,
    message: `${row.runtime} workspaces run outside the platform: restart the agent itself.`,
  })
}

/** The URL of a managed agent ends with its container; an external agent keeps its own. */
function park({ workspaces }: Services, row: WorkspaceRow, status: 'paused' | 'hibernated'): void {
  const gone = isExternalRuntime(row.runtime) ? {} : { url: '' }
  workspaces.update(row.id, { status, liveness_expires_at: null, ...gone })
}

/** The workspace and those below it, once the caller has said that they are meant, too. */
function confirmed(
  call: Call,
  family: readonly WorkspaceRow[],
  step: 'pause' | 'resume',
): readonly WorkspaceRow[] {
  const below = family.slice(1)
  if (below.length === 0 || call.url.searchParams.get('cascade') === 'true') return family
  throw refuse(409, `workspace has descendants — use ?cascade=true to ${step} all`, {
    descendants: below.map(({ id, name }) => ({ id, name })),
  })
}

function refuseBelowPaused({ workspaces }: Services, row: WorkspaceRow): void {
  const [, ...above] = ancestry(row.id, workspaces.parentOf)
  const paused = above.map((id) => workspaces.find(id)).find((one) => one?.status === 'paused')
  if (paused === undefined) return
  throw refuse(409, `parent workspace ${JSON.stringify(paused.name)} is paused — resume it first`)
}
