/** The message that a reply answers. */
import { patiently } from '../../../base/patience.ts'
import { type Inbound, readInbound } from '../../../member/client/inbound.ts'
import type { StoredMessage } from '../../../member/ledger/ledger.ts'
import type { ToolContext } from './tool-context.ts'

export interface AnsweredMessage {
  readonly workspaceId: string
  /** Null: not sent by an agent. */
  readonly peerId: string | null
  readonly message: Inbound
  /**
   * Takes it off the list of unanswered messages; if no session has shown it yet, so that none does. Rejects with the
   * ledger's error.
   */
  readonly markAnswered: () => Promise<void>
}

/** @returns undefined when there is no such message. */
export async function findMessage(
  activityId: string,
  context: ToolContext,
  signal: AbortSignal,
): Promise<AnsweredMessage | undefined> {
  const ledger = context.ledger()
  if (ledger === undefined) return undefined
  const find = (): StoredMessage | undefined => ledger.find(activityId, context.workspaceIds())
  let stored = find()
  if (stored === undefined) {
    await context.update(signal)
    stored = find()
  }
  if (stored === undefined) return undefined
  const { workspaceId, peerId, content, ord } = stored
  const message = readInbound(content)
  if (message === undefined) return undefined
  const { clock, listed } = context
  const mark = (): void => {
    // The model may know it from a list alone.
    if (!listed.has(activityId)) ledger.evidence.noteAnswered(ord, clock.now())
    ledger.markAnswered(ord)
  }
  return { workspaceId, peerId, message, markAnswered: () => patiently(mark, clock) }
}
