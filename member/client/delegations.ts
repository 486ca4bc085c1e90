/** Tasks that the platform carries out for us: giving one, and asking what became of it. */
import { z } from 'zod'
import { type PlatformClient, workspacePath } from './client.ts'

/** What became of a task, in the platform's words. */
export interface TaskReport {
  readonly id: string
  /** `pending`: still under way. `queued`: handed to the peer, whose answer comes as a message of its own. */
  readonly state: 'pending' | 'queued' | 'completed' | 'failed'
  /** The platform's own word for it. */
  readonly status: string
  /** The beginning of the result, or the error. */
  readonly preview: string
  /** Who gave the task; null where the platform does not say. */
  readonly sourceId: string | null
  readonly direction: string | null
}

const text = z.string().nullish().catch(null)
const acceptedSchema = z.object({
  /** It is shown, and asked for by name: anything else would not come back as it is. */
  delegation_id: z.string().regex(/^[\w.:-]{1,80}$/),
  status: text,
  idempotent_hit: z.boolean().nullish().catch(null),
  warning: text,
})
const rowSchema = z.object({
  delegation_id: text,
  source_id: text,
  direction: text,
  status: text,
  response_preview: text,
  error: text,
})
const resultRowSchema = z.object({
  source_id: text,
  response_body: z.object({ delegation_id: text, text }).nullish().catch(null),
  request_body: z.object({ delegation_id: text }).nullish().catch(null),
  error_detail: text,
})

/** As many as platforms give. */
const RESULT_ROWS = 100

export interface Accepted {
  readonly id: string
  /** The platform's remark that it cannot keep track of the task. */
  readonly warning: string | null
}

/**
 * Gives a task to the platform, which brings it to the peer. Repeated under the same key until it is known to be
 * taken.
 *
 * @param idempotencyKey fresh for each task: a platform answers a used one with what became of the task before.
 * @throws PlatformError
 */
export async function delegate(
  client: PlatformClient,
  targetId: string,
  task: string,
  idempotencyKey: string,
  signal?: AbortSignal,
): Promise<Accepted> {
  const accepted = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/delegate'),
      body: { target_id: targetId, task, idempotency_key: idempotencyKey },
      attempts: 3,
      ...(signal === undefined ? {} : { signal }),
    },
    acceptedSchema,
  )
  return { id: accepted.delegation_id, warning: accepted.warning ?? null }
}

/**
 * What became of the newest tasks. Where a platform has several rows for a task, the first that says how it ended
 * counts, since it cannot un-end.
 *
 * @throws PlatformError
 */
export async function listDelegations(
  client: PlatformClient,
  signal?: AbortSignal,
): Promise<readonly TaskReport[]> {
  const rows = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/delegations'),
      attempts: 2,
      ...(signal === undefined ? {} : { signal }),
    },
    z.array(z.unknown()),
  )
  const reports = new Map<string, TaskReport>()
  for (const row of rows) {
    const parsed = rowSchema.safeParse(row)
    const report = parsed.success ? toReport(parsed.data) : undefined
    if (report === undefined) continue
    const known = reports.get(`${report.sourceId} ${report.id}`)
    if (known === undefined || known.state === 'pending')
      reports.set(`${report.sourceId} ${report.id}`, report)
  }
  return [...reports.values()]
}

/**
 * The whole text of a result.
 *
 * @returns undefined when the platform has none of this workspace for the task.
 * @throws PlatformError
 */
export async function fetchResult(
  client: PlatformClient,
  delegationId: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { workspaceId } = client.endpoint
  const rows = await client.json(
    {
      path: workspacePath(workspaceId, '/activity'),
      query: { type: 'delegation', limit: RESULT_ROWS },
      attempts: 2,
      ...(signal === undefined ? {} : { signal }),
    },
    z.array(z.unknown()),
  )
  for (const row of rows) {
    const parsed = resultRowSchema.safeParse(row)
    if (!parsed.success || parsed.data.source_id?.toLowerCase() !== workspaceId) continue
    const { response_body: response, request_body: request, error_detail: error } = parsed.data
    if ((response?.delegation_id ?? request?.delegation_id) !== delegationId) continue
    const found = response?.text || error
    if (found) return found
  }
  return undefined
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
    direction: row.direction ?? null,
  }
}

function stateOf(status: string, preview: string): TaskReport['state'] {
  if (status === 'failed') return 'failed'
  if (status !== 'completed') return 'pending'
  return isQueuedAnswer(preview) ? 'queued' : 'completed'
}

/**
 * Platforms take the receipt of a peer that fetches its messages for the result, and call the task completed. Cut or
 * whole, it is known by what it says.
 */
export function isQueuedAnswer(result: string): boolean {
  return /^\s*\{(?=.*"status"\s*:\s*"queued")(?=.*"delivery_mode"\s*:)/s.test(result)
}
