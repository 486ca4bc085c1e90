/** The tasks that agents gave each other: who asked whom, since when, and what came of it. */
import { KeyedList } from './keyed-list.js'
import { element, plainName } from './message-text.js'
import { spanText, whenText } from './times.js'

const MAX_TITLE = 120
/** Those that wait for somebody come first. */
const ORDER = { asks: 0, open: 1, failed: 2, canceled: 3, answered: 3 }
const MAX_SHOWN = 50

/**
 * What became of a task, in words.
 *
 * @param {import('./tasks.js').Task} task
 * @param {number} now milliseconds since the epoch
 */
export function taskState({ since, state, until, why }, now) {
  const after = until === undefined ? '' : ` after ${spanText(Date.parse(until) - Date.parse(since))}`
  switch (state) {
    case 'answered':
      return `answered${after}`
    case 'failed':
      return `failed${after}${why ? `: ${plainName(why).slice(0, 200)}` : ''}`
    case 'canceled':
      return `canceled${after}`
    case 'asks':
      return `has a question, open for ${spanText(now - Date.parse(since))}`
    default:
      return `open for ${spanText(now - Date.parse(since))}`
  }
}

export function taskTitle({ title }) {
  const line = plainName(title.split('\n').find((one) => one.trim() !== '') ?? 'a task')
  return line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE)}…`.toWellFormed() : line
}

/** The panel of tasks above a conversation. */
export class TaskPanel {
  #panel = document.getElementById('tasks')
  #rows = new KeyedList(this.#panel.querySelector('ol'))
  #steps

  /** @param steps `nameOf` names an agent; `onTask` is called with a task to see where it was given */
  constructor(steps) {
    this.#steps = steps
  }

  show(tasks, now) {
    this.#panel.hidden = tasks.length === 0
    const waiting = tasks.filter(({ state }) => state === 'open' || state === 'asks').length
    const text = `Tasks between agents: ${waiting} open, ${tasks.length - waiting} done`
    const summary = this.#panel.querySelector('summary')
    if (summary.textContent !== text) summary.textContent = text
    const sorted = tasks.toSorted(
      (a, b) => ORDER[a.state] - ORDER[b.state] || Date.parse(b.since) - Date.parse(a.since),
    )
    const { nameOf } = this.#steps
    this.#rows.show(
      sorted.slice(0, MAX_SHOWN).map((task) => ({
        key: task.key,
        version: `${nameOf(task.from)} ${nameOf(task.to)} ${taskState(task, now)}`,
        make: () => rowFor(task, { ...this.#steps, now }),
      })),
    )
  }
}

function rowFor(task, { nameOf, onTask, now }) {
  const row = element('li', `task-row ${task.state}`)
  const pair = `${plainName(nameOf(task.from))} → ${plainName(nameOf(task.to))}`
  const show = element('button', 'link', taskTitle(task))
  show.type = 'button'
  show.addEventListener('click', () => onTask(task))
  row.append(
    element('span', 'pair', pair),
    show,
    element('span', 'state', `${whenText(task.since, now)} · ${taskState(task, now)}`),
  )
  return row
}
