/** Turns activity rows and workspaces into what the page shows. */
import { bodyElement, element, plainName } from './message-text.js'

const PENDING = /^platform-pending:([0-9a-f-]{36})\/([0-9a-f-]{36})$/i

/**
 * The message that a row holds, or undefined when it holds none.
 *
 * @returns {{side: 'own' | 'agent' | 'peer', from: string, text: string, files: {name: string, uri:
 *   string}[]} | undefined}
 */
export function messageOf(row, nameOf) {
  if (row.method === 'notify') {
    const body = row.response_body ?? {}
    return {
      side: 'agent',
      from: nameOf(row.workspace_id),
      text: String(body.result ?? ''),
      files: filesOf(body.parts),
    }
  }
  if (row.method !== 'message/send') return undefined
  const params = row.request_body?.params ?? {}
  const parts = params.message?.parts
  const text = textOf(parts)
  const files = filesOf(parts)
  if (text === '' && files.length === 0) return undefined
  if (row.source_id !== null)
    return { side: 'peer', from: `${nameOf(row.source_id)} to ${nameOf(row.workspace_id)}`, text, files }
  const source = params.metadata?.source ?? 'canvas_user'
  return { side: 'own', from: source === 'canvas_user' ? 'You' : `Via ${source}`, text, files }
}

function textOf(parts) {
  if (!Array.isArray(parts)) return ''
  return parts
    .filter((part) => typeof part?.text === 'string')
    .map((part) => part.text)
    .join('\n')
}

function filesOf(parts) {
  if (!Array.isArray(parts)) return []
  return parts
    .filter((part) => part?.kind === 'file' || part?.file)
    .map((part) => part.file ?? part)
    .map((file) => ({ name: plainName(file.name ?? 'file') || 'file', uri: String(file.uri ?? '') }))
}

/** @param onFile called with the workspace id, file id and name when the person asks for a file */
export function messageElement(row, message, onFile) {
  const item = element('li', `message ${message.side}`)
  const from = element('div', 'from', `${plainName(message.from)} · `)
  const time = element(
    'time',
    '',
    new Date(row.created_at).toLocaleString([], { dateStyle: 'short', timeStyle: 'short' }),
  )
  time.dateTime = row.created_at
  from.append(time)
  item.append(from, bodyElement(message.text))
  if (message.files.length > 0) item.append(fileList(message.files, onFile))
  return item
}

function fileList(files, onFile) {
  const list = element('ul', 'files')
  for (const file of files) {
    const entry = element('li', '')
    const pending = PENDING.exec(file.uri)
    if (pending === null) entry.textContent = `File: ${file.name}`
    else {
      const button = element('button', '', `Save ${file.name}`)
      button.type = 'button'
      button.addEventListener('click', () => onFile(pending[1], pending[2], file.name))
      entry.append(button)
    }
    list.append(entry)
  }
  return list
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

/** What the person should know before writing to an agent: its role, and whether it is away. */
export function subtitleOf(member) {
  const role = plainName(member.role ?? '')
  if (['online', 'degraded'].includes(member.status)) return role
  const [, label] = presenceOf(member.status)
  return `${role === '' ? '' : `${role} · `}${label}; it will read your messages when it is back`
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
