/**
 * What an agent answered in the same request, in the forms of A2A 0.3 and 1.0: a message, a task, or an error. The web
 * chat loads this very file. Pure.
 */
import { isObject, readParts, textOf } from './a2a-parts.js'

/**
 * @typedef {object} AgentAnswer
 * @property {readonly (readonly import('./a2a-parts.js').Part[])[]} lists the parts of the message, or of a task's status
 *   and of each artifact
 * @property {string | undefined} state of a task, in the words of A2A 0.3
 * @property {string | undefined} taskId the agent's own id of the task
 * @property {string | undefined} error the message of a JSON-RPC error
 */

/**
 * @param {unknown} body the answer, parsed
 * @returns {AgentAnswer}
 */
export function readAnswer(body) {
  if (!isObject(body))
    return { lists: [readParts([body])], state: undefined, taskId: undefined, error: undefined }
  if (isObject(body.error)) {
    return {
      lists: [],
      state: undefined,
      taskId: undefined,
      error: textOf(body.error.message) || 'agent error',
    }
  }
  const given = isObject(body.result) ? body.result : body
  // A2A 1.0 says which of the two it is by a field around it.
  const result = [given.task, given.message].find(isObject) ?? given
  const status = isObject(result.status) ? result.status : {}
  const said = isObject(status.message) ? status.message : {}
  const artifacts = Array.isArray(result.artifacts) ? result.artifacts.filter(isObject) : []
  const lists = [result.parts, said.parts, ...artifacts.map((artifact) => artifact.parts)]
  return {
    lists: lists.map((list) => readParts(list)),
    state: typeof status.state === 'string' ? stateOf(status.state) : undefined,
    taskId: typeof result.id === 'string' ? result.id : undefined,
    error: undefined,
  }
}

/**
 * @param {string} state
 * @returns {string}
 */
function stateOf(state) {
  return state
    .toLowerCase()
    .replace(/^task_state_/, '')
    .replaceAll('_', '-')
}
