/** Rows about files: one that was uploaded to the workspace, and the messages that name such files. Pure. */
import { z } from 'zod'
import type { ActivityRow } from './activity.ts'
import { optionalText } from './fields.ts'
import { BARE, type Inbound, type Interpretation, kindOf } from './inbound.ts'
import { type Attachment, readMessageBody } from './message-body.ts'
import { parsePending } from './uploads.ts'

/** An uploaded file as a message of its own, for the case that no message names it. */
export interface Upload {
  readonly fileId: string
  readonly message: Inbound
}

const METHOD = 'chat_upload_receive'
/** In brackets, so that nobody takes it for somebody's words. The platform does not say who uploaded the file. */
const WITHOUT_MESSAGE = '[A file was uploaded to this workspace, and no message came with it.]'

const manifestSchema = z.object({
  uri: z.string(),
  name: optionalText,
  mimeType: optionalText,
  mime_type: optionalText,
  size: z.number().nullish().catch(null),
})

/** Undefined for any other row, and for a manifest that cannot be read. */
export function readUpload(row: ActivityRow, workspaceId: string): Upload | undefined {
  if (row.method !== METHOD || row.oversized) return undefined
  const manifest = manifestSchema.safeParse(row.request_body)
  const pending = manifest.success ? parsePending(manifest.data.uri) : undefined
  if (!manifest.success || pending?.workspaceId !== workspaceId) return undefined
  const { uri, name, mimeType, mime_type, size } = manifest.data
  const attachment: Attachment = {
    uri,
    name: name ?? 'file',
    mimeType: mimeType ?? mime_type ?? '',
    size: size ?? null,
  }
  return { fileId: pending.fileId, message: messageOf(row, attachment) }
}

function messageOf(row: ActivityRow, attachment: Attachment): Inbound {
  return {
    ...BARE,
    kind: kindOf(row, null, null, null),
    text: WITHOUT_MESSAGE,
    method: METHOD,
    attachments: [attachment],
  }
}

/** The files uploaded to the workspace that a row names: a message of somebody's, or our own to the user. */
export function uploadsNamed(
  row: ActivityRow,
  reading: Interpretation,
  workspaceId: string,
): readonly string[] {
  return attachmentsOf(row, reading).flatMap(({ uri }) => {
    const pending = parsePending(uri)
    return pending?.workspaceId === workspaceId ? [pending.fileId] : []
  })
}

function attachmentsOf(row: ActivityRow, reading: Interpretation): readonly Attachment[] {
  if (reading.deliver) return reading.message.attachments
  return row.method === 'notify' ? readMessageBody(row.response_body).attachments : []
}
