/** A workspace that was parked, paused or hibernated, waits for its agent again. */
import { isExternalRuntime } from '../contract/status.ts'
import type { Status } from '../contract/statuses.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'

/** Nothing is started here: the agent's next heartbeat brings the workspace online. Returns the status until then. */
export function awaitAgent(services: Services, row: WorkspaceRow): Status {
  const { events, rules, workspaces } = services
  const external = isExternalRuntime(row.runtime)
  const status = external ? rules().staleExternalStatus : 'provisioning'
  workspaces.update(row.id, { status })
  if (external) events.publish('WORKSPACE_AWAITING_AGENT', row.id, { name: row.name, external: true })
  else {
    const { name, tier, runtime } = row
    events.publish('WORKSPACE_PROVISIONING', row.id, { name, tier, runtime })
  }
  return status
}

/** A message wakes a hibernated workspace (contract: hibernate). */
export function wake(services: Services, row: WorkspaceRow): void {
  if (row.status === 'hibernated') awaitAgent(services, row)
}
