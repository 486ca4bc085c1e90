/** One message as the host takes it: `notifications/claude/channel`, a text and a flat record of strings. */
import { plainText } from '../plain-text.ts'
import type { Inbound } from '../platform/inbound.ts'
import { cleanText } from './clean-text.ts'

export const CHANNEL_METHOD = 'notifications/claude/channel'

/** Characters of text in one event. The host takes far more, but a model has to read it. */
export const MAX_CONTENT_CHARS = 200_000
const MAX_NAME_CHARS = 80
const MAX_ATTACHMENTS = 20

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
}

/** Builds the event. Provenance stands in `meta` alone; nothing in a text can change it. Pure. */
export function renderEvent({
  workspaceId,
  activityId,
  createdAt,
  redelivered,
  message,
}: Delivery): ChannelEvent {
  const name = (text: string | null): string => (text === null ? '' : safeName(text))
  const meta: Record<string, string> = {
    kind: message.kind,
    workspace_id: name(workspaceId),
    activity_id: name(activityId),
    peer_id: name(message.peerId),
    peer_name: name(message.peerName),
    peer_role: name(message.peerRole),
    user_name: name(message.userName),
    delegation_id: name(message.delegationId),
    method: name(message.method),
    ts: name(createdAt),
    redelivered: redelivered ? 'true' : '',
    ...attachmentMeta(message),
  }
  return {
    content: cutText(cleanText(message.text)),
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

function attachmentMeta({ attachments }: Inbound): Record<string, string> {
  if (attachments.length === 0) return {}
  const meta: Record<string, string> = { attachment_count: String(attachments.length) }
  for (const [index, { name, mimeType }] of attachments.slice(0, MAX_ATTACHMENTS).entries()) {
    meta[`attachment_${index + 1}_name`] = safeName(name)
    meta[`attachment_${index + 1}_mime`] = safeName(mimeType)
  }
  return meta
}

function cutText(text: string): string {
  if (text.length <= MAX_CONTENT_CHARS) return text
  const kept = text.slice(0, MAX_CONTENT_CHARS).toWellFormed()
  return `${kept}\n[cut here: ${text.length - MAX_CONTENT_CHARS} of ${text.length} characters are left out]`
}
