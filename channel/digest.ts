/** What one peer wrote faster than a conversation goes, as one event: each message by its beginning, and how to read on. */
import { type Inbound, inboundSchema } from '../platform/inbound.ts'
import type { HeldPeer } from '../state/held-messages.ts'
import type { StoredMessage } from '../state/ledger.ts'
import { DIGEST_AFTER_MS } from '../state/loop-guard.ts'
import { cleanText } from './clean-text.ts'
import { type ChannelEvent, renderEvent, safeName } from './notification.ts'

/** Messages that are quoted; the others are counted, and stay in the inbox. */
export const MAX_QUOTED = 50
const MAX_QUOTE_CHARS = 500

/** When the digest of a peer is due, in milliseconds since the epoch. Pure. */
export function digestDueAt({ since }: HeldPeer): number {
  return since + DIGEST_AFTER_MS
}

/**
 * Builds the event. Pure.
 *
 * @param messages the oldest of what is held, at most {@link MAX_QUOTED}; the first stands for all of them.
 */
export function renderDigest(held: HeldPeer, messages: readonly StoredMessage[]): ChannelEvent | undefined {
  const [lead] = messages
  if (lead === undefined) return undefined
  const quotes = messages.flatMap((stored) => {
    const parsed = inboundSchema.safeParse(JSON.parse(stored.content))
    return parsed.success ? [{ stored, message: parsed.data }] : []
  })
  const [first] = quotes
  if (first === undefined) return undefined
  const { content, meta } = renderEvent({
    workspaceId: lead.workspaceId,
    activityId: lead.activityId,
    createdAt: lead.createdAt,
    redelivered: messages.some(({ attempts }) => attempts > 0),
    message: { ...first.message, text: text(held, quotes), attachments: [] },
  })
  return { content, meta: { ...meta, digest_count: String(held.count) } }
}

interface Quote {
  readonly stored: StoredMessage
  readonly message: Inbound
}

function text({ count, peerId }: HeldPeer, quotes: readonly Quote[]): string {
  const left = count - quotes.length
  return [
    `This peer wrote more than 20 messages within a minute, so ${count} of them were held back and stand here together. If you and the peer answer each other in a circle, stop answering. inbox with peer_id ${safeName(peerId)} shows them whole.`,
    ...quotes.map(({ stored, message }) => `[${safeName(stored.activityId)}] ${begin(message.text)}`),
    ...(left > 0 ? [`… and ${left} more, in the inbox`] : []),
  ].join('\n')
}

function begin(whole: string): string {
  const start = cleanText(whole.slice(0, MAX_QUOTE_CHARS)).replaceAll('\n', '\n  ')
  return whole.length > MAX_QUOTE_CHARS ? `${start}… (${whole.length} characters)` : start
}
