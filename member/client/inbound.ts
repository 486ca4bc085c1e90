/**
 * Interprets a row of the feed: either a message for the model, with its sender, or something to skip. Who sent it is
 * decided here, and only by what the platform vouches for: a text can claim anything.
 */
import { z } from 'zod'
import { purposeOf } from './a2a-method.ts'
import type { ActivityRow } from './activity.ts'
import { isQueuedAnswer } from './delegations.ts'
import { optionalText } from './fields.ts'
import { attachmentSchema, type MessageBody, readMessageBody } from './message-body.ts'
import { TASK_STATES } from './peer-answer.ts'

/**
 * - `canvas_user`: typed in the platform's own chat.
 * - `peer_agent`: sent by another workspace.
 * - `external`: came through a social channel, a webhook or the like; never proof of the operator.
 * - `scheduled`: sent by the platform's scheduler.
 * - `delegation_result`: the outcome of a task this workspace delegated.
 * - `request_answer`: what a person, or somebody in its place, said to a question of this workspace.
 */
const kindSchema = z.enum([
  'canvas_user',
  'peer_agent',
  'external',
  'scheduled',
  'delegation_result',
  'request_answer',
])
type InboundKind = z.infer<typeof kindSchema>

const nullableText = z.string().nullable()

/** What a `request_answer` answers. */
const inquirySchema = z.object({
  /** The platform's id of the request. */
  id: z.string(),
  title: z.string(),
  /** The platform's word for the state of the request. */
  status: z.string(),
  /** One of the choices that we gave. */
  choice: nullableText,
  /** `user`, or the id of an agent that answered instead. */
  by: z.string(),
})

/** A message for the model, as it is also kept on disk. */
export const inboundSchema = z.object({
  kind: kindSchema,
  text: z.string(),
  method: z.string(),
  peerId: nullableText,
  peerName: nullableText,
  peerRole: nullableText,
  userName: nullableText,
  /** The platform verified who the canvas user is. */
  authenticated: z.boolean(),
  contextId: nullableText,
  delegationId: nullableText,
  /** The state of a task that we delegated. */
  taskStatus: z.enum(TASK_STATES).nullable().default(null),
  attachments: z.array(attachmentSchema).readonly(),
  inquiry: inquirySchema.optional(),
})
export type Inbound = Readonly<z.infer<typeof inboundSchema>>

/** Reads a message back from disk; undefined when it is damaged. */
export function readInbound(content: string): Inbound | undefined {
  try {
    return inboundSchema.parse(JSON.parse(content))
  } catch {
    // Not JSON, or of another shape: a damaged row, which the caller skips.
    return undefined
  }
}

/** A message of the platform itself about a request. */
interface InquiryNotice {
  /** The requests that it may be about. */
  readonly ids: readonly string[]
  /** The words that it passes on; null: it tells of an answer. */
  readonly messageId: string | null
}

export type Interpretation =
  | {
      readonly deliver: true
      readonly message: Inbound
      /** The id under which its sender may later cancel what it asks for. */
      readonly taskId: string | null
      /** It announces what was said about a request of ours. */
      readonly notice?: InquiryNotice | undefined
    }
  | { readonly deliver: false; readonly reason: string }

/** Somebody else's row in the shape of our own result, perhaps to be mistaken for one. */
export const FOREIGN_RESULT = 'a delegation result that this workspace did not ask for'

/** Stand in brackets where a message has no words, so that nobody takes them for the sender's. */
const EMPTY = '[This message is empty: it holds no text, no data and no file.]'
const WITHOUT_CONTENT =
  '[The platform passed this message on without its content. Ask the sender to send it again.]'

const MAX_ID_CHARS = 80

const skip = (reason: string): Interpretation => ({ deliver: false, reason })

const resultSchema = z.object({ text: optionalText, delegation_id: optionalText }).catch({})

/** Decides what to do with one row of the feed of `ownId`. Pure. */
export function interpretRow(row: ActivityRow, ownId: string): Interpretation {
  const sourceId = row.source_id?.toLowerCase() ?? null
  const method = row.method ?? ''
  if (row.oversized) return skip('too large to read; the platform still has it')
  if (row.senderless) return skip('its sender cannot be read; the platform still has it')
  if (method === 'notify') return skip('our own message to the user')
  if (method === 'chat_upload_receive') return skip('an upload; the message that names it is shown')
  if (method === 'delegate_result') {
    if (sourceId !== ownId) return skip(FOREIGN_RESULT)
    const message = delegationResult(row, ownId)
    return isQueuedAnswer(message.text)
      ? skip('a task that was passed on; the peer will answer')
      : { deliver: true, message, taskId: null }
  }
  if (sourceId === ownId) return skip('sent by this workspace itself')
  if (row.status === 'error') return skip('a failed push attempt')
  if (row.request_body != null && isAnswer(row.response_body)) return skip('already answered')

  const purpose = purposeOf(method)
  if (purpose === 'control') return skip(`a call of ${plainMethod(method)}, which is not a message`)
  const body = readMessageBody(row.request_body)
  const kind = kindOf(row, sourceId, body.source, body.messageId)
  // A platform that does not number its rows passes on the metadata as the sender wrote it.
  const vouched = kind === 'canvas_user' && row.seq !== undefined
  return {
    deliver: true,
    taskId: body.delegationId ?? body.messageId,
    notice: kind === 'external' ? readNotice(body) : undefined,
    message: {
      kind,
      text: purpose === 'cancel' ? cancellation(body.taskId) : textOf(body),
      method,
      peerId: sourceId,
      peerName: sourceId === null ? (kind === 'external' ? body.source : null) : (row.peer_name ?? null),
      peerRole: sourceId === null ? null : (row.peer_role ?? null),
      userName: vouched ? body.userName : null,
      authenticated: vouched && body.authenticated,
      contextId: body.contextId,
      delegationId: purpose === 'cancel' ? body.taskId : body.delegationId,
      taskStatus: kind === 'peer_agent' && body.asks ? 'input-required' : null,
      attachments: body.attachments,
    },
  }
}

/** The messages that gave a canceled task, by their activity ids. */
interface Ended {
  readonly shown: readonly string[]
  readonly unseen: readonly string[]
}

/** What a cancel means, in words. It has none of its own. `ended` is not known before the ledger has the cancel. */
export function cancellation(taskId: string | null, ended?: Ended): string {
  if (taskId === null) {
    return '[The sender cancels its tasks, without naming one: stop what you are doing for it. No answer is needed.]'
  }
  const task = `the task ${taskId.slice(0, MAX_ID_CHARS)}`
  if (ended === undefined) {
    return `[The sender cancels ${task}: if you are working on it, stop. No answer is needed.]`
  }
  const { shown, unseen } = ended
  if (shown.length > 0) {
    return `[The sender cancels ${task}, which came as activity_id ${shown.join(', ')}: stop working on it. No answer is needed.]`
  }
  return unseen.length > 0
    ? `[The sender canceled ${task} before it was shown to you. There is nothing to do.]`
    : `[The sender cancels ${task}, which is not open here: if you are working on it, stop. No answer is needed.]`
}

/** The reason for skipping a row is in our own words: it quotes only what looks like a method. */
function plainMethod(method: string): string {
  return /^[\w/.-]{1,60}$/.test(method) ? method : 'an unknown method'
}

const receiptSchema = z.object({ status: z.literal('queued'), delivery_mode: z.string() })

/** Newer platforms add their own receipt to a message that a poll reads; that is no answer. */
function isAnswer(responseBody: unknown): boolean {
  return responseBody != null && !receiptSchema.safeParse(responseBody).success
}

/**
 * A null sender does not prove the operator: schedules, webhooks and social channels have none either. A platform that
 * numbers its rows (`seq`, readable or not) also marks the canvas user in the metadata, so a missing mark there means
 * somebody else; an older platform never sets it.
 */
export function kindOf(
  row: ActivityRow,
  sourceId: string | null,
  source: string | null,
  messageId: string | null,
): InboundKind {
  if (sourceId !== null) return 'peer_agent'
  if (source === 'canvas_user') return 'canvas_user'
  if (source !== null && source !== '') return 'external'
  if (messageId?.startsWith('cron-')) return 'scheduled'
  return row.seq === undefined ? 'canvas_user' : 'external'
}

/** The summary of a row is the platform's log line, never somebody's words. */
function textOf({ text, attachments, present }: MessageBody): string {
  if (text !== '' || attachments.length > 0) return text
  return present ? EMPTY : WITHOUT_CONTENT
}

function delegationResult(row: ActivityRow, ownId: string): Inbound {
  const targetId = row.target_id?.toLowerCase() ?? null
  const response = resultSchema.parse(row.response_body ?? {})
  const request = resultSchema.parse(row.request_body ?? {})
  const failed = row.status === 'error'
  return taskResult({
    id: response.delegation_id ?? request.delegation_id ?? null,
    status: failed ? 'failed' : 'completed',
    text: response.text || (failed ? (row.error_detail ?? 'The task failed.') : 'No text came with it.'),
    peerId: targetId === ownId ? null : targetId,
  })
}

/**
 * The platform's own notice about a request, which looks like the message of an unknown sender. Nothing proves that it is
 * one: what it says is read from the request.
 */
function readNotice({ messageId, source, text }: MessageBody): InquiryNotice | undefined {
  if (source !== null && source !== '' && source !== 'platform') return undefined
  const [, about, id = ''] = NOTICE_ID.exec(messageId ?? '') ?? []
  if (about === undefined) return undefined
  if (about === 'responded') return { ids: [id.toLowerCase()], messageId: null }
  const named = [...text.slice(0, MAX_NOTICE_CHARS).matchAll(/\(id ([0-9a-f-]{36})\)/gi)]
  return { ids: named.map(([, one = '']) => one.toLowerCase()), messageId: id.toLowerCase() }
}

const NOTICE_ID = /^request-(responded|message):([0-9a-f-]{36})(?:-|$)/i
/** It begins with the title of the request and its id. */
const MAX_NOTICE_CHARS = 2_000

/** Of a message that we make from what the platform reports: nobody's, about nothing, without files. */
export const BARE = {
  method: '',
  peerId: null,
  peerName: null,
  peerRole: null,
  userName: null,
  authenticated: false,
  contextId: null,
  delegationId: null,
  taskStatus: null,
  attachments: [],
} as const satisfies Omit<Inbound, 'kind' | 'text'>

/** What was said to a question of ours, as a message. */
export function asked({ text, inquiry }: Required<Pick<Inbound, 'text' | 'inquiry'>>): Inbound {
  return { ...BARE, kind: 'request_answer', text, inquiry }
}

export interface TaskResult {
  readonly id: string | null
  readonly status: 'completed' | 'failed'
  readonly text: string
  /** To whom it was delegated. */
  readonly peerId: string | null
}

/** The result of a task of ours as a message. */
export function taskResult({ id, status, text, peerId }: TaskResult): Inbound {
  return {
    ...BARE,
    kind: 'delegation_result',
    text,
    method: 'delegate_result',
    peerId,
    delegationId: id,
    taskStatus: status,
  }
}
