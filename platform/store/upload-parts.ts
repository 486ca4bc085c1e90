/**
 * The content of uploaded files. It is stored before the file is, part by part: a large statement would hold every
 * request. Parts of a file that never came to be, or is gone, are pruned.
 */
import type { StoreContext } from './context.ts'

/** All parts but the last of a file have this size. */
export const PART_BYTES = 1024 * 1024

/** How many parts are deleted, and how many files looked at, at once. */
const DELETED_AT_ONCE = 4
const LOOKED_AT_ONCE = 100

export class UploadParts {
  readonly #database: StoreContext['database']

  constructor({ database }: StoreContext) {
    this.#database = database
  }

  write(fileId: string, number: number, content: Uint8Array): void {
    this.#database
      .query('INSERT INTO upload_parts (file_id, number, content) VALUES (?, ?, ?)')
      .run(fileId, number, content)
  }

  read(fileId: string, number: number): Uint8Array<ArrayBuffer> | undefined {
    return this.#database
      .query<{ content: Uint8Array<ArrayBuffer> }, [string, number]>(
        'SELECT content FROM upload_parts WHERE file_id = ? AND number = ?',
      )
      .get(fileId, number)?.content
  }

  /** Deletes some parts of a file. Returns whether any may be left. */
  deleteSome(fileId: string): boolean {
    const { changes } = this.#database
      .query(
        'DELETE FROM upload_parts WHERE rowid IN (SELECT rowid FROM upload_parts WHERE file_id = ? LIMIT ?)',
      )
      .run(fileId, DELETED_AT_ONCE)
    return changes === DELETED_AT_ONCE
  }

  /**
   * Deletes some parts of a file that does not exist.
   *
   * @param after the id up to which earlier calls have looked.
   * @param isUnderWay whether a file is about to exist.
   * @returns the id up to which this call has looked; undefined when it has seen the last file.
   */
  prune(after: string, isUnderWay: (fileId: string) => boolean): string | undefined {
    let last = after
    for (let looked = 0; looked < LOOKED_AT_ONCE; looked++) {
      const next = this.#database
        .query<{ file_id: string; exists: number }, [string]>(
          `SELECT file_id, EXISTS (SELECT 1 FROM pending_uploads f WHERE f.file_id = p.file_id) AS "exists"
           FROM upload_parts p WHERE file_id > ? ORDER BY file_id LIMIT 1`,
        )
        .get(last)
      if (next === null) return undefined
      const isLost = next.exists === 0 && !isUnderWay(next.file_id)
      if (isLost && this.deleteSome(next.file_id)) return last
      last = next.file_id
      if (isLost) return last
    }
    return last
  }
}
