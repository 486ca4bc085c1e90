/** The message a reply answers: one that arrived, or one that `inbox` showed while it waits on the platform. */
import { patiently } from '../../../base/patience.ts'
import { type Inbound, readInbound } from '../../../member/client/inbound.ts'
import type { ToolContext } from './tool-context.ts'

export interface AnsweredMessage {
  readonly workspaceId: string
  /** Null: not sent by an agent. */
  readonly peerId: string | null
  readonly message: Inbound
  /**
   * Takes it off the list of unanswered messages; if no session has received it yet, so that none shows it. Rejects with
   * the ledger's error. Undefined without a ledger.
   */
  readonly markAnswered: (() => Promise<void>) | undefined
}

/** For the end of a result. */
export const NOT_MARKED =
  '\n(The state folder cannot be used, so the message is not marked as answered: the next session that receives shows it as new.)'

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
    return {
      workspaceId,
      peerId,
      message,
      markAnswered: () => patiently(() => ledger.markAnswered(ord), context.clock),
    }
  }
  const unread = (await context.unread(signal)).find((one) => one.activityId === activityId)
  if (unread === undefined) return undefined
  const { workspaceId, peerId, message, entry } = unread
  const store =
    ledger === undefined ? undefined : () => ledger.of(workspaceId).storeAnswered(entry, context.clock.now())
  const markAnswered = store && (() => patiently(store, context.clock))
  return { workspaceId, peerId, message, markAnswered }
}
