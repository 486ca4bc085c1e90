/** Reading a workspace: the one open route, and so the one that can say why a token is refused. */
import { z } from 'zod'
import { type PlatformClient, workspacePath } from './client.ts'
import { PlatformError } from './errors.ts'
import { formatRemovedWorkspaceError } from './removed-workspace.ts'

const text = z.string().nullish().catch(null)
const workspaceSchema = z.object({
  id: text,
  name: text,
  role: text,
  status: text,
  tier: z.union([z.string(), z.number()]).nullish().catch(null),
  parent_id: text,
  runtime: text,
  kind: text,
  active_tasks: z.number().nullish().catch(null),
  last_heartbeat_at: text,
})
export type WorkspaceInfo = z.infer<typeof workspaceSchema>

export type WorkspaceLookup =
  | { readonly state: 'present'; readonly info: WorkspaceInfo }
  | { readonly state: 'removed'; readonly message: string }
  | { readonly state: 'unknown'; readonly message: string }

const removedSchema = z
  .object({ id: z.unknown(), removed_at: z.unknown(), hint: z.unknown() })
  .partial()
  .catch({})

/**
 * Looks a workspace up.
 *
 * @throws PlatformError when the platform does not say whether it exists.
 */
export async function lookUpWorkspace(
  client: PlatformClient,
  signal?: AbortSignal,
): Promise<WorkspaceLookup> {
  const { workspaceId, platformUrl } = client.endpoint
  try {
    const info = await client.json(
      { path: workspacePath(workspaceId), attempts: 2, ...(signal === undefined ? {} : { signal }) },
      workspaceSchema,
    )
    // Before 410 came into use, a removed workspace was answered like any other.
    if (info.status === 'removed') {
      return { state: 'removed', message: formatRemovedWorkspaceError(workspaceId, null) }
    }
    return { state: 'present', info }
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    if (error.status === 410) {
      const body = removedSchema.parse(parseJson(error.body))
      return { state: 'removed', message: formatRemovedWorkspaceError(workspaceId, body) }
    }
    if (error.status === 404 && error.body?.includes('workspace not found')) {
      return {
        state: 'unknown',
        message: `${platformUrl} has no workspace ${workspaceId}. Check MOLECULE_WORKSPACE_IDS against the platform's list.`,
      }
    }
    throw error
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    // The body only adds detail to what the status already said.
    return undefined
  }
}
