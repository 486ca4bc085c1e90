/** What a push agent's answer says, as the result of a task. Pure. */
import { isObject, parseJson } from '../base/messages.ts'

/** How a task ended. */
export type Outcome = { readonly text: string } | { readonly error: string; readonly text?: string }

/** The text of an agent's JSON-RPC answer; the answer as it is when it has no text parts. */
export function outcomeOf(answer: string): Outcome {
  const body = parseJson(answer)?.value
  if (!isObject(body)) return { text: answer }
  if (isObject(body.error)) return { error: String(body.error.message ?? 'agent error') }
  const result = isObject(body.result) ? body.result : {}
  const status = isObject(result.status) ? result.status : {}
  const message = isObject(status.message) ? status.message : {}
  const artifacts = Array.isArray(result.artifacts) ? result.artifacts.filter(isObject) : []
  const parts = [result.parts, message.parts, ...artifacts.map((artifact) => artifact.parts)].flat()
  const texts = parts.flatMap((part) => (isObject(part) && typeof part.text === 'string' ? [part.text] : []))
  return { text: texts.length === 0 ? answer : texts.join('\n') }
}
