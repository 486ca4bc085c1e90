/**
 * Files that were uploaded to a workspace. Each waits (state `held`) for the message that names it, and is shown by
 * itself if none comes. A file that this workspace uploaded itself comes back to it, too, and is never shown.
 */
import type { Database } from '../../base/sqlite.ts'

/** How long a file waits for its message, in milliseconds: an upload and the message after it take seconds. */
const UPLOAD_WAIT_MS = 60_000
/** A platform keeps a file for a day; its row may be read later. */
const KEEP_OWN_MS = 7 * 24 * 60 * 60_000
/** A message is rarely read before the row of a file that it names, and then shortly before. */
const KEEP_NAMED_MS = 60 * 60_000
/** Beyond this many and one page, the earliest is forgotten, and at worst shown by itself, too. */
const MAX_NAMED = 2_000
const NAMED = 'an upload; the message that names it is shown'
const OWN = 'a file that this workspace uploaded itself'

export class Uploads {
  readonly #db: Database

  constructor(db: Database) {
    this.#db = db
  }

  /** Notes files that we uploaded. */
  markOwn(fileIds: readonly string[], now: number): void {
    this.#db.transaction(() => {
      this.#db.query('DELETE FROM own_upload WHERE uploaded_at < ?').run(now - KEEP_OWN_MS)
      const add = this.#db.query(
        'INSERT INTO own_upload (file_id, uploaded_at) VALUES (?, ?) ON CONFLICT DO NOTHING',
      )
      for (const fileId of fileIds) add.run(fileId, now)
    })
  }

  /** Runs inside the transaction that stored the row: the file waits, unless a message before it names it. */
  hold(workspaceId: string, activityId: string, fileId: string): void {
    const named = this.#db
      .query('SELECT 1 FROM named_upload WHERE workspace_id = ? AND file_id = ?')
      .get(workspaceId, fileId)
    this.#db
      .query(
        'UPDATE message SET upload_id = ?, state = ?, reason = ? WHERE workspace_id = ? AND activity_id = ?',
      )
      .run(
        fileId,
        named === null ? 'held' : 'skipped',
        named === null ? null : NAMED,
        workspaceId,
        activityId,
      )
  }

  /** Runs inside the transaction that stored a row which names these files, before or after their own rows. */
  settle(workspaceId: string, fileIds: readonly string[], now: number): void {
    if (fileIds.length === 0) return
    this.#forget(now)
    const note = this.#db.query(
      'INSERT INTO named_upload (workspace_id, file_id, named_at) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    )
    for (const fileId of fileIds) note.run(workspaceId, fileId, now)
    const settle = this.#db.query(
      "UPDATE message INDEXED BY message_upload SET state = 'skipped', reason = ? WHERE workspace_id = ? AND upload_id = ? AND state = 'held'",
    )
    for (const fileId of fileIds) settle.run(NAMED, workspaceId, fileId)
  }

  #forget(now: number): void {
    const tooMany = this.#db
      .query<{ at: number }, [number]>(
        'SELECT named_at AS at FROM named_upload INDEXED BY named_upload_age ORDER BY named_at DESC LIMIT 1 OFFSET ?',
      )
      .get(MAX_NAMED)
    this.#db
      .query('DELETE FROM named_upload WHERE named_at < ?')
      .run(Math.max(now - KEEP_NAMED_MS, tooMany?.at ?? 0))
  }

  /**
   * Releases the files that have waited long enough.
   *
   * @returns how many are now for the model.
   */
  release(workspaceId: string, now: number): number {
    const due = `workspace_id = ? AND sender IS NULL AND state = 'held' AND upload_id IS NOT NULL
       AND abs(? - received_at) >= ${UPLOAD_WAIT_MS}`
    const waiting = this.#db
      .query(`SELECT 1 FROM message INDEXED BY message_held WHERE ${due} LIMIT 1`)
      .get(workspaceId, now)
    if (waiting === null) return 0
    return this.#db.transaction(() => {
      this.#db
        .query(
          `UPDATE message INDEXED BY message_held SET state = 'skipped', reason = ? WHERE ${due}
           AND upload_id IN (SELECT file_id FROM own_upload)`,
        )
        .run(OWN, workspaceId, now)
      return this.#db
        .query(`UPDATE message INDEXED BY message_held SET state = 'received' WHERE ${due}`)
        .run(workspaceId, now).changes
    })
  }
}
