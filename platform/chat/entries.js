/** What the timeline shows of the rows: messages, joined with their tasks and permission requests. Pure. */
import { textOf } from '../contract/a2a-parts.js'
import { answerOf, isNotice, messageOf } from './conversation.js'
import { permissionsIn } from './permissions.js'
import { taskKeyOf, tasksIn } from './tasks.js'

const UNREADABLE = '[This message cannot be shown.]'
const GROUPED_MS = 5 * 60_000

/**
 * @typedef {{key: string, seq: number, row: any, at: string, agents: string[], message: import('./conversation.js').Message,
 *   task?: import('./tasks.js').Task, part?: 'asks' | 'answers', permission?: import('./permissions.js').Permission, requestId?: string}} Entry
 *   `agents` are those in whose conversation it belongs; `requestId` is of the question that it announces.
 */

/**
 * @param rows oldest first
 * @returns {{entries: Entry[], tasks: Map<string, import('./tasks.js').Task>}}
 */
export function readRows(rows, nameOf) {
  const tasks = tasksIn(rows)
  const { byRow, folded } = permissionsIn(rows)
  const entries = []
  for (const row of rows) {
    if (folded.has(row.id) || isAboutRequest(row)) continue
    const task = tasks.get(taskKeyOf(row))
    const permission = byRow.get(row.id)
    for (const [half, message] of halvesOf(row, task, nameOf)) {
      const at = textOf(row.created_at)
      const agents = [row.workspace_id, row.source_id, ...(half === 'd' ? [row.target_id] : [])].filter(
        Boolean,
      )
      entries.push({
        key: `${row.id}${half}`,
        seq: row.seq,
        row,
        at,
        agents,
        message,
        task,
        part: partOf(row, half, task),
        permission,
        requestId: requestIdOf(row),
      })
    }
  }
  return { entries, tasks }
}

/** The platform tells the agent what became of its question; the person sees that in the row of the question. */
function isAboutRequest(row) {
  const params = row.request_body?.params
  return (
    (row.source_id ?? null) === null &&
    params?.metadata?.source === 'platform' &&
    /^request-/.test(textOf(params.message?.messageId))
  )
}

/** Of a notice that announces a question: the platform has checked that it is one of this agent. */
function requestIdOf(row) {
  return (isNotice(row) && textOf(row.response_body?.request_id)) || undefined
}

/** What was asked, and what was answered in the same request. A row that cannot be read costs no other. */
function halvesOf(row, task, nameOf) {
  try {
    // A task that never reached its agent has no other row.
    if (row.activity_type === 'delegation') {
      if (task?.opening !== row.id) return []
      const peer = { side: 'peer', from: nameOf(task.from), to: nameOf(task.to), text: task.title, files: [] }
      return [['d', peer]]
    }
    const halves = [
      ['m', messageOf(row, nameOf)],
      ['a', answerOf(row, nameOf)],
    ]
    return halves.filter(([, message]) => message !== undefined)
  } catch {
    // Whatever it holds, the person should know that there is something.
    return [['m', { side: 'platform', from: 'The platform', text: UNREADABLE, files: [] }]]
  }
}

function partOf(row, half, task) {
  if (task === undefined) return undefined
  if (half !== 'a' && task.opening === row.id) return 'asks'
  const speaker = half === 'a' ? row.workspace_id : row.source_id
  return speaker === task.to ? 'answers' : undefined
}

/**
 * The entries of one agent's page, or of the whole team's.
 *
 * @param {readonly Entry[]} entries
 * @returns {Entry[]}
 */
export function entriesOf(entries, agent, showsPeers) {
  return entries.filter(
    ({ agents, message }) =>
      (agent === undefined || agents.includes(agent)) && (showsPeers || message.side !== 'peer'),
  )
}

/** Whether an entry goes on where the one before it stopped: the same words to the same ears, soon after. */
export function continues(before, entry) {
  if (
    before === undefined ||
    before.permission ||
    entry.permission ||
    before.requestId ||
    entry.requestId ||
    entry.part === 'asks'
  )
    return false
  const [one, two] = [before.message, entry.message]
  return (
    one.side === two.side &&
    one.from === two.from &&
    one.to === two.to &&
    before.row.workspace_id === entry.row.workspace_id &&
    Date.parse(entry.at) - Date.parse(before.at) < GROUPED_MS
  )
}

/** What an agent says to the person counts as unread, a request for permission included. */
export function isForPerson(entry) {
  return entry.message.side === 'agent'
}
