/** One message as the host takes it: `notifications/claude/channel`, a text and a flat record of strings. */
import { plainText } from '../../../base/plain-text.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import type { ShownFile } from '../../../member/files/incoming-files.ts'
import { cleanText } from './clean-text.ts'

export const CHANNEL_METHOD = 'notifications/claude/channel'

/** Characters of text in one event. The host takes far more, but a model has to read it. */
export const MAX_CONTENT_CHARS = 200_000
const MAX_NAME_CHARS = 80
const MAX_SUMMARY_CHARS = 300
const MAX_ATTACHMENTS = 20
const MAX_REMARK_CHARS = 300
const MAX_ADDRESS_CHARS = 4_096

export interface ChannelEvent {
  readonly content: string
  /** Only strings, none empty: the host drops an event that holds anything else. */
  readonly meta: Readonly<Record<string, string>>
}

export interface Delivery {
  readonly workspaceId: string
  readonly activityId: string
  readonly createdAt: string
  /** The model may have seen it before. */
  readonly redelivered: boolean
  readonly message: Inbound
  /** The task of ours that it answers. */
  readonly delegationId?: string | null
  /** Messages of this workspace that earlier sessions wrote as often as may be, without a sign that they were seen. */
  readonly unconfirmed?: number
  /** What became of the message's files, in their order; without it they are only named. */
  readonly files?: readonly ShownFile[]
}

/** Builds the event. Provenance stands in `meta` alone; nothing in a text can change it. Pure. */
export function renderEvent({
  workspaceId,
  activityId,
  createdAt,
  redelivered,
  message,
  delegationId = null,
  unconfirmed = 0,
  files,
}: Delivery): ChannelEvent {
  const name = (text: string | null): string => (text === null ? '' : safeName(text))
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
    method: name(message.method),
    ts: name(createdAt),
    redelivered: redelivered ? 'true' : '',
    inbox_unconfirmed: unconfirmed > 0 ? String(unconfirmed) : '',
    ...attachmentMeta(files ?? message.attachments),
  }
  return {
    content: message.kind === 'delegation_result' ? summary(message) : cutText(message.text),
    meta: Object.fromEntries(Object.entries(meta).filter(([, value]) => value !== '')),
  }
}

/** The event as one line of JSON-RPC, its newline included. */
export function notificationLine({ content, meta }: ChannelEvent): string {
  return `${JSON.stringify({ jsonrpc: '2.0', method: CHANNEL_METHOD, params: { content, meta } })}\n`
}

/** A name from the platform: one short line that can neither close a tag nor look like one. */
export function safeName(text: string): string {
  return plainText(cleanText(text), MAX_NAME_CHARS)
}

function attachmentMeta(
  files: readonly (ShownFile | Pick<ShownFile, 'name' | 'mimeType'>)[],
): Record<string, string> {
  if (files.length === 0) return {}
  const meta: Record<string, string> = { attachment_count: String(files.length) }
  for (const [index, file] of files.slice(0, MAX_ATTACHMENTS).entries()) {
    const key = `attachment_${index + 1}`
    meta[`${key}_name`] = safeName(file.name)
    meta[`${key}_mime`] = safeName(file.mimeType)
    if (!('kind' in file)) continue
    meta[`${key}_kind`] = file.kind
    meta[`${key}_path`] = address(file.path)
    meta[`${key}_uri`] = address(file.uri)
    meta[`${key}_error`] = plainText(cleanText(file.error ?? ''), MAX_REMARK_CHARS)
    if (file.kind === 'image' && file.path !== undefined) meta.image_path ??= address(file.path)
  }
  return meta
}

/** A path or an address is of use only as a whole and as it is: one that is not clean is left out. */
function address(text: string | undefined): string {
  if (text === undefined) return ''
  const clean = plainText(cleanText(text), MAX_ADDRESS_CHARS)
  return clean === text ? text : ''
}

/** What a platform says of a task is not spoken to anyone: its beginning is enough to decide whether to read it. */
function summary({ text, delegationId, taskStatus }: Inbound): string {
  const start = cleanText(text.slice(0, MAX_SUMMARY_CHARS))
  const more = text.length > MAX_SUMMARY_CHARS ? '…' : ''
  const id =
    delegationId === null
      ? ''
      : ` check_task_status with task_id ${safeName(delegationId)} gives the whole text.`
  return `The task ${taskStatus === 'failed' ? 'failed' : 'is completed'}. ${start}${more}\n\n(This is a summary.${id})`
}

/** Cut before it is cleaned, so that the cost follows the bound and not the sender. Cleaning adds little to the length. */
function cutText(text: string): string {
  if (text.length <= MAX_CONTENT_CHARS) return cleanText(text)
  const left = text.length - MAX_CONTENT_CHARS
  return `${cleanText(text.slice(0, MAX_CONTENT_CHARS))}\n[cut here: ${left} of ${text.length} characters are left out]`
}
