import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { plainText } from '../../../base/plain-text.ts'
import { delegate } from '../../../member/client/delegations.ts'
import { findTaskPeer } from './peer.ts'
import { asWorkspace, outgoingText, resolveSender } from './sender.ts'
import { answerComes, type NewTask, noteTask, peerOf } from './task-note.ts'
import { defineTool, type ToolContext } from './tool.ts'

const input = z.strictObject({
  workspace_id: peerOf,
  task: outgoingText.describe('The task, complete in itself: the peer does not see your conversation.'),
  _as_workspace: asWorkspace,
})

/** Leaves a task to the platform, which brings it to the peer and keeps what became of it. */
export const delegateTaskAsync = defineTool({
  name: 'delegate_task_async',
  title: 'Leave a task to another agent',
  description:
    'Leaves a task with the platform, which brings it to another agent (a peer workspace, see list_peers) and keeps what became of it, and returns at once with a task id. How it ended arrives as a channel message of kind delegation_result: id, status and a summary. check_task_status gives the whole text. Good for long work that need not be waited for.',
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async handle({ workspace_id, task, _as_workspace }, context, signal) {
    const client = resolveSender(context, _as_workspace)
    const { workspaceId } = client.endpoint
    const peerId = await findTaskPeer(client, workspace_id, signal)
    // A key of its own for each call: under the same one a platform would answer with the old result for ever.
    const { id, warning } = await delegate(client, peerId, task, crypto.randomUUID(), signal)
    const unnoted = note(context, { id, workspaceId, peerId, task, watched: true })
    const warned = warning === null ? '' : ` The platform warns: ${plainText(warning, 200)}.`
    return {
      text: `Task ${id} was left with the platform for peer ${peerId}.${warned} ${unnoted ?? answerComes(context, peerId, id)}`,
    }
  },
})

/** The task is given by now: that it cannot be noted is no failure of the call, which would have it given again. */
function note(context: ToolContext, task: NewTask): string | undefined {
  try {
    if (noteTask(context, task) !== undefined) return undefined
  } catch (error) {
    return `It cannot be followed here (${describeError(error)}): ask for it with check_task_status.`
  }
  return 'It cannot be followed here, since the state folder cannot be used: ask for it with check_task_status.'
}
