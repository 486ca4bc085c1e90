/** What `include=peer_info` adds to an activity row: its sender, and the files it names. */
import { asObject, isObject, type JsonObject } from '../base/json.ts'
import type { Services } from '../services.ts'
import type { ActivityRow } from '../store/activity.ts'

interface Attachment {
  readonly kind: string
  readonly uri?: string
  readonly mime_type?: string
  readonly name?: string
}

const FILE_KINDS = new Set(['file', 'image', 'audio', 'video'])

/** Keys without a value are left out. */
export function peerInfo(services: Services, row: ActivityRow, origin: string): JsonObject {
  const sender = row.source_id === null ? undefined : services.workspaces.find(row.source_id)
  const attachments = attachmentsOf(row.request_body)
  return {
    ...(sender?.name ? { peer_name: sender.name } : {}),
    ...(sender?.role ? { peer_role: sender.role } : {}),
    ...(row.source_id === null ? {} : { agent_card_url: `${origin}/registry/discover/${row.source_id}` }),
    ...(attachments.length === 0 ? {} : { attachments }),
  }
}

/** The files that a message's parts name or, failing that, a flat upload manifest. */
function attachmentsOf(requestBody: string | null): readonly Attachment[] {
  if (requestBody === null) return []
  const body = asObject(JSON.parse(requestBody))
  const { parts } = asObject(asObject(body.params).message)
  const found = (Array.isArray(parts) ? parts : []).flatMap(fromPart)
  return found.length > 0 ? found : fromManifest(body)
}

/** Only a part's `mime_type` is read; the usual `mimeType` is dropped, as on the hosted platform. */
function fromPart(part: unknown): readonly Attachment[] {
  if (!isObject(part)) return []
  const kind = text(part.kind) ?? text(part.type) ?? ''
  if (!FILE_KINDS.has(kind)) return []
  const file = isObject(part.file) ? part.file : part
  return attachment(kind, text(file.uri), text(file.mime_type), text(file.name))
}

function fromManifest(body: JsonObject): readonly Attachment[] {
  const mimeType = text(body.mimeType) ?? text(body.mime_type)
  const prefix = mimeType?.split('/')[0] ?? ''
  const kind = FILE_KINDS.has(prefix) ? prefix : 'file'
  return attachment(kind, text(body.uri), mimeType, text(body.name))
}

function attachment(
  kind: string,
  uri: string | undefined,
  mimeType: string | undefined,
  name: string | undefined,
): readonly Attachment[] {
  if (uri === undefined && name === undefined) return []
  return [
    {
      kind,
      ...(uri === undefined ? {} : { uri }),
      ...(mimeType === undefined ? {} : { mime_type: mimeType }),
      ...(name === undefined ? {} : { name }),
    },
  ]
}

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}
