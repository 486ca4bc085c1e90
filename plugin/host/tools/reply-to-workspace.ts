import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { patiently } from '../../../base/patience.ts'
import type { OutgoingMessage } from '../../../member/client/a2a.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import type { Inbound } from '../../../member/client/inbound.ts'
import { notifyUser } from '../../../member/client/notify.ts'
import { writeToRequest } from '../../../member/client/requests.ts'
import type { UploadedFile } from '../../../member/client/uploads.ts'
import type { Delegation } from '../../../member/ledger/delegations.ts'
import { cleanName } from '../text/clean-text.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { type AnsweredMessage, findMessage } from './answered-message.ts'
import { asWorkspace, attachments, outgoingText } from './arguments.ts'
import { uploadAll, withFiles } from './attachments.ts'
import { findCorrespondent } from './peer.ts'
import { ANSWER_WAIT_MS } from './peer-exchanges.ts'
import { tellPending, tellPosted, tellSent } from './send-result.ts'
import { resolveSender } from './sender.ts'
import { neverComes } from './task-note.ts'
import { defineTool, type Outcome, type Progress, ToolFailure } from './tool.ts'
import type { Arrival, ToolContext } from './tool-context.ts'

const EMPTY = 'must not be empty: fill it in, or leave it out'

const input = z.strictObject({
  text: outgoingText.describe('Your answer, in plain text or Markdown.'),
  // Blank ones are refused: without both, the text would go to the person in the chat.
  activity_id: z
    .string()
    .min(1, EMPTY)
    .optional()
    .describe('The activity_id of the channel message you answer. It decides where the answer goes.'),
  peer_id: z
    .string()
    .min(1, EMPTY)
    .optional()
    .describe('Instead of activity_id: the peer to write to, by workspace id or name.'),
  is_question: z
    .boolean()
    .optional()
    .describe('True if you need an answer before you can finish the task: the task stays open.'),
  attachments,
  workspace_id: asWorkspace,
  _as_workspace: asWorkspace,
})
type Arguments = z.infer<typeof input>

/** Who calls, and how long for. */
interface Caller {
  readonly context: ToolContext
  readonly signal: AbortSignal
  readonly progress: Progress | undefined
}

/** Answers a message: to the peer that sent it, or to the person in the platform's chat. */
export const replyToWorkspace = defineTool({
  name: 'reply_to_workspace',
  title: 'Reply to a message',
  description:
    'Answers a message that arrived as <channel source="plugin:molecule:…">. Give its activity_id and your text: the answer goes to its sender, a person in the chat or another agent. What you write in the terminal does not reach them. Without activity_id, peer_id writes to that peer; without either, the text goes to the person in the chat.',
  input,
  annotations: WRITES_PLATFORM,
  // In a turn opened by a channel message the host names no deferred tools, and this one must be there.
  meta: { 'anthropic/alwaysLoad': true },
  async handle(args, context, signal, progress) {
    const caller = { context, signal, progress }
    const wanted = args._as_workspace ?? args.workspace_id
    if (args.activity_id !== undefined) return replyToMessage(args, args.activity_id, wanted, caller)
    const client = resolveSender(context, wanted)
    const peerId =
      args.peer_id === undefined ? undefined : await findCorrespondent(client, args.peer_id, context, signal)
    const files = await uploadAll(client, args.attachments, context, signal)
    const message = { text: args.text, files }
    if (peerId === undefined) return writeToUser(client, message, signal)
    return writeToPeer(client, peerId, message, caller)
  },
})

async function replyToMessage(
  { text, peer_id, is_question: asks = false, attachments: paths }: Arguments,
  activityId: string,
  wanted: string | undefined,
  caller: Caller,
): Promise<Outcome> {
  const { context, signal } = caller
  const answered = await findMessage(activityId, context, signal)
  const client = answered === undefined ? undefined : context.client(answered.workspaceId)
  if (answered === undefined || client === undefined) {
    throw new ToolFailure(
      `No message with activity_id "${cleanName(activityId)}" has arrived here. Take the activity_id from the <channel> tag, or give peer_id (for an agent) or neither (for the person in the chat).`,
    )
  }
  const { workspaceId, peerId } = answered
  if (wanted !== undefined && wanted.toLowerCase() !== workspaceId) {
    throw new ToolFailure(
      `Message ${activityId} was sent to workspace ${workspaceId}, not to ${cleanName(wanted)}. Leave the workspace out: the message determines it.`,
    )
  }
  if (peer_id !== undefined && peer_id.toLowerCase() !== peerId?.toLowerCase()) {
    throw new ToolFailure(
      `Message ${activityId} came from ${peerId ?? 'the chat'}, not from ${cleanName(peer_id)}. Leave peer_id out to answer its sender, or leave activity_id out to write to that peer.`,
    )
  }
  const files = await uploadAll(client, paths, context, signal)
  const outcome = await answer(answered, { text, files, asks }, client, caller)
  // A task whose answer waits for a question is still to be done, and one that was refused is not answered.
  if (asks || outcome.isError === true) return outcome
  try {
    await answered.markAnswered()
    return outcome
  } catch (error) {
    // The answer has left. If this were a failure, the model would send it again.
    return {
      ...outcome,
      text: `${outcome.text}\n(The message could not be marked as answered: ${describeError(error)})`,
    }
  }
}

type Content = Pick<OutgoingMessage, 'text' | 'contextId' | 'delegationId' | 'asks'> & {
  readonly files: readonly UploadedFile[]
}

async function answer(
  { workspaceId, peerId, message }: AnsweredMessage,
  content: Content,
  client: PlatformClient,
  caller: Caller,
): Promise<Outcome> {
  const { kind, contextId, delegationId } = message
  if (kind === 'delegation_result') {
    throw new ToolFailure(
      'A delegation result cannot be answered: write to the peer with peer_id, or to the person with send_message_to_user.',
    )
  }
  const said = await writeToQuestion(workspaceId, message, content, client, caller)
  if (said !== undefined) return said
  if (peerId === null) {
    const posted = await writeToUser(client, content, caller.signal)
    if (kind === 'canvas_user' || kind === 'request_answer') return posted
    return { text: `${posted.text} This ${kind} message cannot be answered where it came from.` }
  }
  const task =
    delegationId === null ? undefined : caller.context.ledger()?.delegations.find(workspaceId, delegationId)
  // The peer asks about a task of ours: what it says next belongs to that.
  const isOurs = task?.state === 'open' && task.peerId === peerId
  return writeToPeer(
    client,
    peerId,
    { ...content, contextId, delegationId },
    caller,
    isOurs ? task : undefined,
  )
}

/** What the person wrote about a question that is still open is answered there; undefined for any other message. */
async function writeToQuestion(
  workspaceId: string,
  { inquiry }: Pick<Inbound, 'inquiry'>,
  { text, files }: Content,
  client: PlatformClient,
  { context, signal }: Caller,
): Promise<Outcome | undefined> {
  // A request takes no files.
  if (inquiry === undefined || files.length > 0) return undefined
  const asked = context.ledger()?.of(workspaceId).inquiries.find(inquiry.id)
  if (asked?.state !== 'open' || !(await writeToRequest(client, inquiry.id, text, signal))) return undefined
  return {
    text: `Added to your question ${JSON.stringify(cleanName(inquiry.title))}, which stays open. ask_person with withdraw ${cleanName(inquiry.id)} takes it back if you need no answer any more.`,
  }
}

async function writeToUser(
  client: PlatformClient,
  { text, files }: Content,
  signal: AbortSignal,
): Promise<Outcome> {
  await notifyUser(client, text, signal, files)
  return withFiles(tellPosted(client.endpoint.workspaceId), files)
}

async function writeToPeer(
  client: PlatformClient,
  peerId: string,
  content: Content,
  { context, signal, progress }: Caller,
  task?: Delegation,
): Promise<Outcome> {
  const messageId = crypto.randomUUID()
  const begun = context.clock.now()
  const message = { messageId, ...content, taskId: task?.peerTask || null }
  const comes = neverComes(context, peerId) ?? COMES[context.arrival()]
  const sent = { to: `peer ${peerId}`, messageId, what: 'message', comes } as const
  const requests = task === undefined ? undefined : context.ledger()?.of(task.workspaceId).requests
  if (task !== undefined) {
    await patiently(() => requests?.request(task.id, messageId, begun), context.clock, signal)
  }
  const exchanged = await context.exchanges.send(
    { client, peerId, message, taskId: task?.id ?? null },
    { until: begun + ANSWER_WAIT_MS, signal, progress },
  )
  if (exchanged.kind === 'pending') return withFiles(tellPending(sent), content.files, PEER_FILES)
  const { outcome, answer, isShown } = exchanged
  const told = tellSent(outcome, {
    ...sent,
    comes: task === undefined ? NOT_FOLLOWED : sent.comes,
    activityId: answer?.stored.activityId,
    isShown,
  })
  const followed = answer === undefined ? told : { ...told, onSent: answer.onSent, onLost: answer.onLost }
  return withFiles(followed, content.files, PEER_FILES)
}

const COMES: Readonly<Record<Arrival, string>> = {
  here: 'Its answer arrives as a channel message.',
  elsewhere: 'Its answer arrives in the session that receives.',
  inbox: 'Its answer arrives in inbox; wait_seconds waits for it.',
}

/** Of a peer that has begun to work on a message. It ended the request, so nothing but a message of its own can follow. */
const NOT_FOLLOWED =
  'Your message gave no task, so nobody asks the peer for its answer: it arrives only if the peer sends it as a message. delegate_task gives a task that is followed to its end.'

/** A platform hands the files it keeps for one workspace to no other. */
const PEER_FILES =
  ' The platform keeps them for your own workspace, so the peer may see only their names: if it needs the content, send that as text or as a link.'
