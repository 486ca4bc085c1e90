/** One message in the host's form: `notifications/claude/channel` with a text and a flat record of strings. */
import type { Inbound } from '../../../member/client/inbound.ts'
import type { TaskState } from '../../../member/client/peer-answer.ts'
import type { ShownFile } from '../../../member/files/incoming-files.ts'
import { cleanExcerpt, cleanFileName, cleanLine, cleanName } from '../text/clean-text.ts'
import { stateSentence } from '../text/task-state.ts'

export const CHANNEL_METHOD = 'notifications/claude/channel'

/** Characters of text in one event. The host accepts far more, but a model has to read it. */
export const MAX_CONTENT_CHARS = 200_000
const MAX_SUMMARY_CHARS = 300
const MAX_ATTACHMENTS = 20
const MAX_REMARK_CHARS = 300
/** Of a question of our own, and of a choice that it gave. */
const MAX_TITLE_CHARS = 200
const MAX_VERBATIM_CHARS = 4_096
/** An address holds words of its sender, which belong in the text and not among our attributes. */
const MAX_URI_CHARS = 200
const LONG_URI = 'its address is long: inbox with this activity_id shows it'

export interface ChannelEvent {
  readonly content: string
  /** Non-empty strings only: the host drops an event that holds anything else. */
  readonly meta: Readonly<Record<string, string>>
}

export interface EventInput {
  readonly workspaceId: string
  readonly activityId: string
  readonly createdAt: string
  /** The model may have seen it before. */
  readonly redelivered: boolean
  readonly message: Inbound
  /** The task of ours that the message answers. */
  readonly delegationId?: string | null
  /** Messages of this workspace that earlier sessions sent as often as allowed, with no sign that the model saw them. */
  readonly unconfirmed?: number
  /** Characters of text. */
  readonly maxChars?: number
  /** The outcome of fetching the message's files, in order. Without it they are only named. */
  readonly files?: readonly ShownFile[]
}

/** Builds the event. Provenance is in `meta` alone, where no text can change it. Pure. */
export function renderEvent({
  workspaceId,
  activityId,
  createdAt,
  redelivered,
  message,
  delegationId = null,
  unconfirmed = 0,
  maxChars = MAX_CONTENT_CHARS,
  files,
}: EventInput): ChannelEvent {
  const name = (text: string | null): string => (text === null ? '' : cleanName(text))
  const meta: Record<string, string> = {
    kind: delegationId === null ? message.kind : 'delegation_result',
    workspace_id: name(workspaceId),
    activity_id: name(activityId),
    peer_id: name(message.peerId),
    peer_name: name(message.peerName),
    peer_role: name(message.peerRole),
    user_name: name(message.userName),
    delegation_id: name(delegationId ?? message.delegationId),
    task_status: message.taskStatus ?? '',
    ...inquiryMeta(message.inquiry),
    method: name(message.method),
    ts: name(createdAt),
    redelivered: redelivered ? 'true' : '',
    inbox_unconfirmed: unconfirmed > 0 ? String(unconfirmed) : '',
    ...attachmentMeta(files ?? message.attachments),
  }
  return {
    content: message.kind === 'delegation_result' ? summary(message) : body(withState(message), maxChars),
    meta: Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== '')),
  }
}

function inquiryMeta(inquiry: Inbound['inquiry']): Record<string, string> {
  if (inquiry === undefined) return {}
  const { id, title, status, choice, by } = inquiry
  return {
    request_id: cleanName(id),
    request_title: cleanLine(title, MAX_TITLE_CHARS),
    request_status: cleanName(status),
    choice: cleanLine(choice ?? '', MAX_TITLE_CHARS),
    answered_by: cleanName(by),
  }
}

/** The event as one line of JSON-RPC, including its newline. */
export function notificationLine({ content, meta }: ChannelEvent): string {
  return `${JSON.stringify({ jsonrpc: '2.0', method: CHANNEL_METHOD, params: { content, meta } })}\n`
}

function attachmentMeta(
  files: readonly (ShownFile | Pick<ShownFile, 'name' | 'mimeType'>)[],
): Record<string, string> {
  if (files.length === 0) return {}
  const meta: Record<string, string> = { attachment_count: String(files.length) }
  for (const [index, file] of files.slice(0, MAX_ATTACHMENTS).entries()) {
    const key = `attachment_${index + 1}`
    meta[`${key}_name`] = cleanFileName(file.name)
    meta[`${key}_mime`] = cleanName(file.mimeType)
    if (!('kind' in file)) continue
    meta[`${key}_kind`] = file.kind
    meta[`${key}_path`] = verbatim(file.path)
    const isLong = file.uri !== undefined && file.uri.length > MAX_URI_CHARS
    meta[`${key}_uri`] = isLong ? '' : verbatim(file.uri)
    meta[`${key}_error`] = cleanLine(file.error ?? (isLong ? LONG_URI : ''), MAX_REMARK_CHARS)
    if (file.kind === 'image' && file.path !== undefined) meta.image_path ??= verbatim(file.path)
  }
  return meta
}

/** A changed path or URI would be useless, so one that needs cleaning or cutting is left out. */
function verbatim(text: string | undefined): string {
  if (text === undefined) return ''
  const clean = cleanLine(text, MAX_VERBATIM_CHARS)
  return clean === text ? text : ''
}

/** A platform's report on a task needs no reply; its beginning is enough to decide whether to read on. */
function summary({ text, delegationId, taskStatus }: Inbound): string {
  const start = cleanExcerpt(text, MAX_SUMMARY_CHARS, () => '…')
  const id =
    delegationId === null
      ? ' inbox with this activity_id has the full text.'
      : ` check_task_status with task_id ${cleanName(delegationId)} returns the full text.`
  return `${REPORTS[taskStatus ?? 'completed'] ?? stateSentence('unknown')} ${start}\n\n(This is a summary.${id})`
}

const REPORTS: Readonly<Partial<Record<TaskState, string>>> = {
  completed: 'The task is completed.',
  failed: 'The task failed.',
}

/** The peer's words, after the state of its task in brackets, which are not the peer's words. */
function withState({ text, taskStatus, attachments }: Inbound): string {
  const says = text !== '' || attachments.length > 0
  if (taskStatus === null || (taskStatus === 'completed' && says)) return text
  return `[${stateSentence(taskStatus)}${says ? '' : ' It said nothing more.'}]\n${text}`.trim()
}

function body(text: string, maxChars: number): string {
  return cleanExcerpt(
    text,
    maxChars,
    (length) =>
      `\n[cut here: ${length - maxChars} of ${length} characters are missing; inbox with this activity_id has all of them]`,
  )
}
