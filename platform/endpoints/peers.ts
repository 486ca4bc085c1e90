/** Who else is on the team, how to reach them, and who may talk to whom. */
import { readJson } from '../base/request-body.ts'
import { json, Refusal, refuse } from '../base/response.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import { storedJson, type WorkspaceRow } from '../store/workspaces.ts'

const accessQuestionSchema = wire.struct({ caller_id: wire.required, target_id: wire.required })

export const peerRoutes: readonly Route[] = [
  { method: 'GET', path: '/registry/:id/peers', gate: 'open', handle: peers },
  { method: 'GET', path: '/registry/discover/:id', gate: 'open', handle: discover },
  { method: 'POST', path: '/registry/check-access', gate: 'open', handle: checkAccess },
]

function peers(services: Services, call: Call): Response {
  const { authentication, workspaces } = services
  const id = call.param('id')
  authentication.passBootstrap(call.request.headers, id)
  const row = workspaces.require(id)
  const parent = row.parent_id === null ? undefined : workspaces.find(row.parent_id)
  const family = [
    ...siblings(services, row),
    ...workspaces.children(row.id),
    ...(parent === undefined || parent.status === 'removed' ? [] : [parent]),
  ]
  const { peers_query_crash: crashes } = services.faults.state()
  if (crashes && call.url.searchParams.has('q') && family.some((peer) => peer.role === null)) {
    throw new Refusal(500, undefined)
  }
  const wanted = call.url.searchParams.get('q')?.toLowerCase() ?? ''
  return json(family.filter((peer) => mentions(peer, wanted)).map(peerForm))
}

/** Other roots are a root's siblings only where unrelated roots may talk. */
function siblings(services: Services, row: WorkspaceRow): readonly WorkspaceRow[] {
  if (row.parent_id === null && !services.rules().unrelatedRootsMayTalk) return []
  return services.workspaces.children(row.parent_id).filter((sibling) => sibling.id !== row.id)
}

function mentions(peer: WorkspaceRow, wanted: string): boolean {
  return wanted === '' || `${peer.name}\n${peer.role ?? ''}`.toLowerCase().includes(wanted)
}

function peerForm(peer: WorkspaceRow): object {
  return {
    id: peer.id,
    name: peer.name,
    role: peer.role,
    tier: peer.tier,
    status: peer.status,
    url: peer.url,
    parent_id: peer.parent_id,
    active_tasks: peer.active_tasks,
    agent_card: storedJson(peer.agent_card),
  }
}

function discover(services: Services, call: Call): Response {
  const { authentication, workspaces } = services
  const caller = call.request.headers.get('X-Workspace-ID')?.toLowerCase() ?? ''
  if (caller === '') throw refuse(400, 'X-Workspace-ID header is required')
  authentication.passBootstrap(call.request.headers, caller)
  const id = call.param('id')
  if (!workspaces.mayTalk(caller, id)) throw refuse(403, 'not authorized to discover this workspace')
  const row = workspaces.require(id)
  if (row.status !== 'online' && row.status !== 'degraded') {
    throw refuse(503, 'workspace not available', { status: row.status })
  }
  // A poll workspace has no URL: the contract gives its container's address, which is useless outside
  // (contract: discovery).
  return json({ id: row.id, url: row.url || `http://ws-${row.id.slice(0, 12)}:8000`, name: row.name })
}

async function checkAccess({ workspaces }: Services, call: Call): Promise<Response> {
  const { caller_id, target_id } = await readJson(call, accessQuestionSchema)
  return json({ allowed: workspaces.mayTalk(caller_id.toLowerCase(), target_id.toLowerCase()) })
}
