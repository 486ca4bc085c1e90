/** Sending a message to another workspace, and telling an answer from a promise to deliver. */
import { z } from 'zod'
import { type PlatformClient, workspacePath } from './client.ts'
import type { PlatformError } from './errors.ts'
import { BodyError } from './http.ts'

export interface OutgoingMessage {
  /** A fresh UUID for each message: the platform drops a second message with a used id without a word. */
  readonly messageId: string
  readonly text: string
  /** The conversation the answered message belonged to. */
  readonly contextId?: string | null
  /** The task the answered message delegated to us. */
  readonly delegationId?: string | null
}

export type SendOutcome =
  /** Accepted; an answer, if any, comes later as a message of its own. */
  | { readonly kind: 'queued' }
  /** A push-mode peer answered in the same request. */
  | { readonly kind: 'answered'; readonly text: string }
  /** The peer's own JSON-RPC error. */
  | { readonly kind: 'failed'; readonly message: string }

const answerSchema = z.looseObject({
  status: z.unknown().optional(),
  queued: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.unknown().optional(),
})
const errorSchema = z.object({ message: z.string() })
const partSchema = z.object({ kind: z.string().nullish(), type: z.string().nullish(), text: z.string() })
const partsSchema = z.array(z.unknown()).transform((parts) =>
  parts.flatMap((part) => {
    const parsed = partSchema.safeParse(part)
    return parsed.success && (parsed.data.kind ?? parsed.data.type) === 'text' ? [parsed.data.text] : []
  }),
)
/** A JSON-RPC result is an A2A message, or a task with its status message and artifacts. */
const resultSchema = z.object({
  parts: partsSchema.catch([]).default([]),
  artifacts: z
    .array(z.object({ parts: partsSchema.catch([]).default([]) }))
    .catch([])
    .default([]),
  status: z
    .object({ message: z.object({ parts: partsSchema.catch([]).default([]) }).nullish() })
    .nullish()
    .catch(null),
})

/**
 * Sends one message. It is tried up to three times under the same `messageId`, except where the platform says, or
 * the time that passed suggests, that the peer may already have it.
 *
 * @param timeoutMs how long a push-mode peer may take for its answer.
 * @throws PlatformError
 */
export async function sendMessage(
  client: PlatformClient,
  targetId: string,
  message: OutgoingMessage,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<SendOutcome> {
  const { status, value } = await client.answer(
    {
      path: workspacePath(targetId, '/a2a'),
      body: envelope(message),
      timeoutMs,
      attempts: 3,
      retryIf: surelyUndelivered,
      ...(signal === undefined ? {} : { signal }),
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
        parts: [{ kind: 'text', text: message.text }],
        ...(message.contextId == null ? {} : { contextId: message.contextId }),
        ...(message.delegationId == null ? {} : { metadata: { delegation_id: message.delegationId } }),
      },
    },
  }
}

/** Reads what the platform answered. "Queued" has three shapes, and none of them is the peer's answer. */
export function readOutcome(status: number, value: unknown): SendOutcome {
  const answer = answerSchema.safeParse(value)
  if (!answer.success) return { kind: 'answered', text: JSON.stringify(value).slice(0, 20_000) }
  const { status: word, queued, result, error } = answer.data
  if (status === 202 || word === 'queued' || queued === true) return { kind: 'queued' }
  if (error != null) {
    const parsed = errorSchema.safeParse(error)
    return { kind: 'failed', message: parsed.success ? parsed.data.message : JSON.stringify(error) }
  }
  return { kind: 'answered', text: resultText(result === undefined ? value : result) }
}

function resultText(result: unknown): string {
  if (typeof result === 'string') return result
  const parsed = resultSchema.safeParse(result)
  if (parsed.success) {
    const { parts, artifacts, status } = parsed.data
    const texts = [...parts, ...artifacts.flatMap((a) => a.parts), ...(status?.message?.parts ?? [])]
    if (texts.length > 0) return texts.join('\n')
  }
  return (JSON.stringify(result) ?? '').slice(0, 20_000)
}

/**
 * A busy peer (`busy`), a lost answer (`delivery_confirmed`, a cut body) and a timeout all leave open whether the
 * message arrived: it is not sent again on a guess.
 */
function surelyUndelivered(error: PlatformError): boolean {
  if (error.cause instanceof BodyError) return false
  if (error.cause instanceof DOMException && error.cause.name === 'TimeoutError') return false
  return !/"(busy|delivery_confirmed)"\s*:\s*true/.test(error.body ?? '')
}
