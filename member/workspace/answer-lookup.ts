/** Asks once for a missing answer: the platform about the request, or the peer itself about its task. */
import { fetchPeerTask } from '../client/a2a.ts'
import type { PlatformClient } from '../client/client.ts'
import { fetchQueued } from '../client/queue.ts'
import { WATCH_MS } from '../ledger/delegations.ts'
import type { OpenRequest, RequestOutcome } from '../ledger/peer-requests.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'
import { type Asked, lostOutcome, outcomeOf } from './task-outcome.ts'

/** How long a session keeps a request open, in milliseconds. */
export const REQUEST_LIMIT_MS = 10 * 60_000
/** A request that no platform knows counts as lost this long after its session must have given it up. */
const MARGIN_MS = 60_000
/** The errors of JSON-RPC and A2A after which the same question will be answered in the same way. */
const FINAL_CODES = new Set([-32601, -32001, -32004])

/**
 * @param allowed who may write here; undefined: everyone the platform lets through.
 * @returns undefined while there is nothing new, or nothing to ask.
 * @throws PlatformError, or the abort reason.
 */
export async function lookUpAnswer(
  request: OpenRequest,
  client: PlatformClient,
  allowed: AllowedSenders,
  signal: AbortSignal,
): Promise<RequestOutcome | undefined> {
  const { id, peerId, task: text, peerTask, requestId } = request
  if (requestId !== null)
    return lookUpRequest(request, { id, peerId, text, requestId, allowed }, client, signal)
  return peerTask === null || peerTask === ''
    ? undefined
    : askPeer(request, peerTask, client, allowed, signal)
}

async function lookUpRequest(
  { id, requestedAt, askedAt }: OpenRequest,
  asked: Asked,
  client: PlatformClient,
  signal: AbortSignal,
): Promise<RequestOutcome | undefined> {
  const found = await fetchQueued(client, asked.peerId, asked.requestId, signal)
  signal.throwIfAborted()
  const now = client.clock.now()
  const age = now - (requestedAt ?? askedAt)
  switch (found.kind) {
    case 'waiting':
      // check_task_status goes on asking about an old task, and nothing about an old message.
      return id === null && age > WATCH_MS
        ? lostOutcome(asked, 'unknown', UNANSWERED_MESSAGE, now)
        : undefined
    case 'answered':
      return outcomeOf(asked, found.outcome, now)
    case 'failed':
      return lostOutcome(asked, 'failed', `The platform gave up on this message: ${found.message}`, now)
    case 'unknown': {
      if (age >= 0 && age < REQUEST_LIMIT_MS + MARGIN_MS) return undefined
      return lostOutcome(asked, 'unknown', id === null ? LOST_ANSWER : LOST_REQUEST, now)
    }
  }
}

async function askPeer(
  { id, peerId, task: text, peerState }: OpenRequest,
  peerTask: string,
  client: PlatformClient,
  allowed: AllowedSenders,
  signal: AbortSignal,
): Promise<RequestOutcome | undefined> {
  const found = await fetchPeerTask(client, peerId, peerTask, signal)
  signal.throwIfAborted()
  const now = client.clock.now()
  const asked = { id, peerId, text, requestId: `${id}-${now}`, allowed }
  switch (found.kind) {
    case 'unsure':
      return undefined
    case 'queued':
      // A busy peer is asked again; one that fetches its messages will not answer this.
      return found.queueId === null ? lostOutcome(asked, 'unknown', unaskable(''), now) : undefined
    case 'failed':
      return found.code !== null && FINAL_CODES.has(found.code)
        ? lostOutcome(asked, 'unknown', unaskable(` (${found.message})`), now)
        : undefined
    case 'answered': {
      const { state } = found.answer
      if (state === null) return lostOutcome(asked, 'unknown', unaskable(''), now)
      return state === peerState ? undefined : outcomeOf(asked, found, now)
    }
  }
}

const LOST_REQUEST =
  'The session that gave this task ended, or lost its connection, before the peer answered, and the platform kept no answer. Ask the peer for its answer, or delegate the task again if doing it twice does no harm.'

const LOST_ANSWER =
  'If the peer answered it, that answer is lost: the platform keeps none. If you need it, ask the peer again.'

const UNANSWERED_MESSAGE =
  'The peer has not answered it for a day, and its answer is no longer asked for. It may still come as a message.'

function unaskable(why: string): string {
  return `The peer started this task, but the plugin cannot ask it for the result${why}. If no message comes, write to the peer.`
}
