/** What one peer wrote faster than a conversation goes, as one event: each message by its beginning, and how to read on. */
import type { Inbound } from '../../../member/client/inbound.ts'
import type { HeldPeer } from '../../../member/ledger/held-messages.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import { DIGEST_AFTER_MS } from '../../../member/ledger/loop-guard.ts'
import { cleanText } from './clean-text.ts'
import { type ChannelEvent, renderEvent, safeName } from './notification.ts'

/** Messages that are quoted; the others are counted, and stay in the inbox. */
export const MAX_QUOTED = 50
const MAX_QUOTE_CHARS = 500
const MAX_FILES_NAMED = 5

/** When the digest of a peer is due, in milliseconds since the epoch. Messages from the future are those of a clock that was set. Pure. */
export function digestDueAt({ since }: HeldPeer, now: number): number {
  return since > now ? now : since + DIGEST_AFTER_MS
}

export interface Quote {
  readonly stored: StoredMessage
  readonly message: Inbound
}

/**
 * Builds the event. Pure.
 *
 * @param quotes the oldest of what is held; the first stands for all of them.
 * @param count how many are held.
 */
export function renderDigest(first: Quote, quotes: readonly Quote[], count: number): ChannelEvent {
  const { workspaceId, activityId, createdAt } = first.stored
  const { content, meta } = renderEvent({
    workspaceId,
    activityId,
    createdAt,
    redelivered: quotes.some(({ stored }) => stored.attempts > 0),
    message: { ...first.message, text: text(quotes, count), attachments: [] },
  })
  return { content, meta: { ...meta, digest_count: String(count) } }
}

function text(quotes: readonly Quote[], count: number): string {
  const peerId = quotes[0]?.stored.peerId ?? ''
  const left = count - quotes.length
  return [
    `This peer wrote more than 20 messages within a minute, so ${count} of them were held back and stand here together. If you and the peer answer each other in a circle, stop answering. inbox with peer_id ${safeName(peerId)} shows them whole.`,
    ...quotes.map(({ stored, message }) => `[${safeName(stored.activityId)}] ${begin(message)}`),
    ...(left > 0 ? [`… and ${left} more, in the inbox`] : []),
  ].join('\n')
}

function begin({ text: whole, attachments }: Inbound): string {
  const start = cleanText(whole.slice(0, MAX_QUOTE_CHARS)).replaceAll('\n', '\n  ')
  const cut = whole.length > MAX_QUOTE_CHARS ? `${start}… (${whole.length} characters)` : start
  if (attachments.length === 0) return cut
  const names = attachments.slice(0, MAX_FILES_NAMED).map(({ name }) => safeName(name))
  const more = attachments.length > names.length ? ` and ${attachments.length - names.length} more` : ''
  return `${cut} (with files that were not fetched: ${names.join(', ')}${more})`.trim()
}
