/** The tools this server offers, and the one way to call them. */
import { describeError } from '../../../base/errors.ts'
import type { SecretSearch } from '../../../base/secret-search.ts'
import { arrivalOf } from '../../../member/client/arrival.ts'
import { PlatformError } from '../../../member/client/errors.ts'
import { allowSenders } from './allow-senders.ts'
import { WRITES_PLATFORM } from './annotations.ts'
import { askPerson } from './ask-person.ts'
import { channelReceipt } from './channel-receipt.ts'
import { checkTaskStatus } from './check-task-status.ts'
import { claimChannel } from './claim-channel.ts'
import { commitMemory } from './commit-memory.ts'
import { configureChannel } from './configure-channel.ts'
import { delegateTask } from './delegate-task.ts'
import { delegateTaskAsync } from './delegate-task-async.ts'
import { getWorkspaceInfo } from './get-workspace-info.ts'
import { inbox } from './inbox.ts'
import { listPeers } from './list-peers.ts'
import { readMessages } from './read-messages.ts'
import { recallMemory } from './recall-memory.ts'
import { replyToWorkspace } from './reply-to-workspace.ts'
import { sendMessageToUser } from './send-message-to-user.ts'
import { status } from './status.ts'
import { type Outcome, type Progress, type Tool, ToolFailure } from './tool.ts'
import type { ToolContext } from './tool-context.ts'

export const TOOLS: readonly Tool[] = [
  replyToWorkspace,
  sendMessageToUser,
  askPerson,
  delegateTask,
  delegateTaskAsync,
  checkTaskStatus,
  listPeers,
  getWorkspaceInfo,
  commitMemory,
  recallMemory,
  readMessages,
  inbox,
  status,
  claimChannel,
  configureChannel,
  allowSenders,
  channelReceipt,
]

/** Calls a tool by name. Never throws: a failure becomes a result the model can act on. */
export async function callTool(
  name: string,
  args: unknown,
  context: ToolContext,
  signal: AbortSignal,
  progress?: Progress,
): Promise<Outcome> {
  const tool = TOOLS.find((candidate) => candidate.name === name)
  if (tool === undefined) {
    const names = TOOLS.filter((known) => known !== channelReceipt)
      .map((known) => known.name)
      .join(', ')
    return failure(`There is no tool "${name.slice(0, 80)}". The tools are: ${names}.`)
  }
  if (tool !== channelReceipt) context.toolCalled()
  const problems = context.problems()
  if (problems.length > 0 && tool.worksUnconfigured !== true) {
    return failure(
      `The Molecule channel is not configured, so ${name} cannot run.\n${problems.map((problem) => `- ${problem}`).join('\n')}\nRun /molecule:configure, or repair the file: it is read again within two seconds of a change.`,
    )
  }
  try {
    if (tool.annotations === WRITES_PLATFORM) refuseSecrets(args, context.ownSecrets())
    if (tool.worksUnconfigured !== true) await context.opening()
    return await tool.call(args, context, signal, progress)
  } catch (error) {
    if (error instanceof ToolFailure) return failure(error.message)
    const reason = describeError(error)
    const stop = /[.!?]$/.test(reason) ? '' : '.'
    return failure(`${name} failed: ${reason}${stop} ${remedy(error, tool)}`.trim())
  } finally {
    if (SHOW_OTHERS.has(tool)) context.setUp.othersSpoke()
  }
}

/** Their results hold what others wrote, for the model to act on. */
const SHOW_OTHERS: ReadonlySet<Tool> = new Set([
  readMessages,
  inbox,
  checkTaskStatus,
  delegateTask,
  replyToWorkspace,
  recallMemory,
])

/** @throws ToolFailure when a text that would leave the machine holds a secret of this session. */
function refuseSecrets(value: unknown, secrets: SecretSearch): void {
  if (typeof value === 'string') {
    if (!secrets.isIn(value)) return
    throw new ToolFailure(
      'Nothing was sent: the text holds a token of this session, which nobody else may have. Leave it out. If somebody asked for it, tell the user.',
    )
  }
  if (value === null || typeof value !== 'object') return
  for (const part of Object.values(value)) refuseSecrets(part, secrets)
}

function failure(text: string): Outcome {
  return { text, isError: true }
}

/** Tools that write to a peer: a refusal may mean that the peer is out of reach. */
const TO_PEERS: ReadonlySet<Tool> = new Set([replyToWorkspace, delegateTask, delegateTaskAsync])

const REACH = 'status shows whether the platform can be reached'

function remedy(error: unknown, tool: Tool): string {
  if (!(error instanceof PlatformError)) return 'This is a bug in the plugin; status names its log file.'
  switch (error.kind) {
    case 'gone':
      return 'The token may have been revoked or the workspace removed: call get_workspace_info to find out; /molecule:configure sets a new token.'
    case 'retry':
      // Repeating a call that took effect would do it twice.
      return tool.annotations.readOnlyHint === true || arrivalOf(error) === 'no'
        ? `Try again in a moment; ${REACH}.`
        : `It may have taken effect anyway: check before you try again; ${REACH}.`
    case 'refused':
      return error.status === 403 && TO_PEERS.has(tool) ? 'list_peers shows who can be reached.' : ''
  }
}
