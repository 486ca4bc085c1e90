/**
 * How an external agent connects: its connection block without the token, or with a new token that replaces
 * all others.
 */
import { json, refuse } from '../base/response.ts'
import { isExternalRuntime } from '../contract/status.ts'
import { publicOrigin } from '../http/origin.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { connectionBlock } from './workspace-routes.ts'

export const connectionRoutes: readonly Route[] = [
  { method: 'GET', path: '/workspaces/:id/external/connection', gate: 'workspace', handle: show },
  { method: 'POST', path: '/workspaces/:id/external/rotate', gate: 'workspace', handle: rotate },
]

function show(services: Services, call: Call): Response {
  const row = externalWorkspace(services, call)
  return json({ connection: connectionBlock(publicOrigin(call.request.headers, call.url), row.id, '') })
}

function rotate(services: Services, call: Call): Response {
  const row = externalWorkspace(services, call)
  const token = services.database.transaction(() => {
    services.tokens.revokeAll(row.id)
    return services.tokens.mint(row.id, 'instance')
  })()
  services.events.publish('EXTERNAL_CREDENTIALS_ROTATED', row.id, {})
  return json({ connection: connectionBlock(publicOrigin(call.request.headers, call.url), row.id, token) })
}

function externalWorkspace(services: Services, call: Call): WorkspaceRow {
  if (!services.rules().tokenKinds) throw refuse(404, 'not found')
  const row = services.workspaces.require(call.param('id'))
  if (!isExternalRuntime(row.runtime)) throw refuse(400, 'workspace is not external')
  return row
}
