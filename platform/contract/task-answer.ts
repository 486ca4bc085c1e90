/** The answers to calls about tasks, as JSON-RPC and A2A write them. Pure. */
import type { JsonObject } from '../base/json.ts'
import type { A2aCall } from './a2a-method.js'

export type TaskState = 'submitted' | 'working' | 'completed' | 'failed' | 'canceled'

export interface A2aTask {
  readonly id: string
  readonly contextId: string
  readonly state: TaskState
  /** When it came to that state; a timestamp of the wire. */
  readonly since: string
  /** The parts of its result. */
  readonly result: readonly unknown[]
  /** Why it failed. */
  readonly error: string | null
}

interface RpcError {
  readonly code: number
  readonly message: string
}

/** The codes of JSON-RPC 2.0 and of A2A. */
export const ERRORS = {
  unknownMethod: { code: -32601, message: 'Method not found' },
  noTaskId: { code: -32602, message: 'Invalid parameters: params.id must be the id of a task' },
  unknownTask: { code: -32001, message: 'Task not found' },
  notCancelable: { code: -32002, message: 'Task cannot be canceled: it has ended' },
  noPush: { code: -32003, message: 'Push notifications are not supported' },
  unsupported: { code: -32004, message: 'This operation is not supported' },
  noCard: { code: -32007, message: 'No authenticated extended card is configured' },
} as const satisfies Readonly<Record<string, RpcError>>

/** The answer that a call has whatever it asks for; undefined for one that is about a single task. */
export function fixedAnswerTo(call: A2aCall | undefined): RpcError | undefined {
  switch (call) {
    case 'get':
    case 'cancel':
    case 'message':
      return undefined
    case 'push-config':
      return ERRORS.noPush
    case 'card':
      return ERRORS.noCard
    case 'list':
    case 'subscribe':
      return ERRORS.unsupported
    case undefined:
      return ERRORS.unknownMethod
  }
}

/** The id of the task that a call names; undefined when it names none. */
export function taskIdOf(params: JsonObject): string | undefined {
  const { id } = params
  return typeof id === 'string' && id !== '' ? id : undefined
}

export function errorAnswer(envelope: JsonObject, error: RpcError): JsonObject {
  return { jsonrpc: '2.0', id: envelope.id ?? null, error }
}

/** A task, in the form of the version whose method asked for it. */
export function taskAnswer(envelope: JsonObject, method: string, task: A2aTask): JsonObject {
  const isNew = !method.includes('/')
  const text = (words: string) => (isNew ? { text: words } : { kind: 'text', text: words })
  const said =
    task.error === null
      ? {}
      : {
          message: {
            ...(isNew ? { role: 'ROLE_AGENT' } : { kind: 'message', role: 'agent' }),
            messageId: `${task.id}-status`,
            parts: [text(task.error)],
          },
        }
  const state = isNew ? `TASK_STATE_${task.state.toUpperCase()}` : task.state
  const artifacts =
    task.result.length === 0 ? {} : { artifacts: [{ artifactId: `${task.id}-result`, parts: task.result }] }
  return {
    jsonrpc: '2.0',
    id: envelope.id ?? null,
    result: {
      ...(isNew ? {} : { kind: 'task' }),
      id: task.id,
      contextId: task.contextId,
      status: { state, timestamp: task.since, ...said },
      ...artifacts,
    },
  }
}
