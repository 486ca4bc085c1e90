/** Requests and what is said about them (contract: requests). */
import type { JsonObject } from '../base/json.ts'
import { newUuid } from '../base/random.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import type { Party, RequestKind, RequestStatus } from '../contract/requests.ts'
import type { StoreContext } from './context.ts'

export interface RequestRow {
  readonly id: string
  readonly kind: RequestKind
  readonly requester_type: Party['type']
  readonly requester_id: string
  readonly org_id: string | null
  readonly recipient_type: Party['type']
  readonly recipient_id: string
  readonly title: string
  readonly detail: string | null
  /** JSON text; null when it offers none. */
  readonly choices: string | null
  readonly priority: number | null
  readonly status: RequestStatus
  readonly responder_type: Party['type'] | null
  readonly responder_id: string | null
  readonly choice: string | null
  readonly created_at: string
  readonly updated_at: string
  readonly responded_at: string | null
  /** Only in the list of what is pending. */
  readonly workspace_name?: string | null
}

interface RequestMessageRow {
  readonly id: string
  readonly request_id: string
  readonly author_type: Party['type']
  readonly author_id: string
  readonly body: string
  readonly created_at: string
}

interface NewRequest {
  readonly kind: RequestKind
  readonly requester: Party
  readonly recipient: Party
  readonly orgId: string | undefined
  readonly title: string
  readonly detail: string
  readonly choices: readonly string[]
  readonly priority: number | null
}

const OPEN = "('pending', 'info_requested')"
const LIST_LIMIT = 50
/** As many as a reader gets to see. */
export const MAX_MESSAGES = 200
const KEPT_MS = 30 * 86_400_000
const PRUNED_AT_ONCE = 500

export class Requests {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  find(id: string): RequestRow | undefined {
    const found = this.#context.database
      .query<RequestRow, [string]>('SELECT * FROM requests WHERE id = ?')
      .get(id)
    return found ?? undefined
  }

  add(request: NewRequest): string {
    const id = newUuid(this.#context.random)
    const now = this.#context.timestamps.now()
    this.#context.database
      .query(
        `INSERT INTO requests (id, kind, requester_type, requester_id, org_id, recipient_type, recipient_id, title, detail,
           choices, priority, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      )
      .run(
        id,
        request.kind,
        request.requester.type,
        request.requester.id,
        request.orgId ?? null,
        request.recipient.type,
        request.recipient.id,
        request.title,
        request.detail || null,
        request.choices.length === 0 ? null : JSON.stringify(request.choices),
        request.priority,
        now,
        now,
      )
    return id
  }

  /** The newest that a workspace raised, newest first. */
  raisedBy(workspaceId: string, status: string | undefined): readonly RequestRow[] {
    return this.#ofAgent('requester', workspaceId, status)
  }

  /** The newest that are addressed to a workspace, newest first. */
  addressedTo(workspaceId: string, status: string | undefined): readonly RequestRow[] {
    return this.#ofAgent('recipient', workspaceId, status)
  }

  /** The newest that are open, newest first, with the names of the workspaces that raised them. */
  pending(kind: string | undefined, orgId: string | undefined): readonly RequestRow[] {
    return this.#context.database
      .query<RequestRow, [{ kind: string | null; orgId: string | null }]>(
        `SELECT r.*, w.name AS workspace_name FROM requests r INDEXED BY requests_open
         LEFT JOIN workspaces w ON r.requester_type = 'agent' AND w.id = r.requester_id
         WHERE r.status IN ${OPEN} AND ($kind IS NULL OR r.kind = $kind) AND ($orgId IS NULL OR r.org_id = $orgId)
         ORDER BY r.position DESC LIMIT ${LIST_LIMIT}`,
      )
      .all({ kind: kind ?? null, orgId: orgId ?? null })
  }

  /** How many requests of a workspace are open, up to `limit`. */
  countOpen(workspaceId: string, limit: number): number {
    const row = this.#context.database
      .query<{ count: number }, [string, number]>(
        `SELECT count(*) AS count FROM (SELECT 1 FROM requests
         WHERE requester_type = 'agent' AND requester_id = ? AND status IN ${OPEN} LIMIT ?)`,
      )
      .get(workspaceId, limit)
    return row?.count ?? 0
  }

  /** Closes an open request with an answer. False when it is no longer open. */
  respond(id: string, status: RequestStatus, responder: Party, choice: string | null): boolean {
    const now = this.#context.timestamps.now()
    const closed = this.#context.database
      .query<{ id: string }, (string | null)[]>(
        `UPDATE requests SET status = ?, responder_type = ?, responder_id = ?, choice = ?, responded_at = ?, updated_at = ?
         WHERE id = ? AND status IN ${OPEN} RETURNING id`,
      )
      .get(status, responder.type, responder.id, choice, now, now, id)
    return closed !== null
  }

  /** Withdraws an open request. False when it is no longer open. */
  cancel(id: string): boolean {
    const closed = this.#context.database
      .query<{ id: string }, [string, string]>(
        `UPDATE requests SET status = 'cancelled', updated_at = ? WHERE id = ? AND status IN ${OPEN} RETURNING id`,
      )
      .get(this.#context.timestamps.now(), id)
    return closed !== null
  }

  /** Oldest first. */
  messages(requestId: string): readonly RequestMessageRow[] {
    return this.#context.database
      .query<RequestMessageRow, [string]>(
        `SELECT id, request_id, author_type, author_id, body, created_at FROM request_messages
         WHERE request_id = ? ORDER BY position LIMIT ${MAX_MESSAGES}`,
      )
      .all(requestId)
  }

  /** @param asks whether it asks the requester something: then an open request waits for more information. */
  addMessage(requestId: string, author: Party, body: string, asks: boolean): string {
    const { database, random, timestamps } = this.#context
    const id = newUuid(random)
    const now = timestamps.now()
    database.transaction(() => {
      database
        .query(
          `INSERT INTO request_messages (id, request_id, author_type, author_id, body, created_at) VALUES (?, ?, ?, ?, ?, ?)`,
        )
        .run(id, requestId, author.type, author.id, body, now)
      if (!asks) return
      database
        .query(
          `UPDATE requests SET status = 'info_requested', updated_at = ? WHERE id = ? AND status IN ${OPEN}`,
        )
        .run(now, requestId)
    })()
    return id
  }

  /** Deletes some of those that were closed over thirty days ago. True when there may be more. */
  prune(): boolean {
    const deleted = this.#context.database
      .query<{ id: string }, [string]>(
        `DELETE FROM requests WHERE position IN (SELECT position FROM requests INDEXED BY requests_closed
         WHERE status NOT IN ${OPEN} AND updated_at < ? LIMIT ${PRUNED_AT_ONCE}) RETURNING id`,
      )
      .all(this.#context.timestamps.fromNow(-KEPT_MS))
    return deleted.length === PRUNED_AT_ONCE
  }

  #ofAgent(side: 'requester' | 'recipient', id: string, status: string | undefined): readonly RequestRow[] {
    const ofStatus = status === undefined ? '' : 'AND status = ?'
    return this.#context.database
      .query<RequestRow, string[]>(
        `SELECT * FROM requests WHERE ${side}_type = 'agent' AND ${side}_id = ? ${ofStatus}
         ORDER BY position DESC LIMIT ${LIST_LIMIT}`,
      )
      .all(...(status === undefined ? [id] : [id, status]))
  }
}

/** A request as its readers get it. What it does not have of our additions is left out. */
export function requestForm(row: RequestRow): JsonObject {
  return {
    id: row.id,
    kind: row.kind,
    requester_type: row.requester_type,
    requester_id: row.requester_id,
    org_id: row.org_id,
    recipient_type: row.recipient_type,
    recipient_id: row.recipient_id,
    title: row.title,
    detail: row.detail,
    status: row.status,
    responder_type: row.responder_type,
    responder_id: row.responder_id,
    priority: row.priority,
    created_at: wireTimestamp(row.created_at),
    updated_at: wireTimestamp(row.updated_at),
    responded_at: row.responded_at === null ? null : wireTimestamp(row.responded_at),
    ...(row.workspace_name == null ? {} : { workspace_name: row.workspace_name }),
    ...(row.choices === null ? {} : { choices: JSON.parse(row.choices) }),
    ...(row.choice === null ? {} : { choice: row.choice }),
  }
}
