/** The outcome of a message to a peer after its request ended: the platform keeps it for the sender. */
import { z } from 'zod'
import { readOutcome, type SendOutcome } from './a2a.ts'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { optionalText } from './fields.ts'
import { isUuid, workspacePath } from './workspace-path.ts'

export type QueuedMessage =
  /** The peer has not answered yet. */
  | { readonly kind: 'waiting' }
  | { readonly kind: 'answered'; readonly outcome: SendOutcome }
  /** The platform gave up on it. */
  | { readonly kind: 'failed'; readonly message: string }
  /** The platform does not know it, keeps nothing about messages it has passed on, or does not tell. */
  | { readonly kind: 'unknown' }

const itemSchema = z.object({
  status: z.string(),
  response_body: z.unknown().optional(),
  last_error: optionalText,
})

/**
 * @param id of the platform's queue item, or of the message.
 * @throws PlatformError, or the abort reason.
 */
export async function fetchQueued(
  client: PlatformClient,
  peerId: string,
  id: string,
  signal: AbortSignal,
): Promise<QueuedMessage> {
  // It comes from a platform's answer, and becomes part of a path.
  if (!isUuid(id)) return { kind: 'unknown' }
  try {
    const item = await client.json(
      { path: workspacePath(peerId, `/a2a/queue/${id}`), attempts: 2, signal },
      itemSchema,
    )
    return readItem(item)
  } catch (error) {
    if (error instanceof PlatformError && isFinal(error)) return { kind: 'unknown' }
    throw error
  }
}

/** The platform will say no more. Redirects and empty refusals have meanings of their own, which settings can change. */
function isFinal({ kind, status = 0, body }: PlatformError): boolean {
  return kind === 'refused' && status >= 400 && body !== ''
}

function readItem({ status, response_body: body, last_error }: z.infer<typeof itemSchema>): QueuedMessage {
  if (status === 'completed') return { kind: 'answered', outcome: readOutcome(200, readBody(body)) }
  if (status === 'failed' || status === 'dropped') {
    return { kind: 'failed', message: last_error || `the platform calls it ${status}` }
  }
  return { kind: 'waiting' }
}

/** JSON, JSON as text, or that in base64. */
function readBody(body: unknown): unknown {
  if (typeof body !== 'string') return body ?? ''
  for (const text of [body, Buffer.from(body, 'base64').toString('utf8')]) {
    try {
      return JSON.parse(text)
    } catch {
      // Not this form; text in no form is the answer itself.
    }
  }
  return body
}
