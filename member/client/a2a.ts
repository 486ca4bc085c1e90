/** Sends messages to other workspaces, and distinguishes an answer from a promise to deliver. */
import { z } from 'zod'
import { arrivalOf } from './arrival.ts'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { optionalNumber, optionalText } from './fields.ts'
import { type PeerAnswer, readPeerAnswer, type TaskState } from './peer-answer.ts'
import type { UploadedFile } from './uploads.ts'
import { workspacePath } from './workspace-path.ts'

export interface OutgoingMessage {
  /** A new UUID for each message: the platform silently drops a second message with the same id. */
  readonly messageId: string
  readonly text: string
  /** The conversation of the message this one answers. */
  readonly contextId?: string | null
  /** The task that this message gives, or belongs to. */
  readonly delegationId?: string | null
  /** The peer's own id of the task that this message continues. */
  readonly taskId?: string | null
  /** It asks something about the task that was delegated to us, which stays open. */
  readonly asks?: boolean
  readonly files?: readonly UploadedFile[]
}

export type SendOutcome =
  /** Accepted; an answer, if any, comes later as a message of its own, or to the queue item with this id. */
  | { readonly kind: 'queued'; readonly queueId: string | null }
  /** The peer answered in the same request, perhaps only that its task is in progress or has failed. */
  | { readonly kind: 'answered'; readonly answer: PeerAnswer }
  /** The peer's own JSON-RPC error. */
  | { readonly kind: 'failed'; readonly message: string; readonly code: number | null }
  /** Something went wrong, and the peer may or may not have the message. */
  | { readonly kind: 'unsure'; readonly message: string }

const QUESTION_LIFE_SECONDS = 30
/** Bytes of an answer, which may hold files. */
const MAX_ANSWER_BYTES = 16 * 1024 * 1024

const answerSchema = z.looseObject({
  status: z.unknown().optional(),
  queued: z.unknown().optional(),
  queue_id: optionalText,
  result: z.unknown().optional(),
  error: z.unknown().optional(),
})
const errorSchema = z.object({ message: z.string(), code: optionalNumber })

/**
 * Sends one message. Tries up to three times under the same `messageId`, by which a platform recognizes a repetition,
 * but only once if the peer is likely to have the message already.
 *
 * @param timeoutMs milliseconds that a push-mode peer may take to answer.
 * @param isWanted false once nobody wants another attempt.
 * @throws PlatformError when the peer surely does not have it, or the abort reason.
 */
export async function sendMessage(
  client: PlatformClient,
  targetId: string,
  message: OutgoingMessage,
  timeoutMs: number,
  signal?: AbortSignal,
  isWanted: () => boolean = () => true,
): Promise<SendOutcome> {
  let mayHaveArrived = false
  try {
    const { status, value } = await client.answer(
      {
        path: workspacePath(targetId, '/a2a'),
        body: envelope(message),
        timeoutMs,
        maxBytes: MAX_ANSWER_BYTES,
        attempts: 3,
        retryIf: (error) => {
          const arrival = arrivalOf(error)
          mayHaveArrived ||= arrival !== 'no'
          return arrival !== 'likely' && isWanted()
        },
        signal,
      },
      z.unknown(),
    )
    return readOutcome(status, value)
  } catch (error) {
    if (!(error instanceof PlatformError)) throw error
    if (!mayHaveArrived && arrivalOf(error) === 'no') throw error
    return { kind: 'unsure', message: error.message }
  }
}

/**
 * Asks a peer for the state of its task.
 *
 * @param taskId the peer's own id of it.
 * @throws PlatformError, or the abort reason.
 */
export async function fetchPeerTask(
  client: PlatformClient,
  peerId: string,
  taskId: string,
  signal: AbortSignal,
): Promise<SendOutcome> {
  const { status, value } = await client.answer(
    {
      path: workspacePath(peerId, '/a2a'),
      body: {
        jsonrpc: '2.0',
        id: crypto.randomUUID(),
        method: 'tasks/get',
        // Where it waits for a busy peer, the next one makes it useless.
        params: { id: taskId, expires_in_seconds: QUESTION_LIFE_SECONDS },
      },
      maxBytes: MAX_ANSWER_BYTES,
      signal,
    },
    z.unknown(),
  )
  return readOutcome(status, value)
}

function envelope(message: OutgoingMessage): unknown {
  return {
    jsonrpc: '2.0',
    id: message.messageId,
    method: 'message/send',
    params: {
      message: {
        role: 'user',
        messageId: message.messageId,
        parts: [
          { kind: 'text', text: message.text },
          ...(message.files ?? []).map((file) => ({ kind: 'file', file })),
        ],
        ...(message.contextId == null ? {} : { contextId: message.contextId }),
        ...(message.taskId == null ? {} : { taskId: message.taskId }),
        ...(message.delegationId == null ? {} : { metadata: metadataOf(message.delegationId, message.asks) }),
      },
    },
  }
}

function metadataOf(delegationId: string, asks = false): unknown {
  return {
    delegation_id: delegationId,
    ...(asks ? { task_state: 'input-required' satisfies TaskState } : {}),
  }
}

/** Reads what the platform answered. "Queued" comes in three shapes, none of which is the peer's answer. */
export function readOutcome(status: number, value: unknown): SendOutcome {
  const answer = answerSchema.safeParse(value)
  if (!answer.success) return { kind: 'answered', answer: readPeerAnswer(value) }
  const { status: word, queued, queue_id, result, error } = answer.data
  if (status === 202 || word === 'queued' || queued === true) {
    return { kind: 'queued', queueId: queue_id ?? null }
  }
  if (error != null) {
    const parsed = errorSchema.safeParse(error)
    const message = parsed.success ? parsed.data.message : readPeerAnswer(error).text
    return { kind: 'failed', message, code: parsed.data?.code ?? null }
  }
  return { kind: 'answered', answer: readPeerAnswer(result === undefined ? value : result) }
}
