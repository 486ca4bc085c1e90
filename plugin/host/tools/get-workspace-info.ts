import { z } from 'zod'
import { lookUpWorkspace } from '../../../member/client/workspace.ts'
import { cleanName } from '../text/clean-text.ts'
import { READS_PLATFORM } from './annotations.ts'
import { asWorkspace } from './arguments.ts'
import { resolveSender } from './sender.ts'
import { defineTool, ToolFailure } from './tool.ts'

const input = z.strictObject({ _as_workspace: asWorkspace, workspace_id: asWorkspace })

/** Who this session is on the platform. */
export const getWorkspaceInfo = defineTool({
  name: 'get_workspace_info',
  title: 'Show your own workspace',
  description:
    'Shows who this session is on the Molecule platform: name, role, status and place of its workspace, as the platform has them now.',
  input,
  annotations: READS_PLATFORM,
  async handle(args, context, signal) {
    const client = resolveSender(context, args._as_workspace ?? args.workspace_id)
    const found = await lookUpWorkspace(client, signal)
    if (found.state !== 'present') throw new ToolFailure(found.message)
    const { info } = found
    const rows: readonly (readonly [string, string | number | null | undefined])[] = [
      ['workspace', client.endpoint.workspaceId],
      ['platform', client.endpoint.platformUrl],
      ['name', info.name],
      ['role', info.role],
      ['status', info.status],
      ['tier', info.tier],
      ['parent', info.parent_id],
      ['runtime', info.runtime],
      ['active tasks', info.active_tasks],
      ['last heartbeat', info.last_heartbeat_at],
    ]
    return {
      text: rows
        .filter(([, value]) => value != null && value !== '')
        .map(([label, value]) => `${label}: ${cleanName(String(value))}`)
        .join('\n'),
    }
  },
})
