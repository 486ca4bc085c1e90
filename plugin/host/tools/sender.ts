/** Which of our workspaces a call acts as. */
import { z } from 'zod'
import type { PlatformClient } from '../../../member/client/client.ts'
import { type ToolContext, ToolFailure } from './tool.ts'

export const asWorkspace = z
  .string()
  .optional()
  .describe('Which of your workspaces acts. May be left out when there is only one.')

/** Text that leaves the machine. The bound is well below what platforms take in one message (1 MiB on older ones). */
export const outgoingText = z
  .string()
  .trim()
  .min(1, 'must not be empty')
  .max(500_000, 'must be shorter than 500,000 characters')

/**
 * The client of the workspace a call acts as.
 *
 * @param wanted as the model wrote it; may be left out while the session has one workspace.
 * @throws ToolFailure that lists the session's workspaces when `wanted` names none of them.
 */
export function resolveSender(context: ToolContext, wanted: string | undefined): PlatformClient {
  const known = context.workspaceIds()
  const id = wanted?.toLowerCase() ?? (known.length === 1 ? known[0] : undefined)
  const client = id === undefined ? undefined : context.client(id)
  if (client !== undefined) return client
  const list = known.join(', ')
  throw new ToolFailure(
    wanted === undefined
      ? `This session acts as several workspaces; say with _as_workspace which one, by its id: ${list}. get_workspace_info tells the name of each.`
      : `"${wanted.slice(0, 60)}" is not one of this session's workspaces. They are: ${list}.`,
  )
}
