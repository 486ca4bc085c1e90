/**
 * How an external agent connects: the block again, without its token, or with a fresh one that replaces all
 * others.
 */
import { json, refuse } from '../base/response.ts'
import { isExternalRuntime } from '../contract/status.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { connectionBlock } from './workspace-routes.ts'

export function connectionRoutes(services: Services): readonly Route[] {
  const path = '/workspaces/:id/external'
  const gate = 'workspace'
  return [
    { method: 'GET', path: `${path}/connection`, gate, handle: (call) => show(services, call) },
    { method: 'POST', path: `${path}/rotate`, gate, handle: (call) => rotate(services, call) },
  ]
}

function show(services: Services, call: Call): Response {
  const row = external(services, call)
  return json({ connection: connectionBlock(call.url.origin, row.id, '') })
}

function rotate(services: Services, call: Call): Response {
  const row = external(services, call)
  const token = services.database.transaction(() => {
    services.tokens.revokeAll(row.id)
    return services.tokens.mint(row.id, 'instance')
  })()
  services.events.publish('EXTERNAL_CREDENTIALS_ROTATED', row.id, {})
  return json({ connection: connectionBlock(call.url.origin, row.id, token) })
}

function external(services: Services, call: Call): WorkspaceRow {
  if (!services.rules().tokenKinds) throw refuse(404, 'not found')
  const row = services.workspaces.find(call.param('id'))
  if (row === undefined || row.status === 'removed') throw refuse(404, 'workspace not found')
  if (!isExternalRuntime(row.runtime)) throw refuse(400, 'workspace is not external')
  return row
}
