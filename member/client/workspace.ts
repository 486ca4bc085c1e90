/** Looking up a workspace. The route needs no token, so it can tell why one is refused. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { optionalNumber, optionalText } from './fields.ts'
import { formatRemovedWorkspaceError } from './removed-workspace.ts'
import { workspacePath } from './workspace-path.ts'

const workspaceSchema = z.object({
  id: optionalText,
  name: optionalText,
  role: optionalText,
  status: optionalText,
  tier: z.union([z.string(), z.number()]).nullish().catch(null),
  parent_id: optionalText,
  runtime: optionalText,
  kind: optionalText,
  active_tasks: optionalNumber,
  uptime_seconds: optionalNumber,
  last_heartbeat_at: optionalText,
})
type WorkspaceInfo = z.infer<typeof workspaceSchema>

export type WorkspaceLookup =
  | { readonly state: 'present'; readonly info: WorkspaceInfo }
  | { readonly state: 'removed'; readonly message: string }
  | { readonly state: 'unknown'; readonly message: string }

/** The body of a 410. */
const removedSchema = z.object({ id: optionalText, removed_at: optionalText, hint: optionalText }).catch({})

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
    const info = await client.json({ path: workspacePath(workspaceId), attempts: 2, signal }, workspaceSchema)
    // Older platforms answer for a removed workspace as for any other, instead of with 410.
    if (info.status === 'removed') {
      return { state: 'removed', message: formatRemovedWorkspaceError(workspaceId, null) }
    }
    return { state: 'present', info }
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    if (error.status === 410) {
      const removal = removedSchema.parse(parseJson(error.body))
      return { state: 'removed', message: formatRemovedWorkspaceError(workspaceId, removal) }
    }
    if (error.status === 404 && error.body?.includes('workspace not found')) {
      return {
        state: 'unknown',
        message: `${platformUrl} has no workspace ${workspaceId}. Check the id against the platform's list.`,
      }
    }
    throw error
  }
}

function parseJson(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '')
  } catch {
    // The status says enough; the body only adds detail.
    return undefined
  }
}
