/** Which of our workspaces a call acts as. */
import type { PlatformClient } from '../../../member/client/client.ts'
import { ToolFailure } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

/**
 * The client of the workspace a call acts as.
 *
 * @param wanted as the model wrote it; optional while the session has one workspace.
 * @throws ToolFailure that lists the session's workspaces when `wanted` is none of them.
 */
export function resolveSender(context: ToolContext, wanted: string | undefined): PlatformClient {
  const known = context.workspaceIds()
  const id = wanted?.toLowerCase() ?? (known.length === 1 ? known[0] : undefined)
  const client = id === undefined ? undefined : context.client(id)
  if (client !== undefined) return client
  throw new ToolFailure(
    wanted === undefined
      ? `This session acts as several workspaces; choose one by its id with _as_workspace: ${known.join(', ')}. get_workspace_info shows the name of each.`
      : notOneOfOurs(wanted, context),
  )
}

export function notOneOfOurs(wanted: string, context: ToolContext): string {
  return `"${wanted.slice(0, 60)}" is not one of this session's workspaces. They are: ${context.workspaceIds().join(', ')}.`
}
