/** Turns activity rows and workspaces into what the page shows. */
import { readAnswer } from '../contract/a2a-answer.js'
import { callOf } from '../contract/a2a-method.js'
import { partsIn, readParts, textOf, wordsOf } from '../contract/a2a-parts.js'
import { fileList } from './files.js'
import { bodyElement, element, plainName } from './message-text.js'

const EMPTY = '[This message is empty: it holds no text, no data and no file.]'
const UNREADABLE = '[This message cannot be shown.]'
const WITHOUT_CONTENT = '[The platform stored this message without its content.]'

/**
 * The message that a row holds, or undefined when it holds none.
 *
 * @returns {{side: 'own' | 'agent' | 'peer', from: string, text: string, files: {name: string, uri:
 *   string, base64?: string | undefined}[]} | undefined}
 */
export function messageOf(row, nameOf) {
  if (row.method === 'notify') {
    const body = row.response_body ?? {}
    const { files } = contentOf(readParts(body.parts))
    return { side: 'agent', from: nameOf(row.workspace_id), text: textOf(body.result), files }
  }
  const call = callOf(textOf(row.method))
  if (call !== 'message' && call !== 'cancel') return undefined
  const params = row.request_body?.params
  const { text, files } = call === 'cancel' ? cancelOf(params) : saidIn(partsIn(params))
  if (row.source_id !== null)
    return { side: 'peer', from: `${nameOf(row.source_id)} to ${nameOf(row.workspace_id)}`, text, files }
  const source = textOf(params?.metadata?.source ?? 'canvas_user')
  return { side: 'own', from: source === 'canvas_user' ? 'You' : `Via ${source}`, text, files }
}

/**
 * What the agent answered in the same request, or that it could not be reached; undefined for a row that only stores a
 * message.
 *
 * @returns {ReturnType<typeof messageOf>}
 */
export function answerOf(row, nameOf) {
  if (callOf(textOf(row.method)) !== 'message') return undefined
  const isForPerson = row.source_id === null
  const side = isForPerson ? 'agent' : 'peer'
  if (row.status === 'error') {
    const text = `[Not delivered: ${textOf(row.error_detail) || 'no reason given'}]`
    return { side, from: 'The platform', text, files: [] }
  }
  const content = answerIn(row.response_body)
  if (content === undefined) return undefined
  const agent = nameOf(row.workspace_id)
  return { side, from: isForPerson ? agent : `${agent} to ${nameOf(row.source_id)}`, ...content }
}

function answerIn(body) {
  const isReceipt = body?.status === 'queued' && typeof body.delivery_mode === 'string'
  if (body === undefined || body === null || isReceipt) return undefined
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
    .map(({ name, uri, base64 }) => ({ name: plainName(name) || 'file', uri, base64 }))
  return { text: wordsOf(parts), files }
}

/**
 * What a row says, as elements. A row that cannot be read costs no other.
 *
 * @param onFile called with a file when the person asks for it
 */
export function rowElements(row, nameOf, onFile) {
  try {
    return [messageOf(row, nameOf), answerOf(row, nameOf)]
      .filter((message) => message !== undefined)
      .map((message) => messageElement(row, message, onFile))
  } catch {
    // Whatever it holds, the person should know that there is something.
    return [messageElement(row, { side: 'own', from: 'The platform', text: UNREADABLE, files: [] }, onFile)]
  }
}

function messageElement(row, message, onFile) {
  const item = element('li', `message ${message.side}`)
  const from = element('div', 'from', `${plainName(message.from)} · `)
  const time = element(
    'time',
    '',
    new Date(textOf(row.created_at)).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' }),
  )
  time.dateTime = textOf(row.created_at)
  from.append(time)
  item.append(from, bodyElement(message.text))
  if (message.files.length > 0) item.append(fileList(message.files, onFile))
  return item
}

const PRESENCE = {
  online: ['good', 'online'],
  degraded: ['warn', 'degraded'],
  provisioning: ['', 'starting'],
  awaiting_agent: ['', 'waiting for its agent'],
  offline: ['', 'offline'],
  failed: ['bad', 'failed'],
}

function presenceOf(status) {
  return PRESENCE[status] ?? ['', status]
}

const MAX_TROUBLE = 200

/** What the person should know before writing to an agent: its role, why it is degraded, and whether it is away. */
export function subtitleOf(member) {
  const known = [plainName(member.role ?? '')]
  if (member.status === 'degraded' || member.status === 'failed') {
    known.push(plainName(member.last_sample_error ?? '').slice(0, MAX_TROUBLE))
  }
  if (!['online', 'degraded'].includes(member.status)) {
    const [, label] = presenceOf(member.status)
    known.push(`${label}; it will read your messages when it is back`)
  }
  return known.filter((text) => text !== '').join(' · ')
}

export function memberElement(member, chosen, unread, onChoose) {
  const item = element('li', '')
  const button = element('button', 'member')
  button.type = 'button'
  button.dataset.id = member.id
  if (chosen) button.setAttribute('aria-current', 'true')
  button.title = plainName(member.name)
  button.append(element('span', 'name', plainName(member.name)))
  const [tone, label] = presenceOf(member.status)
  button.append(element('span', `badge ${tone}`, label))
  if (unread > 0) {
    const count = element('span', 'unread', String(unread))
    count.setAttribute('aria-label', `${unread} unread`)
    button.append(count)
  }
  button.addEventListener('click', () => onChoose(member.id))
  item.append(button)
  return item
}
