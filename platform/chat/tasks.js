/**
 * The tasks that agents gave each other, joined from both sides of their messages by the id of the delegation. Pure.
 */
import { readAnswer } from '../contract/a2a-answer.js'
import { callOf } from '../contract/a2a-method.js'
import { partsIn, readParts, textOf, wordsOf } from '../contract/a2a-parts.js'
import { isReceipt } from './conversation.js'

/**
 * @typedef {{key: string, from: string, to: string, since: string, title: string, opening: string,
 *   state: 'open' | 'asks' | 'answered' | 'failed' | 'canceled', until?: string, why?: string}} Task
 *   `opening` is the id of the row that shows what was asked.
 */

const STATES = {
  completed: 'answered',
  failed: 'failed',
  rejected: 'failed',
  canceled: 'canceled',
  'input-required': 'asks',
}

/**
 * The key of the task that a row is about; undefined for a row about none. Ids are chosen by agents, so a task belongs to
 * the two between whom it passes: no third can pass for its answer.
 */
export function taskKeyOf(row) {
  const id = textOf(delegationIdOf(row)).slice(0, 200)
  const other = row.activity_type === 'delegation' ? row.target_id : row.workspace_id
  if (id === '' || !row.source_id || !other) return undefined
  return [id, ...[row.source_id, other].sort()].join(' ')
}

function delegationIdOf(row) {
  if (row.activity_type === 'delegation') return row.request_body?.delegation_id
  if ((row.activity_type ?? 'a2a_receive') !== 'a2a_receive') return undefined
  const params = row.request_body?.params
  if (callOf(textOf(row.method)) === 'cancel') return params?.id
  return params?.message?.metadata?.delegation_id ?? params?.metadata?.delegation_id
}

/**
 * @param rows oldest first
 * @returns {Map<string, Task>}
 */
export function tasksIn(rows) {
  const tasks = new Map()
  for (const row of rows) {
    const key = taskKeyOf(row)
    if (key === undefined) continue
    if (row.activity_type === 'delegation') noteDelegation(tasks, key, row)
    else noteMessage(tasks, key, row)
  }
  return tasks
}

function noteDelegation(tasks, key, row) {
  if (row.method === 'delegate') {
    const title = textOf(row.request_body?.task)
    open(tasks, key, { from: row.source_id, to: row.target_id, title, row })
    return
  }
  const task = tasks.get(key)
  if (task === undefined) return
  if (row.status === 'failed') end(task, 'failed', row, textOf(row.error_detail))
  else if (!isStored(row.response_body?.text)) end(task, 'answered', row)
}

/** By the contract a task that was only stored for its agent counts as completed, with the receipt as its text. */
function isStored(text) {
  try {
    return isReceipt(JSON.parse(text))
  } catch {
    return false
  }
}

function noteMessage(tasks, key, row) {
  const { request_body: body, source_id: from, workspace_id: to } = row
  const isCancel = callOf(textOf(row.method)) === 'cancel'
  const asks = body?.params?.message?.metadata?.task_state === 'input-required'
  const task = tasks.get(key)
  if (isCancel) {
    if (task?.from === from) end(task, 'canceled', row)
    return
  }
  if (task === undefined)
    open(tasks, key, { from, to, title: wordsOf(readParts(partsIn(body?.params))), row })
  else if (task.from !== from) end(task, asks ? 'asks' : 'answered', row)
  else if (!task.asked) Object.assign(task, { opening: row.id, asked: true })
  else if (task.state === 'asks') Object.assign(task, { state: 'open', until: undefined })
  noteReply(tasks.get(key), row)
}

/** What an agent that takes pushes answered in the same request. */
function noteReply(task, row) {
  if (row.status === 'error') return end(task, 'failed', row, textOf(row.error_detail) || 'not delivered')
  const reply = row.response_body
  if (task.from !== row.source_id || reply === undefined || reply === null || isReceipt(reply)) return
  const { state, error } = readAnswer(reply)
  if (error !== undefined) return end(task, 'failed', row, error)
  const known = state === undefined ? 'answered' : STATES[state]
  if (known !== undefined) end(task, known, row)
}

function open(tasks, key, { from, to, title, row }) {
  const asked = row.activity_type !== 'delegation'
  if (!tasks.has(key)) {
    tasks.set(key, { key, from, to, since: row.created_at, title, opening: row.id, asked, state: 'open' })
  }
}

function end(task, state, row, why) {
  // What came of it stays, whatever is said about it later; a failure may be followed by an answer after all.
  if (task.state === 'answered' && state !== 'asks') return
  Object.assign(task, { state, until: row.created_at, why })
}
