import { z } from 'zod'
import { sendMessage } from '../../platform/a2a.ts'
import { describeError } from '../../platform/errors.ts'
import { inboundSchema } from '../../platform/inbound.ts'
import { notifyUser } from '../../platform/notify.ts'
import type { StoredMessage } from '../../state/ledger.ts'
import { tellSent } from './send-result.ts'
import { asWorkspace, outgoingText, resolveSender } from './sender.ts'
import { defineTool, failure, type Outcome, type ToolContext } from './tool.ts'

const input = z.object({
  text: outgoingText.describe('Your answer, in plain text or Markdown.'),
  activity_id: z
    .string()
    .optional()
    .describe('The activity_id of the channel message you answer. It decides where the answer goes.'),
  peer_id: z
    .string()
    .optional()
    .describe('Instead of activity_id: the workspace id of the peer to write to.'),
  workspace_id: asWorkspace,
  _as_workspace: asWorkspace,
})
type Arguments = z.infer<typeof input>

/** How long a push-mode peer may take to answer in the same request. */
const ANSWER_TIMEOUT_MS = 60_000

/** Answers a message: to the peer that sent it, or to the person in the platform's chat. */
export const replyToWorkspace = defineTool({
  name: 'reply_to_workspace',
  title: 'Reply to a message',
  description:
    'Answers a message that arrived as <channel source="plugin:molecule:…">. Give its activity_id and your text: the answer goes to whoever sent it, a person in the chat or another agent. What you write in the terminal does not reach them. Without activity_id, peer_id writes to that peer, and neither of them writes to the person in the chat.',
  input,
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  // In a turn that a channel message opens, the host names no deferred tools: this one must be there.
  meta: { 'anthropic/alwaysLoad': true },
  async handle(args, context, signal) {
    const wanted = args._as_workspace ?? args.workspace_id
    if (args.activity_id !== undefined) return replyToMessage(args, args.activity_id, wanted, context, signal)
    const sender = resolveSender(context, wanted)
    if (!sender.ok) return sender.outcome
    if (args.peer_id === undefined) {
      await notifyUser(sender.client, args.text, signal)
      return { text: `Posted to the chat of workspace ${sender.client.endpoint.workspaceId}.` }
    }
    const messageId = crypto.randomUUID()
    const outcome = await sendMessage(
      sender.client,
      args.peer_id,
      { messageId, text: args.text },
      ANSWER_TIMEOUT_MS,
      signal,
    )
    return tellSent(outcome, `peer ${args.peer_id}`, messageId)
  },
})

async function replyToMessage(
  { text, peer_id }: Arguments,
  activityId: string,
  wanted: string | undefined,
  context: ToolContext,
  signal: AbortSignal,
): Promise<Outcome> {
  const ledger = context.ledger()
  const stored = ledger?.find(activityId, context.workspaceIds())
  const client = stored === undefined ? undefined : context.client(stored.workspaceId)
  if (ledger === undefined || stored === undefined || client === undefined) {
    return failure(
      `No message with activity_id "${activityId.slice(0, 60)}" has arrived here. Take the activity_id from the <channel> tag, or give peer_id (for an agent) or neither (for the person in the chat).`,
    )
  }
  if (wanted !== undefined && wanted.toLowerCase() !== stored.workspaceId) {
    return failure(
      `Message ${activityId} was sent to workspace ${stored.workspaceId}, not to ${wanted.slice(0, 60)}. Leave the workspace out: the message decides it.`,
    )
  }
  if (peer_id !== undefined && peer_id.toLowerCase() !== stored.peerId?.toLowerCase()) {
    return failure(
      `Message ${activityId} came from ${stored.peerId ?? 'the chat'}, not from ${peer_id.slice(0, 60)}. Leave peer_id out to answer its sender, or leave activity_id out to write to that peer.`,
    )
  }
  const outcome = await answer(stored, text, client, signal)
  if (outcome.isError === true) return outcome
  try {
    ledger.markAnswered(stored.ord)
    return outcome
  } catch (error) {
    // The answer has left; called a failure, it would be sent again.
    return {
      text: `${outcome.text}\n(The message could not be marked as answered: ${describeError(error)})`,
    }
  }
}

async function answer(
  stored: StoredMessage,
  text: string,
  client: NonNullable<ReturnType<ToolContext['client']>>,
  signal: AbortSignal,
): Promise<Outcome> {
  if (stored.peerId === null || stored.peerId.toLowerCase() === stored.workspaceId) {
    await notifyUser(client, text, signal)
    return { text: `Posted to the chat of workspace ${stored.workspaceId}.` }
  }
  const { contextId, delegationId } = inboundSchema.parse(JSON.parse(stored.content))
  const messageId = crypto.randomUUID()
  const outcome = await sendMessage(
    client,
    stored.peerId,
    { messageId, text, contextId, delegationId },
    ANSWER_TIMEOUT_MS,
    signal,
  )
  return tellSent(outcome, `peer ${stored.peerId}`, messageId)
}
