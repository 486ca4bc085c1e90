/**
 * The permission requests of sessions, and what became of each. They come in a field that the platform stores only where
 * it came with the workspace's own token, so no text of anybody can make one. Pure.
 */
import { callOf } from '../contract/a2a-method.js'
import { partsIn, readParts, textOf, wordsOf } from '../contract/a2a-parts.js'
import { isNotice } from './conversation.js'

const OPEN_FOR_MS = 10 * 60_000
const ID = '[a-km-z]{5}'
const VERDICT = new RegExp(`^(yes|no) (${ID})$`)
const SETTLED = ['allowed', 'denied', 'elsewhere', 'expired', 'lost']

/**
 * @typedef {{key: string, id: string, workspaceId: string, tool: string, purpose: string, preview: string, askedAt: string,
 *   state: 'open' | 'allowed' | 'denied' | 'elsewhere' | 'expired' | 'lost',
 *   until?: string, verdict?: {word: string, by: string, at: string}}} Permission
 */

/** The message that decides a request, as the contract knows it. */
export function verdictText({ id }, allows) {
  return `${allows ? 'yes' : 'no'} ${id}`
}

/**
 * @param rows oldest first
 * @returns {{byRow: Map<string, Permission>, folded: Set<string>}} the requests by the row that shows each, and the rows
 *   that say nothing beyond what a request shows
 */
export function permissionsIn(rows) {
  const requests = new Map()
  const byRow = new Map()
  const folded = new Set()
  for (const row of rows) {
    const said = isNotice(row) ? row.response_body?.permission : undefined
    if (said) noteNotice(requests, byRow, folded, row, said)
    else noteVerdict(requests, folded, row)
  }
  return { byRow, folded }
}

function noteNotice(requests, byRow, folded, row, said) {
  const key = `${row.workspace_id} ${textOf(said.request_id)}`
  const known = requests.get(key)
  if (said.state === 'open' && known === undefined) {
    const request = {
      key,
      id: textOf(said.request_id),
      workspaceId: row.workspace_id,
      tool: textOf(said.tool),
      purpose: textOf(said.description),
      preview: textOf(said.preview),
      askedAt: row.created_at,
      state: 'open',
    }
    requests.set(key, request)
    byRow.set(row.id, request)
  } else if (known?.state === 'open' && SETTLED.includes(said.state)) {
    Object.assign(known, { state: said.state, until: row.created_at })
    folded.add(row.id)
  }
}

function noteVerdict(requests, folded, row) {
  if ((row.source_id ?? null) !== null || callOf(textOf(row.method)) !== 'message') return
  const params = row.request_body?.params
  const [, word, id] =
    VERDICT.exec(
      wordsOf(readParts(partsIn(params)))
        .trim()
        .toLowerCase(),
    ) ?? []
  const request = requests.get(`${row.workspace_id} ${id}`)
  if (request === undefined || request.verdict !== undefined) return
  const source = textOf(params?.metadata?.source ?? 'canvas_user')
  request.verdict = { word, by: source === 'canvas_user' ? 'you' : `via ${source}`, at: row.created_at }
  folded.add(row.id)
}

/** When an open request is over by itself, in milliseconds since the epoch. */
function endOf({ askedAt }) {
  return Date.parse(askedAt) + OPEN_FOR_MS
}

/** Whether it still waits for somebody. */
export function isOpen(request, now) {
  return request.state === 'open' && request.verdict === undefined && now < endOf(request)
}

/** What became of a request, in words. */
export function outcomeOf(request, now) {
  const { state, verdict } = request
  const by = verdict === undefined ? 'in the chat' : `by ${verdict.by}`
  switch (state) {
    case 'allowed':
      return `Allowed ${by}`
    case 'denied':
      return `Denied ${by}`
    case 'elsewhere':
      return 'Answered in the terminal'
    case 'lost':
      return 'Not passed on: the session that asked may have ended'
    case 'expired':
      return 'Expired'
    default:
      if (verdict !== undefined)
        return `${verdict.word === 'yes' ? 'Allow' : 'Deny'} sent ${by}; the session has not confirmed it yet`
      return now < endOf(request)
        ? 'Waits for you, here or in the terminal'
        : 'Expired: no answer within ten minutes'
  }
}
