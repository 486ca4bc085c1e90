import { z } from 'zod'
import { sendMessage } from '../../../member/client/a2a.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { asWorkspace, task, taskPeer } from './arguments.ts'
import { awaitAnswer } from './awaited-answer.ts'
import { findTaskPeer } from './peer.ts'
import { tellSent } from './send-result.ts'
import { resolveSender } from './sender.ts'
import { answerComes, noteTask } from './task-note.ts'
import { defineTool, type Outcome } from './tool.ts'

const MAX_WAIT_SECS = 120

const input = z.strictObject({
  workspace_id: taskPeer,
  task,
  wait_seconds: z
    .number()
    .min(0)
    .max(MAX_WAIT_SECS)
    .default(0)
    .describe(`How long to wait for a peer that does not answer at once (0 to ${MAX_WAIT_SECS}).`),
  _as_workspace: asWorkspace,
})

/** A push-mode peer works while the request is open. */
const ANSWER_TIMEOUT_MS = 10 * 60_000

/** Delegates a task to a peer, as a message whose id is the task id. */
export const delegateTask = defineTool({
  name: 'delegate_task',
  title: 'Give a task to another agent',
  description:
    'Sends a task to another agent (a peer workspace, see list_peers). Some peers answer in the same call. Most answer later: the answer arrives as a channel message of kind delegation_result, or in this call if it comes within wait_seconds. The result says which, and gives the task id for check_task_status. Do not ask again while a task is open.',
  input,
  annotations: WRITES_PLATFORM,
  async handle({ workspace_id, task, wait_seconds, _as_workspace }, context, signal, progress) {
    const client = resolveSender(context, _as_workspace)
    const { workspaceId } = client.endpoint
    const peerId = await findTaskPeer(client, workspace_id, signal)
    const id = crypto.randomUUID()
    const until = context.clock.now() + wait_seconds * 1000
    // Noted before it leaves: the answer may arrive before the platform confirms the task.
    const note = await noteTask(context, { id, workspaceId, peerId, task, watched: false })
    if (wait_seconds > 0) note?.await(until)
    try {
      const outcome = await sendMessage(
        client,
        peerId,
        { messageId: id, text: task, delegationId: id },
        ANSWER_TIMEOUT_MS,
        signal,
      )
      if (outcome.kind === 'answered') note?.close('completed')
      if (outcome.kind === 'failed') note?.close('failed')
      if (outcome.kind !== 'queued') return tellSent(outcome, `peer ${peerId}`, id)
      const comes = answerComes(context, peerId, id)
      if (note === undefined || wait_seconds === 0) return tellQueued(peerId, id, comes)
      const answer = await awaitAnswer(note, until, context.clock, signal, progress)
      return answer ?? tellQueued(peerId, id, `No answer came within ${wait_seconds} s. ${comes}`)
    } catch (error) {
      if (error instanceof PlatformError) note?.forget()
      throw error
    } finally {
      note?.await(0)
    }
  },
})

function tellQueued(peerId: string, id: string, comes: string): Outcome {
  return {
    text: `Delivered to peer ${peerId} as task ${id}. This is not an answer: the peer fetches its messages itself. ${comes}`,
  }
}
