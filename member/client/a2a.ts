/** Sends messages to other workspaces, and distinguishes an answer from a promise to deliver. */
import { z } from 'zod'
import { BodyError } from '../../base/http.ts'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { kindOfStatus } from './failure.ts'
import type { UploadedFile } from './uploads.ts'
import { workspacePath } from './workspace-path.ts'

export interface OutgoingMessage {
  /** A new UUID for each message: the platform silently drops a second message with the same id. */
  readonly messageId: string
  readonly text: string
  /** The conversation of the message this one answers. */
  readonly contextId?: string | null
  /** The task that the message this one answers delegated to us. */
  readonly delegationId?: string | null
  readonly files?: readonly UploadedFile[]
}

export type SendOutcome =
  /** Accepted; an answer, if any, comes later as a message of its own. */
  | { readonly kind: 'queued' }
  /** A push-mode peer answered in the same request. */
  | { readonly kind: 'answered'; readonly text: string }
  /** The peer's own JSON-RPC error. */
  | { readonly kind: 'failed'; readonly message: string }
  /** Something went wrong, and the peer may or may not have the message. */
  | { readonly kind: 'unsure'; readonly message: string }

/** How much to show of an answer of an unknown shape. */
const MAX_JSON_CHARS = 20_000

const answerSchema = z.looseObject({
  status: z.unknown().optional(),
  queued: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
})
const errorSchema = z.object({ message: z.string() })
const partSchema = z.object({ kind: z.string().nullish(), type: z.string().nullish(), text: z.string() })
const partsSchema = z
  .array(z.unknown())
  .catch([])
  .transform((parts) =>
    parts.flatMap((part) => {
      const parsed = partSchema.safeParse(part)
      return parsed.success && (parsed.data.kind ?? parsed.data.type) === 'text' ? [parsed.data.text] : []
    }),
  )
/** A JSON-RPC result is an A2A message, or a task with its status message and artifacts. */
const messageSchema = z.object({ parts: partsSchema }).catch({ parts: [] })
const resultSchema = z.object({
  parts: partsSchema,
  artifacts: z.array(messageSchema).catch([]),
  status: z.object({ message: messageSchema }).catch({ message: { parts: [] } }),
})

/**
 * Sends one message. Tries up to three times under the same `messageId`, unless the peer may already have the message by
 * what the platform says or by the time that passed: then the outcome is `unsure`.
 *
 * @param timeoutMs milliseconds that a push-mode peer may take to answer.
 * @throws PlatformError
 */
export async function sendMessage(
  client: PlatformClient,
  targetId: string,
  message: OutgoingMessage,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<SendOutcome> {
  try {
    const { status, value } = await client.answer(
      {
        path: workspacePath(targetId, '/a2a'),
        body: envelope(message),
        timeoutMs,
        attempts: 3,
        retryIf: isSurelyUndelivered,
        signal,
      },
      z.unknown(),
    )
    return readOutcome(status, value)
  } catch (error) {
    if (!(error instanceof PlatformError) || isSurelyUndelivered(error)) throw error
    return { kind: 'unsure', message: error.message }
  }
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
        ...(message.delegationId == null ? {} : { metadata: { delegation_id: message.delegationId } }),
      },
    },
  }
}

/** Reads what the platform answered. "Queued" comes in three shapes, none of which is the peer's answer. */
export function readOutcome(status: number, value: unknown): SendOutcome {
  const answer = answerSchema.safeParse(value)
  if (!answer.success) return { kind: 'answered', text: toText(value) }
  const { status: word, queued, result, error } = answer.data
  if (status === 202 || word === 'queued' || queued === true) return { kind: 'queued' }
  if (error != null) {
    const parsed = errorSchema.safeParse(error)
    return { kind: 'failed', message: parsed.success ? parsed.data.message : toText(error) }
  }
  return { kind: 'answered', text: resultText(result === undefined ? value : result) }
}

function resultText(result: unknown): string {
  const parsed = resultSchema.safeParse(result)
  if (parsed.success) {
    const { parts, artifacts, status } = parsed.data
    const texts = [...parts, ...artifacts.flatMap((artifact) => artifact.parts), ...status.message.parts]
    if (texts.length > 0) return texts.join('\n')
  }
  return toText(result)
}

function toText(value: unknown): string {
  if (typeof value === 'string') return value
  try {
    return (JSON.stringify(value) ?? '').slice(0, MAX_JSON_CHARS)
  } catch {
    // Nested too deeply to be written again: of no use to a reader.
    return ''
  }
}

/**
 * After a busy peer (`busy`), a lost answer (`delivery_confirmed`, an unreadable success) or a timeout, the message may
 * have arrived: sending it again would be a guess.
 */
function isSurelyUndelivered(error: PlatformError): boolean {
  const kind = error.status === undefined ? error.kind : kindOfStatus(error.status)
  if (kind !== 'retry') return kind !== undefined
  if (error.cause instanceof BodyError) return false
  if (error.cause instanceof DOMException && error.cause.name === 'TimeoutError') return false
  return !/"(?:busy"\s*:\s*true|delivery_confirmed")/.test(error.body ?? '')
}
