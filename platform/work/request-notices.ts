/**
 * Tells the agent that raised a request what happened to it: a message in its queue, so it reaches the inbox with one of
 * the next heartbeats. The request itself holds the answer.
 */
import { newUuid } from '../base/random.ts'
import { noticeEnvelope, type Party } from '../contract/requests.ts'
import type { Services } from '../services.ts'

/** @param about the beginning of the message's id, which names what it is about. */
export function tellRequester(
  { queue, random, workspaces }: Services,
  requester: Party,
  about: string,
  text: string,
): void {
  const row = requester.type === 'agent' ? workspaces.find(requester.id) : undefined
  if (row === undefined || row.status === 'removed') return
  const messageId = `${about}-${newUuid(random)}`
  queue.enqueue({
    workspaceId: row.id,
    callerId: undefined,
    messageId,
    method: 'message/send',
    body: JSON.stringify(noticeEnvelope(row.id, newUuid(random), messageId, text)),
    expiresInSeconds: undefined,
  })
}
