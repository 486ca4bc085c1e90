/**
 * The host's permission requests in the chat: which ones may be posted, and every line that the chat gets about them. Pure;
 * the effects are in `permission-desk.ts`, and what people type in answer is read in `verdict.ts`.
 */
import { z } from 'zod'
import { plainText } from '../../../base/plain-text.ts'
import type { AnsweredQuestion, Decision } from '../../../member/ledger/permission-requests.ts'
import { cleanLine, cleanText } from '../text/clean-text.ts'
import type { ChatLine } from './chat-posts.ts'
import { REQUEST_ID } from './verdict.ts'

export const PERMISSION_CAPABILITY = 'claude/channel/permission'
export const REQUEST_METHOD = 'notifications/claude/channel/permission_request'
const VERDICT_METHOD = 'notifications/claude/channel/permission'

/** A request as the host sends it. The preview is text for people, not JSON. */
export const permissionRequestSchema = z.object({
  request_id: z.string().regex(new RegExp(`^${REQUEST_ID}$`)),
  tool_name: z.string().min(1),
  description: z.string().catch(''),
  input_preview: z.string().catch(''),
})
export type PermissionRequest = Readonly<z.infer<typeof permissionRequestSchema>>

/** The verdict for the host, as one line of JSON-RPC including its newline. */
export function verdictLine({ requestId, state }: Pick<AnsweredQuestion, 'requestId' | 'state'>): string {
  const params = { request_id: requestId, behavior: state === 'allowed' ? 'allow' : 'deny' }
  return `${JSON.stringify({ jsonrpc: '2.0', method: VERDICT_METHOD, params })}\n`
}

/** The short name of one of this plugin's tools; undefined for any other tool. */
export function ownTool(toolName: string): string | undefined {
  const name = /^mcp__(?:plugin_molecule_)?molecule__(.+)$/s.exec(toolName)?.[1]
  return name === undefined ? undefined : shownTool(name)
}

type NamedRequest = Pick<AnsweredQuestion, 'requestId' | 'tool'>

const MAX_TOOL_CHARS = 128
const MAX_DESCRIPTION_CHARS = 300
/** How much of a long preview to keep from each end: what matters in a command often comes last. */
const HEAD_CHARS = 700
const TAIL_CHARS = 300
/** The host sends a few thousand at most; the rest is dropped before it is cleaned. */
const MAX_PREVIEW_CHARS = 20_000

/** A tool's name, fit to stand among our own words. */
export function shownTool(name: string): string {
  return cleanLine(name.slice(0, MAX_TOOL_CHARS * 2), MAX_TOOL_CHARS).replaceAll('`', "'")
}

/** @param redact removes secrets. It gets whole texts, since it would not recognise half a secret. */
export function question(request: PermissionRequest, redact: (text: string) => string): ChatLine {
  const { request_id: id, tool_name, description, input_preview } = request
  const tool = redact(shownTool(tool_name))
  const purpose = plainText(
    redact(cleanLine(description.slice(0, MAX_PREVIEW_CHARS), MAX_PREVIEW_CHARS)),
    MAX_DESCRIPTION_CHARS,
  )
  const preview = shorten(redact(cleanText(input_preview.slice(0, MAX_PREVIEW_CHARS))).trim())
  const text = [
    `Permission request ${id}: the session wants to use the tool ${tool}.`,
    ...(purpose === '' ? [] : [`> ${unclosing(purpose)}`]),
    ...(preview === '' ? [] : ['```', unclosing(preview), '```']),
    `Answer \`yes ${id}\` or \`no ${id}\` within ten minutes, with nothing else in the message. You can also answer in the terminal; the first answer counts.`,
  ].join('\n')
  return { text, note: { request_id: id, state: 'open', tool, description: purpose, preview } }
}

/** Replaces a request for a tool of this plugin: if the chat could allow it, the chat would vouch for itself. */
export function ownToolText(tool: string): string {
  return `The session is waiting in its terminal for permission to use its own tool ${tool}. You can answer it only there.`
}

/** The host has the verdict. It does not say whether the terminal answered first. */
export function passedOn({ requestId, tool, state }: AnsweredQuestion): ChatLine {
  const text = `Passed on: ${answerWord(state)} to ${requestId} (${tool}). If the terminal answered first, that answer counts.`
  return { text, note: { request_id: requestId, state } }
}

export function notPassedOn({ requestId, tool }: NamedRequest): ChatLine {
  const text = `Your answer to ${requestId} (${tool}) was not passed on: the session that asked did not take it, and may have ended.`
  return { text, note: { request_id: requestId, state: 'lost' } }
}

/** Its host has moved on while the request was open. */
export function answeredElsewhere({ requestId, tool }: NamedRequest): ChatLine {
  return { text: elsewhereText({ requestId, tool }), note: { request_id: requestId, state: 'elsewhere' } }
}

/** An answer that came too late. */
export function settled(decision: Extract<Decision, { kind: 'settled' }>): ChatLine {
  const { requestId, state } = decision
  return { text: settledText(decision), note: { request_id: requestId, state } }
}

function settledText({ requestId, tool, state }: Extract<Decision, { kind: 'settled' }>): string {
  switch (state) {
    case 'allowed':
    case 'denied':
      return `${requestId} (${tool}) was already answered here, with ${answerWord(state)}. That answer stands.`
    case 'elsewhere':
      return `${elsewhereText({ requestId, tool })} Nothing was passed on.`
    case 'expired':
      return `${requestId} (${tool}) is no longer open here: an answer counts within ten minutes, while the session runs. Nothing was passed on.`
  }
}

function elsewhereText({ requestId, tool }: NamedRequest): string {
  return `${requestId} (${tool}) is settled: the session has moved on, so it was answered in the terminal.`
}

/** How many requests a line names. */
const MAX_NAMED = 5

/** The reply to a message that may be meant as a verdict but is none. */
export function howToText(open: readonly NamedRequest[]): string {
  const [only] = open
  if (open.length === 1 && only !== undefined) {
    return `This did not answer the permission request ${only.requestId} (${only.tool}). To answer it, send \`yes ${only.requestId}\` or \`no ${only.requestId}\` and nothing else.`
  }
  const named = open.slice(0, MAX_NAMED).map(({ requestId, tool }) => `${requestId} (${tool})`)
  const more = open.length > MAX_NAMED ? ` and ${open.length - MAX_NAMED} more` : ''
  return `This answered no permission request: ${open.length} are open, ${named.join(', ')}${more}. Answer each in a message of its own: \`yes\` or \`no\` and its id, as in \`yes ${only?.requestId}\`, and nothing else.`
}

/** The reply to a verdict that cannot count. */
export function notCountedText(why: 'unauthenticated' | 'files'): string {
  return why === 'files'
    ? 'This answered no permission request: an answer counts only in a message without files.'
    : 'This answered no permission request: the platform has not verified who wrote it. Answer in the terminal, or sign in to the platform.'
}

function answerWord(state: AnsweredQuestion['state']): 'yes' | 'no' {
  return state === 'allowed' ? 'yes' : 'no'
}

function shorten(text: string): string {
  if (text.length <= HEAD_CHARS + TAIL_CHARS) return text
  const left = text.length - HEAD_CHARS - TAIL_CHARS
  const [head, tail] = [text.slice(0, HEAD_CHARS), text.slice(-TAIL_CHARS)]
  return `${head}\n[… ${left} characters left out here; the terminal shows more …]\n${tail}`.toWellFormed()
}

/** Some readers end a block at three backticks, however it was opened. The zero-width space keeps them apart. */
function unclosing(text: string): string {
  return text.replace(/`{3,}/g, (run) => [...run].join('\u200b'))
}
