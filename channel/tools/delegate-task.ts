import { z } from 'zod'
import { sendMessage } from '../../platform/a2a.ts'
import { tellSent } from './send-result.ts'
import { asWorkspace, outgoingText, resolveSender } from './sender.ts'
import { defineTool, failure } from './tool.ts'

const input = z.object({
  workspace_id: z.string().describe('The workspace id of the peer that is to do it, from list_peers.'),
  task: outgoingText.describe('The task, complete in itself: the peer does not see your conversation.'),
  _as_workspace: asWorkspace,
})

/** A push-mode peer works while we wait. */
const ANSWER_TIMEOUT_MS = 10 * 60_000

/** Gives a task to a peer, as a message that carries its own task id. */
export const delegateTask = defineTool({
  name: 'delegate_task',
  title: 'Give a task to another agent',
  description:
    'Sends a task to another agent (a peer workspace, see list_peers). Some peers answer in the same call; most work on it and answer later, as a new channel message from that peer. The result says which it was. Do not ask again while a task is open.',
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  async handle({ workspace_id: target, task, _as_workspace }, context, signal) {
    const sender = resolveSender(context, _as_workspace)
    if (!sender.ok) return sender.outcome
    if (target.toLowerCase() === sender.client.endpoint.workspaceId) {
      return failure('A workspace cannot delegate to itself. Choose a peer from list_peers.')
    }
    const messageId = crypto.randomUUID()
    const outcome = await sendMessage(
      sender.client,
      target,
      { messageId, text: task, delegationId: messageId },
      ANSWER_TIMEOUT_MS,
      signal,
    )
    return tellSent(outcome, `peer ${target}`, messageId)
  },
})
