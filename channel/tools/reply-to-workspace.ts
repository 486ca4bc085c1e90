import { z } from 'zod'
import { type OutgoingMessage, sendMessage } from '../../platform/a2a.ts'
import { type PlatformClient, workspacePath } from '../../platform/client.ts'
import { describeError } from '../../platform/errors.ts'
import { inboundSchema } from '../../platform/inbound.ts'
import { notifyUser } from '../../platform/notify.ts'
import { listPeers } from '../../platform/registry.ts'
import type { UploadedFile } from '../../platform/uploads.ts'
import type { StoredMessage } from '../../state/ledger.ts'
import { safeName } from '../notification.ts'
import { attachments, uploadAll, withFiles } from './attachments.ts'
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
  attachments,
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
    const stranger = await refuseStranger(sender.client, args.peer_id, context, signal)
    if (stranger !== undefined) return stranger
    const uploaded = await uploadAll(sender.client, args.attachments, context.outgoing(), signal)
    if (!uploaded.ok) return uploaded.outcome
    const message = { text: args.text, files: uploaded.files }
    if (args.peer_id === undefined) return writeToUser(sender.client, message, signal)
    return writeToPeer(sender.client, args.peer_id, message, signal)
  },
})

/** A reply goes to somebody who wrote, or who could: an id that a text made up is neither. */
async function refuseStranger(
  client: PlatformClient,
  peerId: string | undefined,
  context: ToolContext,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  if (peerId === undefined) return undefined
  // Refuses what is no id at all.
  workspacePath(peerId)
  if (context.ledger()?.inbox.hasWritten(client.endpoint.workspaceId, peerId) === true) return undefined
  const peers = await listPeers(client, signal)
  if (peers.some(({ id }) => id.toLowerCase() === peerId.toLowerCase())) return undefined
  return failure(
    `"${safeName(peerId)}" has never written to this workspace and is not one of its peers, so nothing was sent. list_peers shows who can be reached.`,
  )
}

async function replyToMessage(
  { text, peer_id, attachments: paths }: Arguments,
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
  const uploaded = await uploadAll(client, paths, context.outgoing(), signal)
  if (!uploaded.ok) return uploaded.outcome
  const outcome = await answer(stored, { text, files: uploaded.files }, client, signal)
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

type Content = Pick<OutgoingMessage, 'text' | 'contextId' | 'delegationId'> & {
  readonly files: readonly UploadedFile[]
}

async function answer(
  stored: StoredMessage,
  content: Content,
  client: PlatformClient,
  signal: AbortSignal,
): Promise<Outcome> {
  const { kind, contextId, delegationId } = inboundSchema.parse(JSON.parse(stored.content))
  if (kind === 'delegation_result') {
    return failure(
      'A delegation result is not a message of somebody who waits: write to the peer with peer_id, or to the person with send_message_to_user.',
    )
  }
  if (stored.peerId === null) {
    const posted = await writeToUser(client, content, signal)
    if (kind === 'canvas_user' || posted.isError === true) return posted
    return { text: `${posted.text} There is no way back to where this ${kind} message came from.` }
  }
  return writeToPeer(client, stored.peerId, { ...content, contextId, delegationId }, signal)
}

async function writeToUser(
  client: PlatformClient,
  { text, files }: Content,
  signal: AbortSignal,
): Promise<Outcome> {
  await notifyUser(client, text, signal, files)
  return withFiles({ text: `Posted to the chat of workspace ${client.endpoint.workspaceId}.` }, files)
}

async function writeToPeer(
  client: PlatformClient,
  peerId: string,
  content: Content,
  signal: AbortSignal,
): Promise<Outcome> {
  const messageId = crypto.randomUUID()
  const outcome = await sendMessage(client, peerId, { messageId, ...content }, ANSWER_TIMEOUT_MS, signal)
  return withFiles(tellSent(outcome, `peer ${peerId}`, messageId), content.files, PEER_FILES)
}

/** What a platform keeps for one workspace it gives to no other. */
const PEER_FILES =
  ' The platform keeps them for your own workspace, so the peer may see their names only: if it needs the content, send that as text or as a link.'
