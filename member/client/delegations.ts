/** Tasks that we delegate through the platform, and their outcomes. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { optionalText } from './fields.ts'
import { fetchList } from './list.ts'
import { workspacePath } from './workspace-path.ts'

/** The state of a task, as the platform reports it. */
export interface TaskReport {
  readonly id: string
  /** `pending`: in progress. `queued`: passed on to the peer, whose answer will come as a message. */
  readonly state: 'pending' | 'queued' | 'completed' | 'failed'
  /** The platform's own word for it. */
  readonly status: string
  /** The beginning of the result, or the error. */
  readonly preview: string
  /** Who delegated the task; null where the platform does not say. */
  readonly sourceId: string | null
}

const acceptedSchema = z.object({
  /** Restricted because it is shown, and passed back by the model: anything else might not survive that. */
  delegation_id: z.string().regex(/^[\w.:-]{1,80}$/),
  warning: optionalText,
})
const rowSchema = z.object({
  delegation_id: optionalText,
  source_id: optionalText,
  status: optionalText,
  response_preview: optionalText,
  error: optionalText,
})
const resultRowSchema = z.object({
  source_id: optionalText,
  response_body: z.object({ delegation_id: optionalText, text: optionalText }).nullish().catch(null),
  request_body: z.object({ delegation_id: optionalText }).nullish().catch(null),
  error_detail: optionalText,
})

/** The most that platforms return. */
const RESULT_ROWS = 100

export interface AcceptedTask {
  readonly id: string
  /** Set when the platform cannot keep track of the task. */
  readonly warning: string | null
}

/**
 * Delegates a task to a peer. Tries up to three times under the same key.
 *
 * @param idempotencyKey new for each task: a platform answers a used one with the earlier task.
 * @throws PlatformError
 */
export async function delegate(
  client: PlatformClient,
  targetId: string,
  task: string,
  idempotencyKey: string,
  signal?: AbortSignal,
): Promise<AcceptedTask> {
  const accepted = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/delegate'),
      body: { target_id: targetId, task, idempotency_key: idempotencyKey },
      attempts: 3,
      signal,
    },
    acceptedSchema,
  )
  return { id: accepted.delegation_id, warning: accepted.warning ?? null }
}

/**
 * The states of the newest tasks. Where a platform has several rows for a task, the first that says how the task ended
 * counts, since an end is final.
 *
 * @throws PlatformError
 */
export async function listDelegations(
  client: PlatformClient,
  signal?: AbortSignal,
): Promise<readonly TaskReport[]> {
  const { items: rows } = await fetchList(
    client,
    {
      path: workspacePath(client.endpoint.workspaceId, '/delegations'),
      attempts: 2,
      signal,
    },
    rowSchema,
  )
  const reports = new Map<string, TaskReport>()
  for (const row of rows) {
    const report = toReport(row)
    if (report === undefined) continue
    const known = reports.get(`${report.sourceId} ${report.id}`)
    if (known === undefined || known.state === 'pending')
      reports.set(`${report.sourceId} ${report.id}`, report)
  }
  return [...reports.values()]
}

/**
 * Fetches the whole text of a result.
 *
 * @returns undefined when the platform has no result for this task of this workspace.
 * @throws PlatformError
 */
export async function fetchResult(
  client: PlatformClient,
  delegationId: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  return (await fetchResults(client, signal)).get(delegationId)
}

/**
 * Fetches the whole texts of the newest results of this workspace, by the ids of their tasks.
 *
 * @throws PlatformError
 */
export async function fetchResults(
  client: PlatformClient,
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const { workspaceId } = client.endpoint
  const { items: rows } = await fetchList(
    client,
    {
      path: workspacePath(workspaceId, '/activity'),
      query: { type: 'delegation', limit: RESULT_ROWS },
      attempts: 2,
      signal,
    },
    resultRowSchema,
  )
  const results = new Map<string, string>()
  for (const row of rows) {
    if (row.source_id?.toLowerCase() !== workspaceId) continue
    const { response_body: response, request_body: request, error_detail: error } = row
    const id = response?.delegation_id ?? request?.delegation_id
    const found = response?.text || error
    if (id && found && !results.has(id)) results.set(id, found)
  }
  return results
}

function toReport(row: z.infer<typeof rowSchema>): TaskReport | undefined {
  if (!row.delegation_id) return undefined
  const status = row.status ?? 'unknown'
  const preview = row.response_preview ?? row.error ?? ''
  return {
    id: row.delegation_id,
    state: stateOf(status, preview),
    status,
    preview,
    sourceId: row.source_id?.toLowerCase() ?? null,
  }
}

function stateOf(status: string, preview: string): TaskReport['state'] {
  if (status === 'failed') return 'failed'
  if (status !== 'completed') return 'pending'
  return isQueuedAnswer(preview) ? 'queued' : 'completed'
}

/**
 * Whether a result is in truth the receipt of a peer in poll mode: platforms mistake it for the result and call the task
 * completed. Recognised by its fields, since it may be cut.
 */
export function isQueuedAnswer(result: string): boolean {
  return /^\s*\{(?=.*"status"\s*:\s*"queued")(?=.*"delivery_mode"\s*:)/s.test(result)
}
