/**
 * The body of an inbound row, in all the shapes that platforms have stored: a JSON-RPC envelope, bare parts, a list of
 * parts, or either of them as text; field names in camelCase or snake_case.
 */
import { z } from 'zod'
import { optionalText } from './fields.ts'
import { type FilePart, type Part, readParts, unread, wordsOf } from './parts.ts'

export const attachmentSchema = z.object({
  /** Empty for a file that came inside the message. */
  uri: z.string(),
  /** Its content, in base64, when it came inside the message; null once that has been put on disk. */
  base64: z.string().nullish(),
  name: z.string(),
  mimeType: z.string(),
  size: z.number().nullable(),
})
export type Attachment = Readonly<z.infer<typeof attachmentSchema>>

export interface MessageBody {
  /** The texts and the data of the message, and the names of what cannot be shown. */
  readonly text: string
  readonly attachments: readonly Attachment[]
  /** False when the body holds no message at all, not even an empty one. */
  readonly present: boolean
  readonly messageId: string | null
  readonly contextId: string | null
  /** Set when the sender delegated this as a task; the answer returns it. */
  readonly delegationId: string | null
  /** The task that a call about a task names. */
  readonly taskId: string | null
  /** The sender has a question about the task. */
  readonly asks: boolean
  /** From `params.metadata`: what the platform, or on older ones the sender, says about the origin. */
  readonly source: string | null
  readonly userName: string | null
  readonly authenticated: boolean
}

const partsSchema = z.array(z.unknown()).nullish().catch(null)
const messageSchema = z.object({
  parts: partsSchema,
  content: z
    .union([z.string(), z.array(z.unknown())])
    .nullish()
    .catch(null),
  messageId: optionalText,
  message_id: optionalText,
  contextId: optionalText,
  context_id: optionalText,
  metadata: z.object({ delegation_id: optionalText, task_state: optionalText }).nullish().catch(null),
})
const idSchema = z
  .union([z.string(), z.number().transform(String)])
  .nullish()
  .catch(null)
const paramsSchema = z.object({
  id: idSchema,
  taskId: idSchema,
  task_id: idSchema,
  message: messageSchema.nullish().catch(null),
  parts: partsSchema,
  metadata: z
    .object({
      source: optionalText,
      username: optionalText,
      email: optionalText,
      user_identity_status: optionalText,
    })
    .nullish()
    .catch(null),
})
const bodySchema = z
  .object({ params: paramsSchema.nullish().catch(null), parts: partsSchema })
  .catch({ params: null, parts: null })

/** The most files of one message that an event names. */
const MAX_ATTACHMENTS = 20
/** For a file whose sender gave no name. */
const UNNAMED = 'file'

/** Reads a `request_body`, whatever it holds. Never throws: what is missing is empty. */
export function readMessageBody(body: unknown): MessageBody {
  const { params, parts: bareParts } = bodySchema.parse(objectOf(body))
  const message = params?.message
  const content = typeof message?.content === 'string' ? [message.content] : message?.content
  const lists = [message?.parts, content, params?.parts, bareParts]
  const parts = readParts(lists.find((list) => list?.length) ?? [])
  const metadata = params?.metadata
  const authenticated = metadata?.user_identity_status === 'AUTHENTICATED'
  return {
    ...contentOf(parts),
    present: lists.some((list) => list != null),
    messageId: message?.messageId ?? message?.message_id ?? null,
    contextId: message?.contextId ?? message?.context_id ?? null,
    delegationId: message?.metadata?.delegation_id ?? null,
    taskId: params?.id ?? params?.taskId ?? params?.task_id ?? null,
    asks: message?.metadata?.task_state === 'input-required',
    source: metadata?.source ?? null,
    userName: authenticated ? (metadata?.username ?? metadata?.email ?? null) : null,
    authenticated,
  }
}

/** The words of parts, and the files among them, up to the limit of an event. */
export function contentOf(parts: readonly Part[]): Pick<MessageBody, 'text' | 'attachments'> {
  const files = parts.filter((part) => part.kind === 'bytes' || part.kind === 'address')
  const more = files.length - MAX_ATTACHMENTS
  return {
    text: wordsOf(more > 0 ? [...parts, unread(more, 'files')] : parts),
    attachments: files.slice(0, MAX_ATTACHMENTS).map(attachmentOf),
  }
}

/** Platforms have also stored a body as a list of parts, and as text, JSON or not. */
function objectOf(body: unknown): unknown {
  const value = typeof body === 'string' ? (parseObject(body) ?? [body]) : body
  return Array.isArray(value) ? { parts: value } : value
}

/** Undefined for words, among them those that happen to be a number in JSON. */
function parseObject(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? value : undefined
  } catch {
    // Not JSON.
    return undefined
  }
}

function attachmentOf(part: FilePart): Attachment {
  const { name, mimeType, size } = part
  return part.kind === 'bytes'
    ? { uri: '', base64: part.base64, name: name || UNNAMED, mimeType, size }
    : { uri: part.uri, name: name || lastSegment(part.uri) || UNNAMED, mimeType, size }
}

/** The file name that a web address ends in; empty when it ends in none. */
function lastSegment(uri: string): string {
  const url = URL.parse(uri)
  if (url?.protocol !== 'https:' && url?.protocol !== 'http:') return ''
  const last = url.pathname.split('/').at(-1) ?? ''
  try {
    return decodeURIComponent(last)
  } catch {
    // A broken percent escape: the name as it is written.
    return last
  }
}
