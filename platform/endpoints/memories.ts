/** POST, GET and DELETE /workspaces/:id/memories (contract: memories). */
import { MAX_LISTED_BYTES, readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import type { MemoryRow } from '../store/memories.ts'

const memorySchema = wire.struct({ content: wire.text, scope: wire.text, namespace: wire.text })

const SCOPES = ['LOCAL', 'TEAM', 'GLOBAL']
const WRONG_SCOPE = 'scope must be LOCAL, TEAM, or GLOBAL'
const MAX_NAMESPACE = 50
const DEFAULT_LIMIT = 50

export const memoryRoutes: readonly Route[] = [
  { method: 'POST', path: '/workspaces/:id/memories', gate: 'workspace', handle: add },
  { method: 'GET', path: '/workspaces/:id/memories', gate: 'workspace', handle: search },
  { method: 'DELETE', path: '/workspaces/:id/memories/:memoryId', gate: 'workspace', handle: remove },
]

async function add(services: Services, call: Call): Promise<Response> {
  const { content, scope, namespace: given } = await readJson(call, memorySchema, undefined, MAX_LISTED_BYTES)
  const row = services.workspaces.require(call.param('id'))
  if (content === '') throw refuse(400, 'content is required')
  if (!SCOPES.includes(scope)) throw refuse(400, WRONG_SCOPE)
  if ([...given].length > MAX_NAMESPACE) {
    throw refuse(400, `namespace must be at most ${MAX_NAMESPACE} characters`)
  }
  if (scope === 'GLOBAL' && row.parent_id !== null) {
    throw refuse(403, 'only root workspaces can write GLOBAL memories')
  }
  const namespace = given || 'general'
  const id = services.memories.add({ workspace_id: row.id, content, scope, namespace })
  return json({ id, scope, namespace }, 201)
}

function search({ memories, rules, workspaces }: Services, call: Call): Response {
  const id = call.param('id')
  const reader = { id, parentId: workspaces.parentOf(id) }
  if (!rules().memoryFilters) return json(memories.readable(reader).map(shortForm))
  const query = call.url.searchParams
  const scope = query.get('scope') || undefined
  if (scope !== undefined && !SCOPES.includes(scope)) throw refuse(400, WRONG_SCOPE)
  const limit = query.get('limit') ?? ''
  const rows = memories.search(reader, {
    scope,
    text: query.get('q') || undefined,
    namespace: query.get('namespace') || undefined,
    limit: /^\d{1,4}$/.test(limit) ? Number(limit) : DEFAULT_LIMIT,
  })
  return json(rows.map(longForm))
}

function shortForm(row: MemoryRow): object {
  return { id: row.id, content: row.content, scope: row.scope, created_at: wireTimestamp(row.created_at) }
}

function longForm(row: MemoryRow): object {
  const content =
    row.scope === 'GLOBAL'
      ? `[MEMORY id=${row.id} scope=GLOBAL from=${row.workspace_id}]: ${row.content}`
      : row.content
  return { ...row, position: undefined, content, created_at: wireTimestamp(row.created_at) }
}

function remove(services: Services, call: Call): Response {
  if (!services.rules().memoryFilters) throw refuse(404, 'not found')
  if (!services.memories.delete(call.param('id'), call.param('memoryId')))
    throw refuse(404, 'memory not found')
  return json({ status: 'deleted' })
}
