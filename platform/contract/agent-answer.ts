/** A push agent's answer, read as the outcome of a task. Pure. */
import { parseJson } from '../base/json.ts'
import { readAnswer } from './a2a-answer.js'
import { type Part, wordsOf } from './a2a-parts.js'

/** How a task ended. */
export type Outcome = { readonly text: string } | { readonly error: string; readonly text?: string }

/** The agent is working on the task. `taskId` is its id for `tasks/get`; undefined if it gave none. */
export interface Begun {
  readonly taskId: string | undefined
}

const NO_TEXT = '[The agent sent no text.]'

/**
 * The outcome that an agent's JSON-RPC answer gives a task: A2A 0.3 and 1.0 name the same states. A message is an answer,
 * and so is anything that is not A2A.
 */
export function outcomeOf(answer: string): Outcome | Begun {
  const body = parseJson(answer)?.value
  if (body === undefined) return { text: answer }
  const { lists, state, taskId, error } = readAnswer(body)
  if (error !== undefined) return { error }
  const text = [...new Set(lists.map(saidIn).filter((words) => words !== ''))].join('\n\n')
  switch (state) {
    case undefined:
      return { text: text === '' ? answer : text }
    case 'completed':
      return { text: text === '' ? NO_TEXT : text }
    case 'failed':
      return { error: text === '' ? 'the agent reports that the task failed' : text }
    case 'rejected':
      return { error: `the agent rejected the task${text === '' ? '' : `: ${text}`}` }
    case 'canceled':
    case 'cancelled':
      return { error: `the agent canceled the task${text === '' ? '' : `: ${text}`}` }
    case 'input-required':
    case 'auth-required':
      // Nobody can answer within a delegation that the platform carries out.
      return {
        error: `the agent needs a reply (${state}), so write to it${text === '' ? '' : `. It says: ${text}`}`,
      }
    default:
      return { taskId }
  }
}

/** The result of a delegation is a text, so files are named in it. */
function saidIn(parts: readonly Part[]): string {
  const files = parts.flatMap((part) => (part.kind === 'file' ? [part] : []))
  const named = files.map(({ name, uri }) =>
    uri === ''
      ? `[The file ${name} came with the answer. The platform does not keep it.]`
      : `[The file ${name}: ${uri}]`,
  )
  return [wordsOf(parts), ...named].filter((words) => words !== '').join('\n')
}
