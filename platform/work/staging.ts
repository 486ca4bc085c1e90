/**
 * Takes in the files of an upload as they arrive: their parts are stored one by one, the files themselves once all parts
 * are there. An upload that fails takes its parts away.
 */
import { type FileHead, formPieces, MalformedForm } from '../base/multipart.ts'
import { newUuid } from '../base/random.ts'
import { type Refusal, refuse } from '../base/response.ts'
import { safeFileName, safeMimeType } from '../contract/upload-names.ts'
import type { Services } from '../services.ts'
import { PART_BYTES } from '../store/upload-parts.ts'
import type { StagedFile } from '../store/uploads.ts'

const MAX_FILES = 64
/** All files that wait for one workspace or are on their way to it. */
const MAX_KEPT_FILES = 1_000
const MAX_KEPT_BYTES = 512 * 1024 * 1024

interface ArrivingFile {
  readonly id: string
  readonly head: FileHead
  /** What has arrived. */
  size: number
}

interface Upload {
  readonly workspaceId: string
  /** What the request announced; it may carry more. */
  readonly announcedBytes: number
  readonly files: ArrivingFile[]
}

/** The uploads that are under way. */
export class Staging {
  readonly #uploads = new Set<Upload>()

  add(upload: Upload): void {
    this.#uploads.add(upload)
  }

  remove(upload: Upload): void {
    this.#uploads.delete(upload)
  }

  isUnderWay(fileId: string): boolean {
    return [...this.#uploads].some(({ files }) => files.some(({ id }) => id === fileId))
  }

  /** What is on its way to a workspace. */
  reserved(workspaceId: string): { readonly files: number; readonly bytes: number } {
    const sum = { files: 0, bytes: 0 }
    for (const upload of this.#uploads) {
      if (upload.workspaceId !== workspaceId) continue
      sum.files += upload.files.length
      const arrived = upload.files.reduce((bytes, { size }) => bytes + size, 0)
      sum.bytes += Math.max(arrived, upload.announcedBytes)
    }
    return sum
  }
}

/**
 * @param request a form, whose files are in the fields `files`.
 * @param add stores the files, all or none.
 * @throws Refusal
 */
export async function stageFiles(
  services: Services,
  workspaceId: string,
  request: Request,
  add: (files: readonly StagedFile[]) => void,
): Promise<void> {
  const { background, parts, staging } = services
  const { uploadNames, uploadRequestBytes } = services.rules()
  const announcedBytes = Number(request.headers.get('Content-Length') ?? 0)
  if (announcedBytes > uploadRequestBytes) throw malformed()
  const upload: Upload = { workspaceId, announcedBytes, files: [] }
  staging.add(upload)
  try {
    refuseBeyondQuota(services, workspaceId)
    await receive(services, upload, request)
    refuseUnfit(services, upload.files)
    const staged = upload.files.map(({ id, head, size }) => ({
      id,
      name: safeFileName(head.name, uploadNames),
      mimeType: safeMimeType(head.type),
      size,
    }))
    add(staged)
  } catch (error) {
    for (const { id } of upload.files) {
      do await background.turn()
      while (parts.deleteSome(id))
    }
    throw error instanceof MalformedForm ? malformed() : error
  } finally {
    staging.remove(upload)
  }
}

async function receive(services: Services, upload: Upload, request: Request): Promise<void> {
  const { uploadFileBytes, uploadRequestBytes } = services.rules()
  const part = Buffer.allocUnsafe(PART_BYTES)
  /** Stores the last part of what has arrived of a file. The rest of one that is too large is only counted. */
  const store = ({ id, size }: ArrivingFile): void => {
    if (services.background.signal.aborted) throw refuse(503, 'the platform stops')
    if (size > uploadFileBytes) return
    refuseBeyondQuota(services, upload.workspaceId)
    services.parts.write(
      id,
      Math.ceil(size / PART_BYTES) - 1,
      part.subarray(0, size % PART_BYTES || PART_BYTES),
    )
  }
  const append = async (file: ArrivingFile, bytes: Uint8Array): Promise<void> => {
    for (let taken = 0; taken < bytes.byteLength; ) {
      const start = file.size % PART_BYTES
      const some = bytes.subarray(taken, taken + PART_BYTES - start)
      part.set(some, start)
      taken += some.byteLength
      file.size += some.byteLength
      if (file.size % PART_BYTES !== 0) continue
      await services.background.turn()
      store(file)
    }
  }
  const finish = (file: ArrivingFile | undefined): void => {
    if (file !== undefined && file.size % PART_BYTES !== 0) store(file)
  }
  let file: ArrivingFile | undefined
  const body = limited(request.body, uploadRequestBytes)
  for await (const piece of formPieces(body, request.headers.get('Content-Type') ?? '')) {
    if (piece.kind === 'content') {
      if (file !== undefined) await append(file, piece.bytes)
      continue
    }
    finish(file)
    file =
      piece.name === 'files' && piece.file !== undefined ? begin(services, upload, piece.file) : undefined
  }
  finish(file)
}

/** A form over the request limit gets the same refusal as one that cannot be parsed. */
async function* limited(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): AsyncGenerator<Uint8Array, void> {
  let size = 0
  for await (const chunk of body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) throw new MalformedForm()
    yield chunk
  }
}

function begin(services: Services, upload: Upload, head: FileHead): ArrivingFile {
  if (upload.files.length === MAX_FILES) throw refuse(400, `too many files (limit ${MAX_FILES})`)
  const file = { id: newUuid(services.random), head, size: 0 }
  upload.files.push(file)
  return file
}

/** @throws Refusal 507 */
function refuseBeyondQuota({ staging, uploads }: Services, workspaceId: string): void {
  const kept = uploads.kept(workspaceId, MAX_KEPT_FILES)
  const reserved = staging.reserved(workspaceId)
  if (kept.files + reserved.files <= MAX_KEPT_FILES && kept.bytes + reserved.bytes <= MAX_KEPT_BYTES) return
  throw refuse(507, 'too many files wait for this workspace', {
    max_files: MAX_KEPT_FILES,
    max_bytes: MAX_KEPT_BYTES,
    hint: 'each is kept until its agent has fetched it, for a day at most',
  })
}

function refuseUnfit(services: Services, files: readonly ArrivingFile[]): void {
  const { uploadFileBytes, uploadNames } = services.rules()
  if (files.length === 0) throw refuse(400, 'no files field in request')
  for (const { head, size } of files) {
    if (size <= uploadFileBytes) continue
    throw refuse(413, 'file exceeds per-file cap', {
      filename: safeFileName(head.name, uploadNames),
      size,
      max: uploadFileBytes,
    })
  }
  // The hosted platform's storage rejects an empty file, and the whole batch with it.
  if (files.some(({ size }) => size === 0)) throw refuse(500, 'could not stage files')
}

export function malformed(): Refusal {
  return refuse(400, 'malformed multipart body')
}
