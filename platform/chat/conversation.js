/** Turns activity rows into what somebody said. Pure. */
import { readAnswer } from '../contract/a2a-answer.js'
import { callOf } from '../contract/a2a-method.js'
import { partsIn, readParts, textOf, wordsOf } from '../contract/a2a-parts.js'
import { plainName } from './message-text.js'

const EMPTY = '[This message is empty: it holds no text, no data and no file.]'
const WITHOUT_CONTENT = '[The platform stored this message without its content.]'

/**
 * @typedef {{name: string, uri: string, mimeType: string, base64?: string | undefined}} MessageFile
 * @typedef {{side: 'own' | 'agent' | 'peer' | 'platform', from: string, to?: string, text: string, files: MessageFile[]}} Message
 *   The sides: the person, an agent to the person, an agent to another, the platform. `to` is an agent.
 */

/** Whether the platform wrote the row for a notice of the workspace to the person. No message can make it do so. */
export function isNotice(row) {
  return row.method === 'notify' && (row.source_id ?? null) === null && (row.target_id ?? null) === null
}

/**
 * The message that a row holds, or undefined when it holds none.
 *
 * @returns {Message | undefined}
 */
export function messageOf(row, nameOf) {
  if ((row.activity_type ?? 'a2a_receive') !== 'a2a_receive') return undefined
  if (isNotice(row)) {
    const body = row.response_body ?? {}
    const { files } = contentOf(readParts(body.parts))
    return { side: 'agent', from: nameOf(row.workspace_id), text: textOf(body.result), files }
  }
  const call = callOf(textOf(row.method))
  if (call !== 'message' && call !== 'cancel') return undefined
  const params = row.request_body?.params
  const said = call === 'cancel' ? cancelOf(params) : saidIn(partsIn(params))
  const to = nameOf(row.workspace_id)
  if (row.source_id !== null) return { side: 'peer', from: nameOf(row.source_id), to, ...said }
  const source = textOf(params?.metadata?.source ?? 'canvas_user')
  if (source === 'platform') return { side: 'platform', from: 'The platform', to, ...said }
  return { side: 'own', from: source === 'canvas_user' ? 'You' : `Via ${source}`, to, ...said }
}

/**
 * What the agent answered in the same request, or that it could not be reached; undefined for a row that only stores a
 * message.
 *
 * @returns {Message | undefined}
 */
export function answerOf(row, nameOf) {
  if ((row.activity_type ?? 'a2a_receive') !== 'a2a_receive' || isNotice(row)) return undefined
  if (callOf(textOf(row.method)) !== 'message') return undefined
  if (row.status === 'error') {
    const text = `[Not delivered: ${textOf(row.error_detail) || 'no reason given'}]`
    return { side: 'platform', from: 'The platform', text, files: [] }
  }
  const content = answerIn(row.response_body)
  if (content === undefined) return undefined
  const agent = nameOf(row.workspace_id)
  if (row.source_id === null) return { side: 'agent', from: agent, ...content }
  return { side: 'peer', from: agent, to: nameOf(row.source_id), ...content }
}

/** Whether a body only says that the platform has stored the message. */
export function isReceipt(body) {
  return body?.status === 'queued' && typeof body.delivery_mode === 'string'
}

function answerIn(body) {
  if (body === undefined || body === null || isReceipt(body)) return undefined
  const { lists, state, error } = readAnswer(body)
  if (error !== undefined) return { text: `[The agent answered with an error: ${error}]`, files: [] }
  const contents = lists.map(contentOf)
  const files = contents.flatMap((content) => content.files)
  const remarks = state === undefined || state === 'completed' ? [] : [`[The task is ${state}.]`]
  const lines = [...remarks, ...contents.map(({ text }) => text)].filter((line) => line !== '')
  const isEmpty = lines.length === 0 && files.length === 0
  return { text: isEmpty ? '[The agent answered without text.]' : lines.join('\n'), files }
}

function cancelOf(params) {
  const id = typeof params?.id === 'string' ? plainName(params.id) : ''
  return { text: `[Cancels ${id === '' ? 'its tasks' : `the task ${id}`}.]`, files: [] }
}

function saidIn(list) {
  const { text, files } = contentOf(readParts(list))
  if (text !== '' || files.length > 0) return { text, files }
  return { text: Array.isArray(list) ? EMPTY : WITHOUT_CONTENT, files }
}

function contentOf(parts) {
  const files = parts
    .filter((part) => part.kind === 'file')
    .map(({ name, uri, mimeType, base64 }) => ({ name: plainName(name) || 'file', uri, mimeType, base64 }))
  return { text: wordsOf(parts), files }
}
