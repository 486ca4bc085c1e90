/** A message as a backend is given it. */
import type { Inbound } from '../member/client/inbound.ts'
import type { StoredMessage } from '../member/ledger/ledger.ts'
import { renderEvent } from '../plugin/host/event/notification.ts'
import type { Request } from './backend/backend.ts'
import { answerId } from './reply-route.ts'

/** What is known of a message besides its content. */
type Arrived = Pick<StoredMessage, 'workspaceId' | 'activityId' | 'createdAt'> & Pick<Request, 'redelivered'>

/** Pure. */
export function requestFor(
  { workspaceId, activityId, createdAt, redelivered }: Arrived,
  message: Inbound,
  files: Request['files'],
): Request {
  const { kind, peerId, peerName, peerRole, userName, authenticated, contextId, method, text } = message
  return {
    workspaceId,
    activityId,
    idempotencyKey: answerId(workspaceId, activityId),
    kind,
    peerId,
    peerName,
    peerRole,
    userName,
    authenticated,
    contextId,
    taskId: message.delegationId,
    method,
    text,
    files,
    redelivered,
    event: renderEvent({ workspaceId, activityId, createdAt, redelivered, message, files }),
  }
}
