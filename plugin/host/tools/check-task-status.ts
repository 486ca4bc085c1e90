import { z } from 'zod'
import { describeError } from '../../../base/errors.ts'
import { patiently } from '../../../base/patience.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import { fetchResult, listDelegations, type TaskReport } from '../../../member/client/delegations.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { readInbound } from '../../../member/client/inbound.ts'
import { standingOf, type TaskState } from '../../../member/client/peer-answer.ts'
import { fetchReceipt, type MessageReceipt } from '../../../member/client/receipts.ts'
import type { Delegation } from '../../../member/ledger/delegations.ts'
import type { Ledger } from '../../../member/ledger/ledger.ts'
import { lookUpAnswer } from '../../../member/workspace/answer-lookup.ts'
import { cleanName, cleanText, indented } from '../text/clean-text.ts'
import { stateSentence } from '../text/task-state.ts'
import { READS_PLATFORM } from './annotations.ts'
import { asWorkspace } from './arguments.ts'
import { filesOf } from './message-view.ts'
import { howToGoOn, tellAnswer } from './send-result.ts'
import { resolveSender } from './sender.ts'
import { ARRIVES } from './task-note.ts'
import { defineTool, type Outcome, type Progress, ToolFailure } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

const input = z.strictObject({
  task_id: z
    .string()
    .max(200)
    .optional()
    .describe('The id of the task. Without it, the newest tasks are listed.'),
  workspace_id: z.string().optional().describe('Only tasks for this peer.'),
  _as_workspace: asWorkspace,
})

const MAX_LISTED = 30

/** The state of a task, and the full text of its result. */
export const checkTaskStatus = defineTool({
  name: 'check_task_status',
  title: 'Check the state of a task',
  description:
    'Reports the state of a task that delegate_task or delegate_task_async gave to another agent, with the full text of its result once there is one. Without task_id it lists the newest tasks, open ones first.',
  input,
  annotations: READS_PLATFORM,
  async handle({ task_id, workspace_id, _as_workspace }, context, signal, progress) {
    const client = resolveSender(context, _as_workspace)
    const ledger = context.ledger()
    if (task_id) return showOne(task_id, client, ledger, context, signal, progress)
    const wanted = workspace_id?.trim().toLowerCase()
    const tasks = (ledger?.delegations.list(client.endpoint.workspaceId, MAX_LISTED * 2) ?? [])
      .filter(({ peerId }) => !wanted || peerId === wanted)
      .slice(0, MAX_LISTED)
    if (tasks.length === 0) {
      const whom = wanted ? ` to peer ${cleanName(wanted)}` : ''
      return { text: `No task was delegated${whom} from here in the last 30 days.` }
    }
    return { text: tasks.map(describeTask).join('\n') }
  },
})

async function showOne(
  id: string,
  client: PlatformClient,
  ledger: Ledger | undefined,
  context: ToolContext,
  signal: AbortSignal,
  progress: Progress | undefined,
): Promise<Outcome> {
  const { workspaceId } = client.endpoint
  const known = ledger?.delegations.find(workspaceId, id)
  const answer = ledger?.delegations.answer(workspaceId, id)
  const said = answer === undefined ? undefined : readInbound(answer.content)
  // The platform reports the result of a task it tracks; what the peer says in the meantime is not the result.
  if (answer !== undefined && said !== undefined && answer.peerId !== null && known?.watched !== true) {
    const { text, attachments, taskStatus } = said
    const told = tellAnswer(text, `peer ${answer.peerId}`, attachments.length, answer.activityId)
    const isFailure = standingOf(taskStatus) === 'failed'
    return { text: `Task ${id} ${isFailure ? failureOf(taskStatus) : 'was answered'}. ${told.text}` }
  }
  if (known?.state === 'open' && !known.watched && ledger !== undefined) {
    const found = await lookUpNow(known, client, ledger, context, signal)
    if (found !== undefined) return found
  }
  let report: TaskReport | undefined
  try {
    report = await fetchReport(client, id, signal)
    signal.throwIfAborted()
  } catch (error) {
    if (known === undefined || signal.aborted) throw error
    return {
      text: `${describeTask(known)}\nCould not ask the platform for its state: ${describeError(error)}`,
    }
  }
  if (report !== undefined && (report.state === 'completed' || report.state === 'failed')) {
    const result = (await fetchResult(client, id, signal)) ?? report.preview
    signal.throwIfAborted()
    const head = `Task ${id} ${report.state === 'failed' ? 'failed' : 'is completed'}.`
    const [whole] = await filesOf(
      workspaceId,
      `result-${id}`,
      { text: result, attachments: [] },
      context,
      signal,
      progress,
    )
    const where = whole === undefined ? '' : ` All of its text: ${whole}.`
    return { text: `${head}${where} ${tellAnswer(result, 'the platform', 0, undefined).text}` }
  }
  const seen = await progressOf(known, client, signal)
  if (report?.state === 'queued') {
    return {
      text: `Task ${id} was handed to the peer, which has not answered yet.${seen} The answer ${ARRIVES[context.arrival()]}.`,
    }
  }
  if (report !== undefined) return { text: `Task ${id} is under way (${cleanName(report.status)}).${seen}` }
  if (known !== undefined) return { text: describeTask(known) + seen }
  throw new ToolFailure(
    `No task "${cleanName(id)}" is known, here or on the platform. Call without task_id to list the newest tasks.`,
  )
}

/**
 * What the platform or the peer itself now says about a task whose answer has not come. A session that receives looks by
 * itself, but there may be none.
 *
 * @returns undefined when there is nothing new, or it cannot be asked for.
 */
async function lookUpNow(
  task: Delegation,
  client: PlatformClient,
  ledger: Ledger,
  { clock, exchanges, onStored, allowedSenders }: ToolContext,
  signal: AbortSignal,
): Promise<Outcome | undefined> {
  try {
    const outcome = await lookUpAnswer(task, client, allowedSenders(), signal)
    if (outcome === undefined) return undefined
    const message = outcome.entry === undefined ? undefined : readInbound(outcome.entry.content)
    // Only an event fetches files.
    const isTaken = message?.attachments.length === 0
    const workspace = ledger.of(task.workspaceId)
    const stored = await patiently(() => workspace.storeOutcome(outcome, isTaken, clock.now()), clock, signal)
    if (message === undefined || stored === undefined) return undefined
    if (!isTaken) onStored()
    const state = message.taskStatus === null ? 'The peer has answered.' : stateSentence(message.taskStatus)
    const isPeers = message.kind === 'peer_agent'
    const { text } = isPeers
      ? tellAnswer(message.text, `peer ${task.peerId}`, message.attachments.length, stored.activityId)
      : { text: `The platform's words:\n\n  ${indented(cleanText(message.text))}` }
    const how = isPeers && stored.delegationId === null ? howToGoOn(stored.activityId) : ''
    const { onSent, onLost } = exchanges.told(ledger, stored)
    return { text: `Task ${task.id}: ${state}${how} ${text}`, ...(isTaken ? { onSent, onLost } : {}) }
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PlatformError) return undefined
    throw error
  }
}

/** How far the message with an open task got, as a sentence after another one; empty where nobody says. */
async function progressOf(
  task: Delegation | undefined,
  client: PlatformClient,
  signal: AbortSignal,
): Promise<string> {
  if (task?.state !== 'open') return ''
  try {
    const receipt = await fetchReceipt(client, task.peerId, task.id, signal)
    return receipt === undefined ? '' : ` ${progress(receipt)}`
  } catch (error) {
    signal.throwIfAborted()
    if (error instanceof PlatformError) return ''
    throw error
  }
}

function progress({ state, at }: MessageReceipt): string {
  const since = at === undefined ? '' : ` at ${at}`
  switch (state) {
    case 'stored':
      return `The platform has kept it for the peer${at === undefined ? '' : ` since ${at}`}; the peer has not fetched it yet.`
    case 'fetched':
      return "The peer has fetched it; it is not in the peer's session yet."
    case 'written':
      return "It is in the peer's session; nothing says yet that the peer's model has seen it."
    case 'seen':
      return `The peer's model saw it${since}.`
    case 'answered':
      return `The peer has dealt with it${since}.`
    case 'failed':
      return 'The platform could not deliver it to the peer.'
  }
}

async function fetchReport(
  client: PlatformClient,
  id: string,
  signal: AbortSignal,
): Promise<TaskReport | undefined> {
  const reports = await listDelegations(client, signal)
  return reports.find((report) => report.id === id && report.sourceId === client.endpoint.workspaceId)
}

function failureOf(state: TaskState | null): string {
  return state === 'rejected' || state === 'canceled' ? `was ${state}` : 'failed'
}

function describeTask({ id, peerId, state, peerState, askedAt, task }: Delegation): string {
  // The peer's own word for it, unless that is the same.
  const says = peerState === null || peerState === state ? '' : ` (${cleanName(peerState)})`
  return `Task ${cleanName(id)} for peer ${cleanName(peerId)}: ${state}${says}, given ${new Date(askedAt).toISOString()}. ${cleanName(task)}`
}
