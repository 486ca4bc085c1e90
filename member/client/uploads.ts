/** Files that a platform keeps for a workspace for a day: fetching, acknowledging and uploading them. */
import { z } from 'zod'
import type { PlatformClient } from './client.ts'
import { PlatformError } from './errors.ts'
import { fileForm, type OutgoingFile } from './multipart.ts'
import { isUuid, workspacePath } from './workspace-path.ts'

/** A file that a platform keeps, as messages refer to it. */
export interface UploadedFile {
  readonly uri: string
  readonly name: string
  readonly mimeType: string
  readonly size: number
}

export interface PendingAddress {
  readonly workspaceId: string
  readonly fileId: string
}

const SCHEME = 'platform-pending:'
/** Milliseconds for each part to leave, and for the answer after the last: the system buffers megabytes on the way. */
const UPLOAD_TIMEOUT_MS = 5 * 60_000
const ACKNOWLEDGE_TIMEOUT_MS = 10_000

/** Reads `platform-pending:<workspace>/<file>`; undefined for anything else. Both ids are UUIDs in lower case. */
export function parsePending(uri: string): PendingAddress | undefined {
  if (!uri.startsWith(SCHEME)) return undefined
  const [workspaceId = '', fileId = '', ...more] = uri.slice(SCHEME.length).toLowerCase().split('/')
  return more.length === 0 && isUuid(workspaceId) && isUuid(fileId) ? { workspaceId, fileId } : undefined
}

export interface PendingContent {
  readonly body: ReadableStream<Uint8Array>
  /** Bytes that the platform announces, if it does. */
  readonly length: number | undefined
  /** The bare media type; empty when there is none. */
  readonly mimeType: string
}

/**
 * Requests the content of a file kept for the client's own workspace. `signal` ends the reading too.
 *
 * @throws PlatformError
 */
export async function openPending(
  client: PlatformClient,
  fileId: string,
  signal: AbortSignal,
): Promise<PendingContent> {
  const { body, headers } = await client.content(pendingPath(client, fileId, 'content'), signal)
  // For a compressed body this would be the compressed length.
  const length = headers.has('content-encoding') ? null : headers.get('content-length')
  return {
    body: body ?? new ReadableStream({ start: (controller) => controller.close() }),
    length: length !== null && /^\d+$/.test(length) ? Number(length) : undefined,
    mimeType: (headers.get('content-type')?.split(';')[0] ?? '').trim().toLowerCase(),
  }
}

/**
 * Tells the platform that a file was fetched and may be removed.
 *
 * @throws PlatformError; status 404 also for a file that was acknowledged before.
 */
export async function acknowledgePending(
  client: PlatformClient,
  fileId: string,
  signal: AbortSignal,
): Promise<void> {
  await client.json(
    {
      method: 'POST',
      path: pendingPath(client, fileId, 'ack'),
      timeoutMs: ACKNOWLEDGE_TIMEOUT_MS,
      attempts: 2,
      signal,
    },
    z.unknown(),
  )
}

function pendingPath(client: PlatformClient, fileId: string, what: 'content' | 'ack'): string {
  if (!isUuid(fileId)) throw new PlatformError('refused', 'this is not a file id')
  return workspacePath(client.endpoint.workspaceId, `/pending-uploads/${fileId}/${what}`)
}

const uploadedSchema = z.object({
  files: z.array(z.object({ uri: z.string().min(1), size: z.number().nullish() })).length(1),
})

/**
 * Uploads a file for the client's own workspace. Made once: a second try could store it twice.
 *
 * @throws PlatformError
 */
export async function uploadFile(
  client: PlatformClient,
  file: OutgoingFile,
  signal?: AbortSignal,
): Promise<UploadedFile> {
  const { files } = await client.json(
    {
      path: workspacePath(client.endpoint.workspaceId, '/chat/uploads'),
      upload: fileForm('files', file),
      timeoutMs: UPLOAD_TIMEOUT_MS,
      signal,
    },
    uploadedSchema,
  )
  const [kept] = files
  if (kept === undefined || (kept.size ?? file.size) !== file.size) {
    throw new PlatformError(
      'retry',
      `the platform kept ${kept?.size} of the ${file.size} bytes of ${file.name}`,
    )
  }
  return { uri: kept.uri, name: file.name, mimeType: file.mimeType, size: file.size }
}
