/** Requests: what one party asks of another, the answers it can get, and how its requester is told. Pure. */
import type { JsonObject } from '../base/json.ts'

const REQUEST_KINDS = ['task', 'approval'] as const
export type RequestKind = (typeof REQUEST_KINDS)[number]

const PARTY_TYPES = ['user', 'agent'] as const
type PartyType = (typeof PARTY_TYPES)[number]

export interface Party {
  readonly type: PartyType
  readonly id: string
}

export type RequestStatus = 'pending' | 'info_requested' | 'done' | 'approved' | 'rejected' | 'cancelled'

export const INVALID_KIND = "request: kind must be 'task' or 'approval'"
export const INVALID_PARTY = "request: type must be 'user' or 'agent'"

export function asRequestKind(text: string): RequestKind | undefined {
  return REQUEST_KINDS.find((kind) => kind === text)
}

export function asPartyType(text: string): PartyType | undefined {
  return PARTY_TYPES.find((type) => type === text)
}

export function isSameParty(one: Party, other: Party): boolean {
  return one.type === other.type && one.id === other.id
}

/** The status that an action leads to; undefined for one that this kind of request does not know. */
export function statusAfter(kind: RequestKind, action: string): RequestStatus | undefined {
  if (action === 'rejected') return 'rejected'
  if (kind === 'task') return action === 'done' ? 'done' : undefined
  return action === 'approved' ? 'approved' : undefined
}

interface Told {
  readonly id: string
  readonly kind: RequestKind
  readonly title: string
}

/** What tells the requester that its request was answered. */
export function responseNotice(
  { id, kind, title }: Told,
  status: RequestStatus,
  responder: Party,
  choice: string | null,
): string {
  const who = responder.type === 'user' ? 'the user' : `agent ${responder.id}`
  const chosen = choice === null ? '' : ` The choice is ${JSON.stringify(choice)}.`
  return `Your ${kind} request ${JSON.stringify(title)} (id ${id}) was ${status} by ${who}.${chosen} Continue with what waits for it.`
}

/** What tells the requester that somebody wrote about its request. */
export function messageNotice({ id, kind, title }: Told, body: string): string {
  return `More info requested on your ${kind} request ${JSON.stringify(title)} (id ${id}): ${body}\nReply with add_request_message.`
}

/** A notice as the A2A request that reaches the requester; `source` marks it as the platform's own. */
export function noticeEnvelope(workspaceId: string, id: string, messageId: string, text: string): JsonObject {
  const message = {
    role: 'user',
    messageId,
    contextId: `canvas-${workspaceId}`,
    parts: [{ kind: 'text', text }],
  }
  return { jsonrpc: '2.0', id, method: 'message/send', params: { message, metadata: { source: 'platform' } } }
}
