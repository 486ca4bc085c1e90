/** What agents ask the platform to remember, for themselves, their team or everyone. */
import { z } from 'zod'
import { newUuid } from '../base/random.ts'
import { readJson } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import { redactSecrets } from '../contract/redaction.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'

interface MemoryRow {
  readonly id: string
  readonly workspace_id: string
  readonly content: string
  readonly scope: string
  readonly namespace: string
  readonly created_at: string
}

const memorySchema = z.object({ content: wire.text, scope: wire.text, namespace: wire.text })

const SCOPES = ['LOCAL', 'TEAM', 'GLOBAL']
const MAX_NAMESPACE = 50
const PAGE = 50

/** Own rows, everyone's GLOBAL rows, and the TEAM rows of siblings, parent and children. */
const READABLE = `(m.workspace_id = ? OR m.scope = 'GLOBAL' OR (m.scope = 'TEAM' AND EXISTS (
  SELECT 1 FROM workspaces w WHERE w.id = m.workspace_id AND w.status <> 'removed'
  AND (w.parent_id = ? OR w.id = ? OR w.parent_id = ?))))`

export function memoryRoutes(services: Services): readonly Route[] {
  const path = '/workspaces/:id/memories'
  return [
    { method: 'POST', path, gate: 'workspace', handle: (call) => remember(services, call) },
    { method: 'GET', path, gate: 'workspace', handle: (call) => recall(services, call) },
    {
      method: 'DELETE',
      path: `${path}/:memoryId`,
      gate: 'workspace',
      handle: (call) => forget(services, call),
    },
  ]
}

async function remember(services: Services, call: Call): Promise<Response> {
  const memory = await readJson(call.request, memorySchema)
  const row = services.workspaces.find(call.param('id'))
  if (row === undefined || row.status === 'removed') throw refuse(404, 'workspace not found')
  if (memory.content === '') throw refuse(400, 'content is required')
  if (!SCOPES.includes(memory.scope)) throw refuse(400, 'scope must be LOCAL, TEAM, or GLOBAL')
  if ([...memory.namespace].length > MAX_NAMESPACE) {
    throw refuse(400, `namespace must be at most ${MAX_NAMESPACE} characters`)
  }
  if (memory.scope === 'GLOBAL' && row.parent_id !== null) {
    throw refuse(403, 'only root workspaces can write GLOBAL memories')
  }
  const id = newUuid(services.random)
  const namespace = memory.namespace || 'general'
  services.database
    .query(
      'INSERT INTO memories (id, workspace_id, content, scope, namespace, created_at) VALUES (?, ?, ?, ?, ?, ?)',
    )
    .run(
      id,
      row.id,
      storedContent(memory.content, memory.scope),
      memory.scope,
      namespace,
      services.timestamps.now(),
    )
  return json({ id, scope: memory.scope, namespace }, 201)
}

/** A GLOBAL memory is wrapped in `[MEMORY …]` when it is read, so its text may not begin one of its own. */
function storedContent(content: string, scope: string): string {
  const safe = redactSecrets(content)
  return scope === 'GLOBAL' ? safe.replaceAll('[MEMORY ', '[_MEMORY ') : safe
}

function recall(services: Services, call: Call): Response {
  const id = call.param('id')
  if (!services.rules().memoryFilters) return json(readable(services, id).map(shortForm))
  const query = call.url.searchParams
  const rows = filtered(services, id, {
    scope: query.get('scope') || undefined,
    text: query.get('q') || undefined,
    namespace: query.get('namespace') || undefined,
    limit: Number(/^\d{1,4}$/.test(query.get('limit') ?? '') ? query.get('limit') : PAGE),
  })
  return json(rows.map(longForm))
}

function readable(services: Services, id: string): readonly MemoryRow[] {
  return services.database
    .query<MemoryRow, string[]>(
      `SELECT m.* FROM memories m WHERE ${READABLE} ORDER BY m.position DESC LIMIT ${PAGE}`,
    )
    .all(...readerValues(services, id))
}

interface Filter {
  readonly scope: string | undefined
  readonly text: string | undefined
  readonly namespace: string | undefined
  readonly limit: number
}

function filtered(services: Services, id: string, filter: Filter): readonly MemoryRow[] {
  if (filter.scope !== undefined && !SCOPES.includes(filter.scope)) {
    throw refuse(400, 'scope must be LOCAL, TEAM, or GLOBAL')
  }
  const own = filter.scope === undefined || filter.scope === 'LOCAL'
  const conditions = [own ? 'm.workspace_id = ?' : READABLE]
  const values: (string | number)[] = own ? [id] : [...readerValues(services, id)]
  if (filter.scope !== undefined) {
    conditions.push('m.scope = ?')
    values.push(filter.scope)
  }
  if (filter.namespace !== undefined) {
    conditions.push('m.namespace = ?')
    values.push(filter.namespace)
  }
  const terms = searchTerms(filter.text)
  if (filter.text !== undefined && terms === '') return []
  const source = terms === '' ? 'memories m' : 'memory_text t JOIN memories m ON m.position = t.rowid'
  if (terms !== '') {
    conditions.push('memory_text MATCH ?')
    values.push(terms)
  }
  const order = terms === '' ? 'm.position DESC' : 't.rank'
  values.push(Math.min(filter.limit || PAGE, PAGE))
  return services.database
    .query<MemoryRow, (string | number)[]>(
      `SELECT m.* FROM ${source} WHERE ${conditions.join(' AND ')} ORDER BY ${order} LIMIT ?`,
    )
    .all(...values)
}

/** Every word as a quoted term: nothing in a query is syntax of the search. */
function searchTerms(text: string | undefined): string {
  return (text?.match(/[\p{L}\p{N}\p{M}]+/gu) ?? []).map((word) => `"${word}"`).join(' ')
}

/** A root has no parent; its own id stands in, which makes the conditions on the parent harmless. */
function readerValues(services: Services, id: string): readonly string[] {
  const parent = services.workspaces.parentOf(id) ?? id
  return [id, parent, parent, id]
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

function forget(services: Services, call: Call): Response {
  if (!services.rules().memoryFilters) throw refuse(404, 'not found')
  const { changes } = services.database
    .query('DELETE FROM memories WHERE id = ? AND workspace_id = ?')
    .run(call.param('memoryId'), call.param('id'))
  if (changes === 0) throw refuse(404, 'memory not found')
  return json({ status: 'deleted' })
}
