/**
 * Files on their way to an agent: staged here by the person's chat, fetched and acknowledged by the agent
 * (contract: uploads).
 */

import { isUuid, newUuid } from '../base/random.ts'
import { MAX_BODY_BYTES, readBytes } from '../base/request-body.ts'
import { json, jsonText, refuse } from '../base/response.ts'
import { safeFileName, safeMimeType } from '../contract/upload-names.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import type { ActivityEntry } from '../store/activity.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { push } from '../work/push.ts'

interface StoredFile {
  readonly content: Uint8Array<ArrayBuffer>
  readonly filename: string
  readonly mimetype: string
  readonly acked_at: string | null
}

interface Staged {
  readonly id: string
  readonly name: string
  readonly mimeType: string
  readonly content: Uint8Array
}

const MAX_FILES = 64
const LIFETIME_MS = 24 * 3_600_000
const READABLE_ROOTS = ['/configs', '/workspace', '/home', '/plugins']

export function uploadRoutes(services: Services): readonly Route[] {
  const file = '/workspaces/:id/pending-uploads/:fileId'
  const gate = 'workspace'
  return [
    { method: 'POST', path: '/workspaces/:id/chat/uploads', gate, handle: (call) => upload(services, call) },
    { method: 'GET', path: '/workspaces/:id/chat/download', gate, handle: (call) => download(call) },
    { method: 'GET', path: `${file}/content`, gate, handle: (call) => content(services, call) },
    { method: 'POST', path: `${file}/ack`, gate, handle: (call) => acknowledge(services, call) },
  ]
}

/** All files or none. Whoever uploads, the workspace gets a row for each file. */
async function upload(services: Services, call: Call): Promise<Response> {
  const { activity, database, timestamps, workspaces } = services
  const row = workspaces.find(call.param('id'))
  if (row === undefined || row.status === 'removed') throw refuse(404, 'workspace not found')
  if (!services.rules().pollMode) throw refuse(503, 'workspace container not running')
  if (row.delivery_mode !== 'poll') return forward(services, row, call.request)
  const files = await stagedFiles(services, call.request)
  const createdAt = timestamps.next()
  const entries = database.transaction(() =>
    files.map((file) => {
      database
        .query(
          `INSERT INTO pending_uploads (file_id, workspace_id, content, filename, mimetype, size, created_at, expires_at)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
        )
        .run(
          file.id,
          row.id,
          file.content,
          file.name,
          file.mimeType,
          file.content.byteLength,
          createdAt,
          timestamps.fromNow(LIFETIME_MS),
        )
      const entry: ActivityEntry = {
        workspaceId: row.id,
        activityType: 'a2a_receive',
        targetId: row.id,
        method: 'chat_upload_receive',
        summary: `Uploaded ${file.name}`,
        requestBody: { file_id: file.id, ...manifest(row.id, file) },
        createdAt,
      }
      activity.append(entry)
      return entry
    }),
  )()
  for (const entry of entries) activity.announce(entry)
  return json({ files: files.map((file) => manifest(row.id, file)) })
}

/** A push agent keeps its files itself: the form goes on to it as it came. */
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

function manifest(workspaceId: string, file: Staged): object {
  return {
    uri: `platform-pending:${workspaceId}/${file.id}`,
    name: file.name,
    mimeType: file.mimeType,
    size: file.content.byteLength,
  }
}

async function stagedFiles(services: Services, request: Request): Promise<readonly Staged[]> {
  const { uploadFileBytes } = services.rules()
  const form = await new Response(await formBytes(services, request), { headers: contentType(request) })
    .formData()
    .catch(() => {
      throw refuse(400, 'malformed multipart body')
    })
  const given = form.getAll('files').filter((entry) => typeof entry !== 'string')
  if (given.length === 0) throw refuse(400, 'no files field in request')
  if (given.length > MAX_FILES) throw refuse(400, `too many files (limit ${MAX_FILES})`)
  for (const { name, size } of given) {
    if (size <= uploadFileBytes) continue
    throw refuse(413, 'file exceeds per-file cap', {
      filename: safeFileName(name),
      size,
      max: uploadFileBytes,
    })
  }
  // The hosted platform's storage rejects an empty file, and with it the whole batch.
  if (given.some((entry) => entry.size === 0)) throw refuse(500, 'could not stage files')
  return Promise.all(
    given.map(async (entry) => ({
      id: newUuid(services.random),
      name: safeFileName(entry.name),
      mimeType: safeMimeType(entry.type),
      content: new Uint8Array(await entry.arrayBuffer()),
    })),
  )
}

/** A form above the cap of a request is refused in the words for one that cannot be read. */
async function formBytes(services: Services, request: Request): Promise<Buffer<ArrayBuffer>> {
  const { uploadRequestBytes } = services.rules()
  const declared = Number(request.headers.get('Content-Length') ?? 0)
  const form = declared > uploadRequestBytes ? undefined : await readBytes(request, uploadRequestBytes)
  if (form === undefined || form.truncated) throw refuse(400, 'malformed multipart body')
  return form.bytes
}

function contentType(request: Request): { readonly 'Content-Type': string } {
  return { 'Content-Type': request.headers.get('Content-Type') ?? 'application/octet-stream' }
}

function content(services: Services, call: Call): Response {
  const file = find(services, call)
  services.database
    .query('UPDATE pending_uploads SET fetched_at = coalesce(fetched_at, ?) WHERE file_id = ?')
    .run(services.timestamps.now(), call.param('fileId'))
  return new Response(file.content, {
    headers: {
      'Content-Type': file.mimetype || 'application/octet-stream',
      'Content-Disposition': `attachment; filename="${file.filename}"`,
      'X-Content-Type-Options': 'nosniff',
    },
  })
}

function acknowledge(services: Services, call: Call): Response {
  find(services, call)
  services.database
    .query('UPDATE pending_uploads SET acked_at = coalesce(acked_at, ?) WHERE file_id = ?')
    .run(services.timestamps.now(), call.param('fileId'))
  return json({ acked: true })
}

function find(services: Services, call: Call): StoredFile {
  const fileId = call.param('fileId')
  if (!isUuid(fileId)) throw refuse(400, 'invalid file id')
  const file = services.database
    .query<StoredFile, [string, string, string]>(
      `SELECT content, filename, mimetype, acked_at FROM pending_uploads
       WHERE file_id = ? AND workspace_id = ? AND expires_at > ?`,
    )
    .get(fileId, call.param('id'), services.timestamps.now())
  if (file === null || (file.acked_at !== null && !services.rules().ackedUploadReadable)) {
    throw refuse(404, 'pending upload not found')
  }
  return file
}

/** Files inside an agent's own machine; an agent that polls has none that the platform could reach. */
function download(call: Call): Response {
  const path = call.url.searchParams.get('path') ?? ''
  const canonical = path.startsWith('/') && !/\/\.{0,2}(\/|$)/.test(path)
  if (!canonical || !READABLE_ROOTS.some((root) => path === root || path.startsWith(`${root}/`))) {
    throw refuse(400, 'path must be absolute, canonical and under an allowed folder')
  }
  throw refuse(503, 'workspace container not running')
}
