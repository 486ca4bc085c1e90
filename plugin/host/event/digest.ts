/**
 * One event for everything a peer wrote faster than a conversation needs: the beginning of each message, and how to
 * read on.
 */
import type { Inbound } from '../../../member/client/inbound.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import { cleanExcerpt, cleanFileName, cleanName, indented } from '../text/clean-text.ts'
import { type ChannelEvent, renderEvent } from './notification.ts'

/** Messages in one digest. The rest follow in later ones, and the `inbox` tool shows them at once. */
export const MAX_QUOTED = 50
const MAX_QUOTE_CHARS = 500
const MAX_FILES_NAMED = 5

export interface Quote {
  readonly stored: StoredMessage
  readonly message: Inbound
}

/**
 * Builds the event. Pure.
 *
 * @param first the oldest message, whose id the event carries for all of them.
 * @param quotes the messages it shows, `first` included.
 * @param count how many messages of the peer are held back, these included.
 */
export function renderDigest(first: Quote, quotes: readonly Quote[], count: number): ChannelEvent {
  const { workspaceId, activityId, createdAt } = first.stored
  // A digest of one task's answers is an answer to it; any other is what the peer wrote.
  const tasks = new Set(quotes.map(({ stored }) => stored.delegationId))
  const { content, meta } = renderEvent({
    workspaceId,
    activityId,
    createdAt,
    redelivered: quotes.some(({ stored }) => stored.attempts > 0),
    message: {
      ...first.message,
      text: text(quotes, count),
      delegationId: null,
      taskStatus: null,
      attachments: [],
    },
    delegationId: tasks.size === 1 ? first.stored.delegationId : null,
  })
  return { content, meta: { ...meta, digest_count: String(quotes.length) } }
}

function text(quotes: readonly Quote[], count: number): string {
  const peerId = quotes[0]?.stored.peerId ?? null
  const which = peerId === null ? '' : ` with peer_id ${cleanName(peerId)}`
  const left = count - quotes.length
  return [
    `${peerId === null ? 'Senders that the platform does not tell apart' : 'This peer'} wrote faster than a conversation needs, so ${quotes.length} of them were held back and appear here together. If you and they keep answering each other in a circle, stop answering. inbox${which} shows them in full.`,
    ...quotes.map(({ stored, message }) => `[${label(stored, message)}] ${excerpt(message)}`),
    ...(left > 0 ? [`… and ${left} more: the next ${MAX_QUOTED} in a minute, all of them in inbox`] : []),
  ].join('\n')
}

/** The id of a message and, as its own event would have them, its kind and its task. */
function label({ activityId, delegationId }: StoredMessage, message: Inbound): string {
  const task = delegationId ?? message.delegationId
  const kind = delegationId === null ? message.kind : 'delegation_result'
  return [activityId, ...(task === null ? [] : [kind, `delegation_id ${task}`])].map(cleanName).join(', ')
}

function excerpt({ text: whole, attachments }: Inbound): string {
  const quote = indented(cleanExcerpt(whole, MAX_QUOTE_CHARS, (length) => `… (${length} characters)`))
  if (attachments.length === 0) return quote
  const names = attachments.slice(0, MAX_FILES_NAMED).map(({ name }) => cleanFileName(name))
  const more = attachments.length > names.length ? ` and ${attachments.length - names.length} more` : ''
  return `${quote} (with files; call inbox with this activity_id to get them: ${names.join(', ')}${more})`.trim()
}
