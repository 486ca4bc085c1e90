/** Files on their way to an agent, until it has fetched and acknowledged them (contract: uploads). */
import type { StoreContext } from './context.ts'

export interface StagedFile {
  readonly id: string
  readonly name: string
  readonly mimeType: string
  readonly size: number
}

interface PendingUpload {
  readonly size: number
  readonly filename: string
  readonly mimetype: string
  readonly acked_at: string | null
}

const HOUR_MS = 3_600_000
const LIFETIME_MS = 24 * HOUR_MS
/** How long a file stays readable once its agent has it; the contract leaves this open. */
const ACKED_LIFETIME_MS = HOUR_MS

export class Uploads {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** Adds a file whose parts are stored. */
  add(workspaceId: string, file: StagedFile, createdAt: string): void {
    const { database, timestamps } = this.#context
    database
      .query(
        `INSERT INTO pending_uploads (file_id, workspace_id, content, filename, mimetype, size, created_at, expires_at)
         VALUES (?, ?, x'', ?, ?, ?, ?, ?)`,
      )
      .run(
        file.id,
        workspaceId,
        file.name,
        file.mimeType,
        file.size,
        createdAt,
        timestamps.fromNow(LIFETIME_MS),
      )
  }

  /** How many files are kept for a workspace, up to `limit`, and their bytes. */
  kept(workspaceId: string, limit: number): { readonly files: number; readonly bytes: number } {
    const row = this.#context.database
      .query<{ files: number; bytes: number }, [string, number]>(
        `SELECT count(*) AS files, coalesce(sum(size), 0) AS bytes FROM
           (SELECT size FROM pending_uploads INDEXED BY pending_uploads_size WHERE workspace_id = ? LIMIT ?)`,
      )
      .get(workspaceId, limit)
    return row ?? { files: 0, bytes: 0 }
  }

  /** A file that can still be read. */
  find(workspaceId: string, fileId: string): PendingUpload | undefined {
    const { database, faults, timestamps } = this.#context
    const file = database
      .query<PendingUpload, [string, string, string]>(
        `SELECT size, filename, mimetype, acked_at FROM pending_uploads
         WHERE file_id = ? AND workspace_id = ? AND expires_at > ?`,
      )
      .get(fileId, workspaceId, timestamps.now())
    if (file === null || (file.acked_at !== null && !faults.rules().ackedUploadReadable)) return undefined
    return file
  }

  /** The content of a file that an older platform kept in one piece; empty when it is kept in parts. */
  wholeContent(fileId: string): Uint8Array<ArrayBuffer> {
    const row = this.#context.database
      .query<{ content: Uint8Array<ArrayBuffer> }, [string]>(
        'SELECT content FROM pending_uploads WHERE file_id = ?',
      )
      .get(fileId)
    return row?.content ?? new Uint8Array()
  }

  /** Notes that an agent has fetched or acknowledged a file; the first time counts. */
  mark(fileId: string, step: 'fetched_at' | 'acked_at'): void {
    const { database, timestamps } = this.#context
    database
      .query(`UPDATE pending_uploads SET ${step} = coalesce(${step}, ?) WHERE file_id = ?`)
      .run(timestamps.now(), fileId)
  }

  /** Deletes what has expired, and what was acknowledged an hour ago. Parts of it stay until they are pruned. */
  prune(): void {
    const { database, timestamps } = this.#context
    database
      .query('DELETE FROM pending_uploads WHERE expires_at <= ? OR acked_at <= ?')
      .run(timestamps.now(), timestamps.fromNow(-ACKED_LIFETIME_MS))
  }
}
