/** How the answer to a request changes its task, and what the model is shown of it. Pure. */

import { plainText } from '../../base/plain-text.ts'
import type { SendOutcome } from '../client/a2a.ts'
import type { Inbound } from '../client/inbound.ts'
import { type PeerAnswer, standingOf, type TaskState } from '../client/peer-answer.ts'
import type { Entry } from '../ledger/ledger.ts'
import type { Progress, RequestOutcome } from '../ledger/peer-requests.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'
import { admit } from './sender-gate.ts'

/** The task that a message belongs to; `id` null: none. */
export interface Asked {
  readonly id: string | null
  readonly peerId: string
  /** What was sent, or its beginning. */
  readonly text: string
  /** The id of the message, or of the platform's queue item for it. */
  readonly requestId: string
  /** Who may write here; undefined: everyone the platform lets through. */
  readonly allowed: AllowedSenders
}

/** An error is a sentence. */
const MAX_ERROR_CHARS = 2_000
/** So much of a message tells which one it was. */
const MAX_QUOTED_CHARS = 120

/** @param now milliseconds since the epoch. */
export function outcomeOf(asked: Asked, outcome: SendOutcome, now: number): RequestOutcome {
  switch (outcome.kind) {
    case 'queued':
      return { ...about(asked), progress: { ...OPEN, requestId: outcome.queueId }, entry: undefined }
    case 'unsure':
      return { ...about(asked), progress: { ...OPEN, requestId: asked.requestId }, entry: undefined }
    case 'failed': {
      const message = outcome.message.slice(0, MAX_ERROR_CHARS)
      // Without a task nothing failed but the message.
      return asked.id === null
        ? ended(asked, { state: null, text: `[It refused the message.] ${message}` }, now)
        : ended(asked, { state: 'failed', text: message }, now)
    }
    case 'answered':
      return answered(asked, outcome.answer, now)
  }
}

/**
 * The request failed, or its outcome cannot be known: the search for its answer ends.
 *
 * @param text says so, in our words.
 */
export function lostOutcome(
  asked: Omit<Asked, 'allowed'>,
  state: 'failed' | 'unknown',
  text: string,
  now: number,
): RequestOutcome {
  const { id, text: message } = asked
  // In brackets stand words that are not the peer's.
  const ending =
    id === null
      ? { state: null, text: `[About your message ${quoted(message)}: ${text}]` }
      : { state, text, isOurs: true }
  const { progress, ...rest } = ended({ ...asked, allowed: undefined }, ending, now)
  return { ...rest, progress: { ...progress, peerTask: '' } }
}

function quoted(message: string): string {
  const line = plainText(message, MAX_QUOTED_CHARS + 1)
  return `"${line.length > MAX_QUOTED_CHARS ? `${plainText(message, MAX_QUOTED_CHARS)}…` : line}"`
}

/** Which record of ours the outcome of a request changes. */
function about({
  id,
  requestId,
}: Pick<Asked, 'id' | 'requestId'>): Pick<RequestOutcome, 'taskId' | 'messageId'> {
  return { taskId: id, messageId: id === null ? requestId : null }
}

const OPEN: Progress = { state: 'open', peerState: null, peerTask: null, contextId: null, requestId: null }

interface Ending {
  readonly state: TaskState | null
  readonly text: string
  readonly attachments?: Inbound['attachments']
  readonly contextId?: string | null
  /** The text is ours and not the peer's. */
  readonly isOurs?: boolean
}

function answered(asked: Asked, answer: PeerAnswer, now: number): RequestOutcome {
  const { state, taskId: peerTask, contextId } = answer
  const standing = standingOf(state)
  // The caller reports a task in progress; its result is looked for later.
  const begun = { ...OPEN, peerState: state, peerTask, contextId }
  if (standing === 'open' && asked.id !== null) return { ...about(asked), progress: begun, entry: undefined }
  if (standing === 'asks') {
    const entry = entryOf(asked, `question-${asked.requestId}`, answer, now)
    return { ...about(asked), progress: begun, entry: { ...entry, answersNothing: true } }
  }
  // Without a task, nobody looks for more: this is all that the request brings.
  const text =
    standing === 'open' ? `[It has begun to work on the message.] ${answer.text}`.trim() : answer.text
  const { entry } = ended(asked, { ...answer, text }, now)
  return { ...about(asked), progress: { ...begun, state: standing }, entry }
}

function ended(asked: Asked, ending: Ending, now: number): RequestOutcome {
  const { state } = ending
  const standing = standingOf(state)
  const isOver = standing === 'failed' || standing === 'completed'
  return {
    ...about(asked),
    progress: { ...OPEN, state: isOver ? standing : 'open', peerState: state },
    entry: entryOf(asked, `answer-${asked.requestId}`, ending, now),
  }
}

function entryOf({ id, peerId, allowed }: Asked, activityId: string, ending: Ending, now: number): Entry {
  const { state, text, attachments = [], contextId = null, isOurs = false } = ending
  const message: Inbound = {
    kind: isOurs ? 'delegation_result' : 'peer_agent',
    text,
    method: 'message/send',
    peerId,
    peerName: null,
    peerRole: null,
    userName: null,
    authenticated: false,
    contextId,
    delegationId: id,
    taskStatus: state,
    attachments,
  }
  const entry = {
    activityId,
    seq: null,
    createdAt: new Date(now).toISOString(),
    peerId,
    task: id === null ? null : { id, by: 'peer' as const, failed: standingOf(state) === 'failed' },
    // Neither the answer to an ordinary message nor a lost answer ends a task.
    ...(id === null || standingOf(state) === 'open' ? { answersNothing: true } : {}),
  }
  return admit(entry, message, allowed)
}
