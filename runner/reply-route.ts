/** Where the answer to a message goes, and under which id. Pure. */
import type { OutgoingMessage } from '../member/client/a2a.ts'
import type { Inbound } from '../member/client/inbound.ts'

/** The namespace of the ids of answers (RFC 9562 section 5.5). */
const ANSWERS = '0c9d7a52-6b0e-4d6c-8f0f-3a52f1d0b7e4'
const CONVERSATIONS = '5b1a4c7e-2f39-4f0b-9a38-7c6d2e915d10'

export type ReplyRoute =
  | { readonly to: 'peer'; readonly peerId: string; readonly message: Omit<OutgoingMessage, 'text'> }
  | { readonly to: 'person' }

/**
 * The id of the message that answers `activityId`: always the same one, so that an answer that is sent again after a
 * crash is one message for its receiver.
 *
 * @param what tells several answers to one message apart.
 */
export function answerId(workspaceId: string, activityId: string, what = 'answer'): string {
  return Bun.randomUUIDv5(`${workspaceId} ${activityId} ${what}`, ANSWERS)
}

/** Another agent gets a message of its own; everyone else reads the chat of the workspace. */
export function routeOf(
  workspaceId: string,
  activityId: string,
  { kind, peerId, contextId, delegationId }: Inbound,
): ReplyRoute {
  if (kind !== 'peer_agent' || peerId === null) return { to: 'person' }
  return {
    to: 'peer',
    peerId,
    message: {
      messageId: answerId(workspaceId, activityId),
      contextId: contextId ?? conversationOf(workspaceId, activityId),
      delegationId,
    },
  }
}

/** A conversation that its sender did not name needs a name, so that what follows can be counted as part of it. */
function conversationOf(workspaceId: string, activityId: string): string {
  return Bun.randomUUIDv5(`${workspaceId} ${activityId}`, CONVERSATIONS)
}
