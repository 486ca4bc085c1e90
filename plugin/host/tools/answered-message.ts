/** The message a reply answers: one that arrived, or one that `inbox` showed while it waits on the platform. */
import { type Inbound, readInbound } from '../../../member/client/inbound.ts'
import type { ToolContext } from './tool-context.ts'

export interface AnsweredMessage {
  readonly workspaceId: string
  /** Null: not sent by an agent. */
  readonly peerId: string | null
  readonly message: Inbound
  /** Takes it off the list of unanswered messages. Throws the ledger's error. */
  readonly markAnswered: () => void
  /** For the end of the result, when the message cannot be marked. */
  readonly remark: string
}

const UNREAD =
  '\n(No session has received this message yet, so it is not marked as answered: the one that does will show it as new.)'

/** @returns undefined when there is no such message. */
export async function findMessage(
  activityId: string,
  context: ToolContext,
  signal: AbortSignal,
): Promise<AnsweredMessage | undefined> {
  const ledger = context.ledger()
  const stored = ledger?.find(activityId, context.workspaceIds())
  if (ledger !== undefined && stored !== undefined) {
    const { workspaceId, peerId, content, ord } = stored
    const message = readInbound(content)
    if (message === undefined) return undefined
    return { workspaceId, peerId, message, markAnswered: () => ledger.markAnswered(ord), remark: '' }
  }
  const unread = (await context.unread(signal)).find((one) => one.activityId === activityId)
  return unread === undefined ? undefined : { ...unread, markAnswered: () => {}, remark: UNREAD }
}
