/** A push agent's answer, read as the result of a task. Pure. */
import { asObject, isObject, parseJson } from '../base/json.ts'
import { readParts, wordsOf } from './a2a-parts.js'

/** How a task ended. */
export type Outcome = { readonly text: string } | { readonly error: string; readonly text?: string }

/** What an agent's JSON-RPC answer says, or the raw answer when its parts say nothing. */
export function outcomeOf(answer: string): Outcome {
  const body = parseJson(answer)?.value
  if (!isObject(body)) return { text: answer }
  if (isObject(body.error)) return { error: String(body.error.message ?? 'agent error') }
  const result = asObject(body.result)
  const statusMessage = asObject(asObject(result.status).message)
  const artifacts = Array.isArray(result.artifacts) ? result.artifacts : []
  const holders = [result, statusMessage, ...artifacts.map(asObject)]
  const texts = holders.map(({ parts }) => wordsOf(readParts(parts))).filter((text) => text !== '')
  return { text: texts.length === 0 ? answer : texts.join('\n') }
}
