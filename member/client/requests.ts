/** Requests: what a workspace asks of a person, kept by the platform until it is answered. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { optionalText } from './fields.ts'
import { readTimestamp } from './timestamp.ts'
import { isUuid, workspacePath } from './workspace-path.ts'

/** `approval`: answered with yes or no. `task`: done, or answered in words. */
export type RequestKind = 'task' | 'approval'

export interface NewRequest {
  readonly kind: RequestKind
  readonly title: string
  readonly detail: string
  readonly choices: readonly string[]
}

/** Who answered or wrote: a person, or the agent with this id. */
export type Author = 'user' | { readonly agentId: string }

export interface RequestMessage {
  readonly id: string
  readonly author: Author
  readonly body: string
  readonly createdAt: string | undefined
}

export interface RequestReport {
  /** The platform's own word for its state: `pending`, `info_requested`, or how it ended. */
  readonly status: string
  /** As the platform says it: one of the choices, perhaps. */
  readonly choice: string | null
  /** Null: nobody has answered. */
  readonly responder: Author | null
  readonly respondedAt: string | undefined
  /** Oldest first. */
  readonly messages: readonly RequestMessage[]
}

const createdSchema = z.object({ request_id: z.string().refine(isUuid).toLowerCase() })
const timestamp = z.unknown().optional().transform(readTimestamp)
const reportSchema = z.object({
  request: z.object({
    requester_id: z.string(),
    status: z.string(),
    choice: optionalText,
    responder_type: optionalText,
    responder_id: optionalText,
    responded_at: timestamp,
  }),
  messages: z.array(
    z
      .object({
        id: z.string().refine(isUuid).toLowerCase(),
        author_type: z.string(),
        author_id: z.string().nullish(),
        body: z.string(),
        created_at: timestamp,
      })
      .nullable()
      // One that cannot be read keeps none of the others.
      .catch(null),
  ),
})

/** All that was said about a request comes in one answer. */
const MAX_REPORT_BYTES = 64 * 1024 * 1024
/** A platform that does not know the path at all. Its empty 404 has another meaning. */
const UNKNOWN_PATH = new Set([404, 405, 501])

/**
 * Asks a person. Made once: without a key in the call, a repetition would be a second request. A platform that knows no
 * choices shows the detail, which lists them; one that does shows `detail_without_choices` and a button for each.
 *
 * @returns the id of the request; undefined where the platform has no requests.
 * @throws PlatformError
 */
export async function createRequest(
  client: PlatformClient,
  { kind, title, detail, choices }: NewRequest,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const offered =
    choices.length === 0
      ? { detail }
      : { detail: withChoices(detail, choices), detail_without_choices: detail, choices }
  try {
    const { request_id } = await client.json(
      {
        path: ownRequests(client),
        body: { kind, recipient_type: 'user', recipient_id: '', title, ...offered },
        signal,
      },
      createdSchema,
    )
    return request_id
  } catch (error) {
    const isUnknown =
      error instanceof PlatformError &&
      error.kind === 'refused' &&
      UNKNOWN_PATH.has(error.status ?? 0) &&
      error.body !== ''
    if (isUnknown) return undefined
    throw error
  }
}

/**
 * Reads a request of ours with all that was said about it.
 *
 * @returns undefined when the platform does not know it, or not as ours.
 * @throws PlatformError
 */
export async function fetchRequest(
  client: PlatformClient,
  id: string,
  signal?: AbortSignal,
): Promise<RequestReport | undefined> {
  try {
    const { request, messages } = await client.json(
      { path: ownRequests(client, id), attempts: 2, maxBytes: MAX_REPORT_BYTES, signal },
      reportSchema,
    )
    if (request.requester_id.toLowerCase() !== client.endpoint.workspaceId) return undefined
    return {
      status: request.status,
      choice: request.choice ?? null,
      responder: request.responder_type ? authorOf(request.responder_type, request.responder_id) : null,
      respondedAt: request.responded_at,
      messages: messages.flatMap((message) => {
        if (message === null) return []
        const { id, author_type, author_id, body, created_at } = message
        return [{ id, author: authorOf(author_type, author_id), body, createdAt: created_at }]
      }),
    }
  } catch (error) {
    if (saysUnknown(error)) return undefined
    throw error
  }
}

/**
 * Answers what a person wrote about a request of ours, which stays open. Made once: a repetition would be a second
 * message.
 *
 * @returns false when the platform does not know the request.
 * @throws PlatformError
 */
export async function writeToRequest(
  client: PlatformClient,
  id: string,
  body: string,
  signal?: AbortSignal,
): Promise<boolean> {
  try {
    await client.json(
      {
        path: `${ownRequests(client, id)}/messages`,
        body: { body, author_type: 'agent', author_id: client.endpoint.workspaceId },
        signal,
      },
      z.object({ status: z.string() }),
    )
    return true
  } catch (error) {
    if (saysUnknown(error)) return false
    throw error
  }
}

/**
 * Withdraws a request. One that is over already, or unknown, needs no more.
 *
 * @throws PlatformError
 */
export async function cancelRequest(client: PlatformClient, id: string, signal?: AbortSignal): Promise<void> {
  try {
    await client.json(
      { path: `${ownRequests(client, id)}/cancel`, body: {}, attempts: 2, signal },
      z.object({ status: z.string() }),
    )
  } catch (error) {
    if (!saysUnknown(error)) throw error
  }
}

/** The detail with its numbered choices, for whoever sees no buttons. */
export function withChoices(detail: string, choices: readonly string[]): string {
  const list = choices.map((choice, index) => `${index + 1}. ${choice}`).join('\n')
  return [detail, list].filter((part) => part !== '').join('\n\n')
}

function authorOf(type: string, id: string | null | undefined): Author {
  return type === 'user' ? 'user' : { agentId: (id ?? '').toLowerCase() }
}

/** The words for a request, as opposed to a path, that the platform does not know. */
function saysUnknown(error: unknown): boolean {
  return (
    error instanceof PlatformError &&
    error.kind === 'refused' &&
    /request not found|not a participant|not the requester/.test(error.body ?? '')
  )
}

/** @throws PlatformError for an id that must not become part of a path. */
function ownRequests(client: PlatformClient, id?: string): string {
  if (id !== undefined && !isUuid(id)) throw new PlatformError('refused', 'a request id must be a UUID')
  return workspacePath(client.endpoint.workspaceId, `/requests${id === undefined ? '' : `/${id}`}`)
}
