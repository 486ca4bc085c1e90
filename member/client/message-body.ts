/**
 * The body of an inbound row, in all the shapes that platforms have stored: a JSON-RPC envelope or bare parts; parts
 * marked by `kind` or by `type`; files nested or inline, in camelCase or snake_case.
 */
import { z } from 'zod'
import { optionalNumber, optionalText } from './fields.ts'

export const attachmentSchema = z.object({
  uri: z.string(),
  name: z.string(),
  mimeType: z.string(),
  size: z.number().nullable(),
})
export type Attachment = Readonly<z.infer<typeof attachmentSchema>>

export interface MessageBody {
  readonly text: string
  readonly attachments: readonly Attachment[]
  readonly messageId: string | null
  readonly contextId: string | null
  /** Set when the sender delegated this as a task; the answer returns it. */
  readonly delegationId: string | null
  /** From `params.metadata`: what the platform, or on older ones the sender, says about the origin. */
  readonly source: string | null
  readonly userName: string | null
  readonly authenticated: boolean
}

const fileFields = z.object({
  uri: optionalText,
  url: optionalText,
  name: optionalText,
  mimeType: optionalText,
  mime_type: optionalText,
  size: optionalNumber,
})
const partSchema = fileFields.extend({
  kind: optionalText,
  type: optionalText,
  text: optionalText,
  file: fileFields.nullish().catch(null),
})
type Part = z.infer<typeof partSchema>

/** Far more than any message has. Parsing them blocks the whole program. */
const MAX_PARTS = 10_000

const partsSchema = z
  .array(z.unknown())
  .transform((items): Part[] =>
    items.slice(0, MAX_PARTS).flatMap((item) => {
      const part = partSchema.safeParse(item)
      return part.success ? [part.data] : []
    }),
  )
  .nullish()
  .catch(null)

const messageSchema = z.object({
  parts: partsSchema,
  content: optionalText,
  messageId: optionalText,
  contextId: optionalText,
  metadata: z.object({ delegation_id: optionalText }).nullish().catch(null),
})
const paramsSchema = z.object({
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

/** Kinds of part that carry a file. */
const FILE_KINDS = new Set(['file', 'image', 'audio', 'video'])

/** Reads a `request_body`, whatever it holds. Never throws: what is missing is empty. */
export function readMessageBody(body: unknown): MessageBody {
  const { params, parts: bareParts } = bodySchema.parse(body)
  const message = params?.message
  const parts = [message?.parts, params?.parts, bareParts].find((list) => list?.length) ?? []
  const texts = parts.flatMap((part) =>
    (part.kind || part.type) === 'text' && part.text != null ? [part.text] : [],
  )
  const metadata = params?.metadata
  const authenticated = metadata?.user_identity_status === 'AUTHENTICATED'
  return {
    text: texts.length > 0 ? texts.join('\n') : (message?.content ?? ''),
    attachments: parts.flatMap(readAttachment),
    messageId: message?.messageId ?? null,
    contextId: message?.contextId ?? null,
    delegationId: message?.metadata?.delegation_id ?? null,
    source: metadata?.source ?? null,
    userName: authenticated ? (metadata?.username ?? metadata?.email ?? null) : null,
    authenticated,
  }
}

function readAttachment(part: Part): Attachment[] {
  if (!FILE_KINDS.has(part.kind || part.type || '')) return []
  const file = part.file ?? part
  const [uri, name] = [file.uri || file.url || '', file.name ?? '']
  if (uri === '' && name === '') return []
  return [{ uri, name, mimeType: file.mimeType || file.mime_type || '', size: file.size ?? null }]
}
