import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { plainText } from '../../../base/plain-text.ts'
import { delegate } from '../../../member/client/delegations.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { asWorkspace, task, taskPeer } from './arguments.ts'
import { findTaskPeer } from './peer.ts'
import { resolveSender } from './sender.ts'
import { answerComes, type NewTask, noteTask } from './task-note.ts'
import { defineTool } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

const input = z.strictObject({ workspace_id: taskPeer, task, _as_workspace: asWorkspace })

/** Leaves a task to the platform, which delivers it to the peer and tracks it. */
export const delegateTaskAsync = defineTool({
  name: 'delegate_task_async',
  title: 'Delegate a task through the platform',
  description:
    'Hands a task to the platform, which delivers it to another agent (a peer workspace, see list_peers) and tracks it. Returns at once with a task id. The outcome arrives as a channel message of kind delegation_result with id, status and a summary; check_task_status returns the full text. Good for long work you need not wait for.',
  input,
  annotations: WRITES_PLATFORM,
  async handle({ workspace_id, task, _as_workspace }, context, signal) {
    const client = resolveSender(context, _as_workspace)
    const { workspaceId } = client.endpoint
    const peerId = await findTaskPeer(client, workspace_id, signal)
    signal.throwIfAborted()
    // A new key for each call: a platform answers a repeated key with the old result forever. The call may be given up
    // meanwhile: the task is noted anyway, or its outcome would be lost.
    const { id, warning } = await delegate(
      client,
      peerId,
      task,
      crypto.randomUUID(),
      context.exchanges.signal,
    )
    const untracked = await note(context, { id, workspaceId, peerId, task, watched: true })
    const warned = warning === null ? '' : ` The platform warns: ${plainText(warning, 200)}.`
    return {
      text: `Task ${id} was left with the platform for peer ${peerId}.${warned} ${untracked ?? answerComes(context, peerId, id)}`,
    }
  },
})

/**
 * Notes a task that is already given. Must not throw: the model would take a failure for a reason to give it again.
 *
 * @returns why the task cannot be tracked here, if so.
 */
async function note(context: ToolContext, task: NewTask): Promise<string | undefined> {
  try {
    if ((await noteTask(context, task)) !== undefined) return undefined
  } catch (error) {
    return `It cannot be tracked here (${describeError(error)}): ask for it with check_task_status.`
  }
  return 'It cannot be tracked here, since the state folder cannot be used: ask for it with check_task_status.'
}
