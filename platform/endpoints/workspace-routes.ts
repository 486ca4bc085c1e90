/** Creating, listing, reading and removing workspaces. */
import type { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { isUuid } from '../base/random.ts'
import { readJson } from '../base/request-body.ts'
import { json, Refusal, refuse } from '../base/response.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import { asDeliveryMode, modeAtCreation } from '../contract/delivery-mode.ts'
import { isExternalRuntime, statusAtCreation } from '../contract/status.ts'
import { publicOrigin } from '../http/origin.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import { listedWorkspace, publicWorkspace, type WorkspaceRow } from '../store/workspaces.ts'
import { refusedRoute } from './register.ts'

const creationSchema = wire.struct({
  name: wire.text,
  role: wire.text,
  runtime: wire.text,
  external: wire.flag,
  url: wire.text,
  delivery_mode: wire.text,
  parent_id: wire.text.transform((id) => id.toLowerCase()),
  tier: wire.integer,
  max_concurrent_tasks: wire.integer,
})
type Creation = z.infer<typeof creationSchema>

const nameSchema = wire.struct({ name: wire.text, role: wire.text })

const MAX_CONCURRENT_TASKS = 1000
const UNSAFE_NAME = /[\n\r{}[\]|>*&!]/

export const workspaceRoutes: readonly Route[] = [
  { method: 'POST', path: '/workspaces', gate: 'admin', handle: create },
  { method: 'GET', path: '/workspaces', gate: 'admin', handle: list },
  { method: 'GET', path: '/workspaces/:id', gate: 'open', handle: read },
  { method: 'GET', path: '/workspaces/:id/state', gate: 'workspace', handle: state },
  { method: 'PATCH', path: '/workspaces/:id', gate: 'admin', handle: rename },
  { method: 'DELETE', path: '/workspaces/:id', gate: 'admin', handle: remove },
]

async function create(services: Services, call: Call): Promise<Response> {
  const { faults, tokens, workspaces } = services
  const wanted = checkedCreation(services, await readJson(call, creationSchema))
  if (wanted.url !== '') {
    const refusal = await refusedRoute(services, wanted.url)
    if (refusal !== undefined) throw refuse(400, refusal)
  }
  const external = wanted.external || isExternalRuntime(wanted.runtime)
  const row = workspaces.create({
    name: wanted.name,
    ...(wanted.role === '' ? {} : { role: wanted.role }),
    ...parentFor(services, wanted),
    runtime: wanted.runtime || (external ? 'external' : 'langgraph'),
    status: statusAtCreation(external, wanted.url),
    deliveryMode: wanted.delivery_mode || modeAtCreation(external && !faults.state().create_stores_push),
    url: wanted.url,
    tier: wanted.tier || 1,
    maxConcurrentTasks: Math.min(Math.max(1, wanted.max_concurrent_tasks), MAX_CONCURRENT_TASKS),
  })
  announceCreation(services, row, external)
  if (!external) return json({ id: row.id, status: row.status }, 201)
  const connection = connectionBlock(
    publicOrigin(call.request.headers, call.url),
    row.id,
    tokens.mint(row.id, 'instance'),
  )
  return json({ id: row.id, external: true, status: row.status, connection }, 201)
}

function announceCreation({ events }: Services, row: WorkspaceRow, external: boolean): void {
  const { id, name, tier, runtime, url } = row
  events.publish('WORKSPACE_PROVISIONING', id, { name, tier, runtime })
  if (!external) return
  if (url === '') events.publish('WORKSPACE_AWAITING_AGENT', id, { name, external: true })
  else events.publish('WORKSPACE_ONLINE', id, { name, external: true, url })
}

/** Changes what the operator called a workspace. Its card, which its agent wrote, stays. */
async function rename(services: Services, call: Call): Promise<Response> {
  const wanted = await readJson(call, nameSchema)
  checkName(wanted)
  const { id } = services.workspaces.require(call.param('id'))
  services.workspaces.rename(id, wanted.name, wanted.role || null)
  return json(listedWorkspace(services.workspaces.require(id), services.rules()))
}

function checkName({ name, role }: z.infer<typeof nameSchema>): void {
  if (name === '') throw refuse(400, 'name is required')
  if (name.length > 255) throw refuse(400, 'name must be at most 255 characters')
  if (UNSAFE_NAME.test(name)) throw refuse(400, 'name contains characters that are not allowed')
  if (role.length > 1000) throw refuse(400, 'role must be at most 1000 characters')
}

function checkedCreation(services: Services, wanted: Creation): Creation {
  checkName(wanted)
  if (wanted.delivery_mode !== '' && asDeliveryMode(wanted.delivery_mode) === undefined) {
    throw refuse(400, "delivery_mode must be 'push' or 'poll'")
  }
  if (wanted.parent_id !== '' && services.workspaces.find(wanted.parent_id) === undefined) {
    throw refuse(400, 'parent workspace not found')
  }
  return wanted
}

function parentFor(services: Services, wanted: Creation): { parentId?: string } {
  if (wanted.parent_id !== '') return { parentId: wanted.parent_id }
  if (!services.rules().nestsUnderOnlyRoot) return {}
  const roots = services.workspaces.children(null)
  const root = roots.find((row) => row.kind === 'platform') ?? (roots.length === 1 ? roots[0] : undefined)
  return root === undefined ? {} : { parentId: root.id }
}

/** What an external agent needs to connect. The token is shown here and never again. */
export function connectionBlock(origin: string, id: string, token: string): JsonObject {
  return {
    workspace_id: id,
    platform_url: origin,
    auth_token: token,
    registry_endpoint: `${origin}/registry/register`,
    heartbeat_endpoint: `${origin}/registry/heartbeat`,
  }
}

function list(services: Services): Response {
  return json(services.workspaces.list().map((row) => listedWorkspace(row, services.rules())))
}

function read(services: Services, call: Call): Response {
  const row = existing(services, call.param('id'))
  const askedForRemoved = call.url.searchParams.get('include_removed') === 'true'
  if (row.status === 'removed' && services.rules().removedIsGone && !askedForRemoved) throw gone(row)
  return json(publicWorkspace(row, services.rules()))
}

function state(services: Services, call: Call): Response {
  const id = call.param('id')
  const row = services.workspaces.find(id)
  if (row === undefined || row.status === 'removed') {
    return json({ workspace_id: id, status: 'removed', paused: false, deleted: true }, 404)
  }
  return json({ workspace_id: id, status: row.status, paused: row.status === 'paused', deleted: false })
}

function remove(services: Services, call: Call): Response {
  const { database, events, rules, tokens, workspaces } = services
  const row = existing(services, call.param('id'))
  if (row.status === 'removed') throw gone(row)
  const family = workspaces.subtree(row.id)
  confirm(services, call, row, family.length - 1)
  database.transaction(() => {
    for (const member of family) {
      workspaces.update(member.id, {
        status: 'removed',
        removed_at: services.timestamps.now(),
        liveness_expires_at: null,
      })
      tokens.revokeAll(member.id)
    }
    if (call.url.searchParams.get('purge') === 'true') {
      for (const member of [...family].reverse()) workspaces.delete(member.id)
    }
  })()
  for (const member of family) events.publish('WORKSPACE_REMOVED', member.id, {})
  return json({
    status: 'removed',
    ...(rules().deleteNeedsName ? {} : { cascade_deleted: family.length - 1 }),
  })
}

function confirm(services: Services, call: Call, row: WorkspaceRow, children: number): void {
  if (services.rules().deleteNeedsName) {
    if (headerText(call.request.headers.get('X-Confirm-Name')) === row.name) return
    throw refuse(400, 'destructive_action_requires_confirmation', {
      hint: `send the header X-Confirm-Name: ${row.name}`,
    })
  }
  if (children > 0 && call.url.searchParams.get('confirm') !== 'true') {
    throw new Refusal(409, {
      error: 'confirmation_required',
      status: 'confirmation_required',
      children_count: children,
    })
  }
}

/** Header bytes arrive decoded as Latin-1; clients send names in UTF-8. */
function headerText(header: string | null): string | undefined {
  return header === null ? undefined : Buffer.from(header, 'latin1').toString('utf8')
}

function existing(services: Services, id: string): WorkspaceRow {
  if (!isUuid(id)) throw refuse(400, 'invalid workspace ID')
  const row = services.workspaces.find(id)
  if (row === undefined) throw refuse(404, 'workspace not found')
  return row
}

function gone(row: WorkspaceRow): Refusal {
  return refuse(410, 'workspace removed', {
    id: row.id,
    removed_at: row.removed_at === null ? null : wireTimestamp(row.removed_at),
    hint: 'This workspace was removed. Create a new one and use its id and token.',
  })
}
