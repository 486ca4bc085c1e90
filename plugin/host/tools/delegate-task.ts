import { z } from 'zod'
import type { SendOutcome } from '../../../member/client/a2a.ts'
import { standingOf } from '../../../member/client/peer-answer.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { asWorkspace, task, taskPeer } from './arguments.ts'
import { awaitAnswer, SHOWN } from './awaited-answer.ts'
import { findTaskPeer } from './peer.ts'
import { ANSWER_WAIT_MS, WATCHED_WAIT_MS } from './peer-exchanges.ts'
import { tellPending, tellSent } from './send-result.ts'
import { resolveSender } from './sender.ts'
import { seekAnswer } from './sought-answer.ts'
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
    signal.throwIfAborted()
    const id = crypto.randomUUID()
    const over = new AbortController()
    const begun = context.clock.now()
    const until = begun + wait_seconds * 1000
    // Noted before it leaves: the answer may arrive before the platform confirms the task.
    const note = await noteTask(context, { id, workspaceId, peerId, task, watched: false, requestId: id })
    if (wait_seconds > 0) note?.await(until)
    const comes = answerComes(context, peerId, id)
    const sent = { to: `peer ${peerId}`, messageId: id, what: 'task', comes } as const
    try {
      const exchanged = await context.exchanges
        .send(
          { client, peerId, message: { messageId: id, text: task, delegationId: id }, taskId: id },
          {
            // A host that does not see the call's progress may give it up after a minute.
            until: Math.max(until, begun + (progress === undefined ? ANSWER_WAIT_MS : WATCHED_WAIT_MS)),
            signal,
            progress,
          },
        )
        .catch((error: unknown) => {
          note?.forget()
          throw error
        })
      if (exchanged.kind === 'pending') return tellPending(sent)
      const { outcome, answer, isShown } = exchanged
      if (outcome.kind !== 'queued' && !isBegun(outcome)) {
        const told = tellSent(outcome, { ...sent, activityId: answer?.stored.activityId, isShown })
        return answer === undefined ? told : { ...told, onSent: answer.onSent, onLost: answer.onLost }
      }
      const open = isBegun(outcome) ? tellSent(outcome, sent) : tellQueued(peerId, id, comes)
      if (note === undefined || wait_seconds === 0) return open
      void seekAnswer(context, AbortSignal.any([signal, over.signal]))
      const later = await awaitAnswer(note, until, context.clock, signal, progress)
      if (later === SHOWN && context.arrival() === 'inbox') {
        return { text: 'The answer has arrived; inbox shows it.' }
      }
      return later ?? { text: `No answer came within ${wait_seconds} s. ${open.text}` }
    } finally {
      over.abort()
      note?.await(0)
    }
  },
})

/** The peer is working on the task and has said no more. */
function isBegun(outcome: SendOutcome): boolean {
  return outcome.kind === 'answered' && standingOf(outcome.answer.state) === 'open'
}

function tellQueued(peerId: string, id: string, comes: string): Outcome {
  return {
    text: `Delivered to peer ${peerId} as task ${id}. This is not an answer: the peer fetches its messages itself, or is busy. ${comes}`,
  }
}
