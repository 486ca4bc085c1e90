/** A message as an element: who, when, what, its files, and the task it belongs to. */
import { fileList } from './files.js'
import { bodyElement, element, plainName } from './message-text.js'
import { taskState, taskTitle } from './task-list.js'
import { timeElement } from './times.js'

const TINTS = 6

/**
 * @param entry of `entries.js`
 * @param options `grouped` leaves out who speaks; `isTeam` says to whom the person spoke; `receipt` says how far it got; `onSave` and `load` are for its files; `onTask` shows where its task was
 *   given
 */
export function messageElement(entry, { grouped, isTeam, receipt, onSave, load, onTask }) {
  const { message, task, part } = entry
  const item = element('li', `message ${message.side}${grouped ? ' grouped' : ''}`)
  if (message.side === 'agent' || message.side === 'peer') item.append(avatar(message.from))
  const bubble = element('div', 'bubble')
  bubble.append(headOf(message, entry.at, { grouped, isTeam }), bodyElement(message.text))
  if (message.files.length > 0) bubble.append(fileList(message.files, onSave, load))
  if (part !== undefined) bubble.append(taskLine(task, part, onTask))
  if (receipt !== '') bubble.append(element('div', 'receipt', receipt))
  item.append(bubble)
  return item
}

function headOf(message, at, { grouped, isTeam }) {
  const head = element('div', grouped ? 'from hidden' : 'from')
  head.append(element('b', '', plainName(message.from)))
  if (message.to !== undefined && (isTeam || message.side === 'peer'))
    head.append(element('span', '', ' to '), element('b', '', plainName(message.to)))
  head.append(' ', timeElement(at))
  return head
}

function taskLine(task, part, onTask) {
  const line = element('div', `task ${task.state}`)
  if (part === 'asks') {
    line.append(element('span', '', `Task, ${taskState(task, Date.now())}`))
    return line
  }
  const show = element('button', 'link', taskTitle(task))
  show.type = 'button'
  show.addEventListener('click', () => onTask(task))
  line.append(element('span', '', task.state === 'asks' ? 'Asks about ' : 'Answers '), show)
  return line
}

/** What a message shows of its task, as a text that changes with it. */
export function taskVersion({ task, part }) {
  return part === undefined ? '' : `${part} ${part === 'asks' ? taskState(task, Date.now()) : task.state}`
}

export function avatar(name) {
  const plain = plainName(name)
  const [first] = new Intl.Segmenter().segment(plain.toUpperCase())
  const initial = first?.segment ?? '?'
  const made = element('span', `avatar tint-${tintOf(plain)}`, initial)
  made.ariaHidden = 'true'
  return made
}

function tintOf(name) {
  let sum = 0
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 65_521
  return sum % TINTS
}

/** A message on its way, or one that did not leave. */
export function outgoingElement(message, { onRetry, onDiscard }) {
  const item = element('li', `message own outgoing ${message.state}`)
  const bubble = element('div', 'bubble')
  bubble.append(bodyElement(message.text))
  const names = message.files.map(({ name }) => plainName(name))
  if (names.length > 0) bubble.append(element('div', 'from', names.join(', ')))
  const foot = element('div', 'state')
  if (message.state !== 'failed') foot.append('Sending…')
  else {
    foot.append(element('span', '', `Not sent. ${message.why}`))
    for (const [label, onClick] of [
      ['Try again', onRetry],
      ['Discard', onDiscard],
    ]) {
      const button = element('button', 'link', label)
      button.type = 'button'
      button.addEventListener('click', () => onClick(message.id))
      foot.append(button)
    }
  }
  bubble.append(foot)
  item.append(bubble)
  return item
}
