/**
 * Calls about tasks to an agent that cannot be called itself: the platform answers them from what it knows, since the
 * agent only reads messages. A cancel is stored for the agent, too.
 */
import { asObject, type JsonObject } from '../base/json.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import type { A2aMessage } from '../contract/a2a-message.ts'
import { callOf } from '../contract/a2a-method.js'
import {
  type A2aTask,
  ERRORS,
  errorAnswer,
  fixedAnswerTo,
  type TaskState,
  taskAnswer,
  taskIdOf,
} from '../contract/task-answer.ts'
import type { Services } from '../services.ts'
import { answerTo, canceledAt, findTask, type GivenTask } from '../store/given-tasks.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { type Sender, store } from './delivery.ts'

const CANCELED = 'canceled by its sender'
const ENDED: ReadonlySet<TaskState> = new Set(['completed', 'failed', 'canceled'])

/** The JSON-RPC answer to a call that carries no message. */
export function answerCall(
  services: Services,
  target: WorkspaceRow,
  sender: Sender,
  message: A2aMessage,
): JsonObject {
  const { envelope, method } = message
  const call = callOf(method)
  const fixed = fixedAnswerTo(call)
  if (fixed !== undefined) return errorAnswer(envelope, fixed)
  const id = taskIdOf(asObject(envelope.params))
  if (id === undefined) return errorAnswer(envelope, ERRORS.noTaskId)
  const given = findTask(services.database, target.id, sender.workspaceId, id)
  if (given === undefined) return errorAnswer(envelope, ERRORS.unknownTask)
  const task = taskNow(services, given)
  if (call === 'get') return taskAnswer(envelope, method, task)
  if (ENDED.has(task.state)) return errorAnswer(envelope, ERRORS.notCancelable)
  store(services, target, sender, message)
  if (given.source_id !== null) {
    services.delegations.finish(given.source_id, id, target.id, { error: CANCELED })
  }
  const since = wireTimestamp(services.timestamps.now())
  return taskAnswer(envelope, method, { ...task, state: 'canceled', since })
}

function taskNow(services: Services, given: GivenTask): A2aTask {
  const { database, delegations } = services
  const task = { id: given.id, contextId: given.context_id ?? given.id, result: [], error: null }
  const canceled = canceledAt(database, given)
  if (canceled !== undefined) return { ...task, state: 'canceled', since: wireTimestamp(canceled) }
  const answer = answerTo(database, given)
  if (answer !== undefined) {
    return { ...task, state: 'completed', since: wireTimestamp(answer.at), result: answer.parts }
  }
  const delegation = given.source_id === null ? undefined : delegations.find(given.source_id, given.id)
  if (delegation?.status === 'failed') {
    return { ...task, state: 'failed', since: wireTimestamp(delegation.updated_at), error: delegation.error }
  }
  // That the message was stored, or even a delegation "completed" by that, is no answer yet.
  const state = given.is_read === 1 ? 'working' : 'submitted'
  return { ...task, state, since: wireTimestamp(given.created_at) }
}
