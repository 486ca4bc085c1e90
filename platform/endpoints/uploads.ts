/**
 * Files on their way to an agent: the person's chat stages them, the agent fetches and acknowledges them
 * (contract: uploads).
 */
import { isUuid } from '../base/random.ts'
import { MAX_BODY_BYTES, readBytes } from '../base/request-body.ts'
import { json, jsonText, refuse } from '../base/response.ts'
import { deliveryModeNow } from '../contract/delivery-mode.ts'
import { savedAs } from '../contract/upload-names.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import type { ActivityEntry } from '../store/activity.ts'
import { PART_BYTES } from '../store/upload-parts.ts'
import type { StagedFile } from '../store/uploads.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { push } from '../work/push.ts'
import { malformed, stageFiles } from '../work/staging.ts'

const READABLE_ROOTS = ['/configs', '/workspace', '/home', '/plugins']

export const uploadRoutes: readonly Route[] = [
  { method: 'POST', path: '/workspaces/:id/chat/uploads', gate: 'workspace', handle: upload },
  { method: 'GET', path: '/workspaces/:id/chat/download', gate: 'workspace', handle: download },
  {
    method: 'GET',
    path: '/workspaces/:id/pending-uploads/:fileId/content',
    gate: 'workspace',
    handle: content,
  },
  {
    method: 'POST',
    path: '/workspaces/:id/pending-uploads/:fileId/ack',
    gate: 'workspace',
    handle: acknowledge,
  },
]

/** Stages all files or none. Regardless of the uploader, the workspace gets one row for each file. */
async function upload(services: Services, call: Call): Promise<Response> {
  const { activity, database, uploads, workspaces } = services
  const row = workspaces.require(call.param('id'))
  if (!services.rules().pollMode) throw refuse(503, 'workspace container not running')
  if (deliveryModeNow(row) === 'push') return forward(services, row, call.request)
  let staged: readonly StagedFile[] = []
  await stageFiles(services, row.id, call.request, (files) => {
    // It may have been removed meanwhile.
    workspaces.require(row.id)
    const createdAt = activity.createdAt()
    const entries = files.map((file) => activityEntry(row.id, file, createdAt))
    database.transaction(() => {
      for (const file of files) uploads.add(row.id, file, createdAt)
      for (const entry of entries) activity.append(entry)
    })()
    for (const entry of entries) activity.announce(entry)
    staged = files
  })
  return json({ files: staged.map((file) => manifest(row.id, file)) })
}

function activityEntry(workspaceId: string, file: StagedFile, createdAt: string): ActivityEntry {
  return {
    workspaceId,
    activityType: 'a2a_receive',
    targetId: workspaceId,
    method: 'chat_upload_receive',
    summary: `Uploaded ${file.name}`,
    requestBody: { file_id: file.id, ...manifest(workspaceId, file) },
    createdAt,
  }
}

function manifest(workspaceId: string, file: StagedFile): object {
  return {
    uri: `platform-pending:${workspaceId}/${file.id}`,
    name: file.name,
    mimeType: file.mimeType,
    size: file.size,
  }
}

/** A push agent keeps its own files: the form goes on to it as it arrived. */
async function forward(services: Services, row: WorkspaceRow, request: Request): Promise<Response> {
  const result = await push(
    {
      url: `${row.url.replace(/\/$/, '')}/internal/chat/uploads/ingest`,
      body: await formBytes(services, request),
      contentType: contentType(request)['Content-Type'],
      secret: row.inbound_secret,
      signal: AbortSignal.any([request.signal, services.background.signal]),
      maxResponseBytes: MAX_BODY_BYTES,
    },
    services.pushSettings(),
  )
  if (result.kind !== 'answered' || result.status >= 300) throw refuse(502, 'workspace unreachable')
  return jsonText(result.text, result.status)
}

/** A form over the request limit gets the same refusal as one that cannot be parsed. */
async function formBytes(services: Services, request: Request): Promise<Buffer<ArrayBuffer>> {
  const { uploadRequestBytes } = services.rules()
  const declared = Number(request.headers.get('Content-Length') ?? 0)
  const form = declared > uploadRequestBytes ? undefined : await readBytes(request, uploadRequestBytes)
  if (form === undefined || form.truncated) throw malformed()
  return form.bytes
}

function contentType(request: Request): { readonly 'Content-Type': string } {
  return { 'Content-Type': request.headers.get('Content-Type') ?? 'application/octet-stream' }
}

function content(services: Services, call: Call): Response {
  const { parts, uploads } = services
  const file = pendingUpload(services, call)
  const fileId = call.param('fileId')
  uploads.mark(fileId, 'fetched_at')
  const first = parts.read(fileId, 0) ?? uploads.wholeContent(fileId)
  return new Response(first.byteLength === file.size ? first : partStream(services, fileId, file.size), {
    headers: {
      'Content-Type': file.mimetype || 'application/octet-stream',
      'Content-Disposition': savedAs(file.filename),
      'X-Content-Type-Options': 'nosniff',
    },
  })
}

/** Breaks off, together with the connection, when the file is deleted meanwhile. Bun announces no length for a stream. */
function partStream({ background, parts }: Services, fileId: string, size: number): ReadableStream {
  let sent = 0
  const pull = async (controller: ReadableStreamDefaultController): Promise<void> => {
    await background.turn()
    const part = parts.read(fileId, sent / PART_BYTES)
    if (part === undefined) return controller.error(new Error('the file is gone'))
    controller.enqueue(part)
    sent += part.byteLength
    if (sent === size) controller.close()
  }
  return new ReadableStream({ pull }, { highWaterMark: 0 })
}

function acknowledge(services: Services, call: Call): Response {
  pendingUpload(services, call)
  services.uploads.mark(call.param('fileId'), 'acked_at')
  return json({ acked: true })
}

function pendingUpload({ uploads }: Services, call: Call) {
  const fileId = call.param('fileId')
  if (!isUuid(fileId)) throw refuse(400, 'invalid file id')
  const file = uploads.find(call.param('id'), fileId)
  if (file === undefined) throw refuse(404, 'pending upload not found')
  return file
}

/** Files on an agent's own machine, none of which the platform can reach. */
function download(_: Services, call: Call): Response {
  const path = call.url.searchParams.get('path') ?? ''
  const canonical = path.startsWith('/') && !/\/\.{0,2}(\/|$)/.test(path)
  if (!canonical || !READABLE_ROOTS.some((root) => path === root || path.startsWith(`${root}/`))) {
    throw refuse(400, 'path must be absolute, canonical and under an allowed folder')
  }
  throw refuse(503, 'workspace container not running')
}
