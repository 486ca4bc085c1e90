/** Messages that wait for a busy agent (contract: queue). */
import { newUuid } from '../base/random.ts'
import type { StoreContext } from './context.ts'

export interface QueueItem {
  readonly position: number
  readonly id: string
  readonly workspace_id: string
  readonly caller_id: string | null
  readonly message_id: string | null
  readonly method: string
  readonly body: string
  readonly priority: number
  readonly status: 'queued' | 'dispatched' | 'completed' | 'dropped' | 'failed'
  readonly attempts: number
  readonly last_error: string | null
  readonly response_body: string | null
  readonly enqueued_at: string
  readonly dispatched_at: string | null
  readonly completed_at: string | null
  readonly expires_at: string | null
}

interface NewQueueItem {
  readonly workspaceId: string
  readonly callerId: string | undefined
  readonly messageId: string | undefined
  readonly method: string
  readonly body: string
  readonly expiresInSeconds: number | undefined
}

const MAX_ATTEMPTS = 5

export class A2aQueue {
  readonly #context: StoreContext

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** Adds a message, or finds the one with the same id that is still in the queue or in flight. */
  enqueue(item: NewQueueItem): { readonly id: string; readonly depth: number } {
    const expires =
      item.expiresInSeconds === undefined
        ? null
        : this.#context.timestamps.fromNow(item.expiresInSeconds * 1000)
    const added = this.#context.database
      .query<{ id: string }, (string | null)[]>(
        `INSERT INTO a2a_queue (id, workspace_id, caller_id, message_id, method, body, status, enqueued_at, expires_at)
         VALUES (?, ?, ?, ?, ?, ?, 'queued', ?, ?) ON CONFLICT DO NOTHING RETURNING id`,
      )
      .get(
        newUuid(this.#context.random),
        item.workspaceId,
        item.callerId ?? null,
        item.messageId ?? null,
        item.method,
        item.body,
        this.#context.timestamps.now(),
        expires,
      )
    const stored = added ?? this.#lastOf(item.workspaceId, item.messageId ?? '')
    return { id: stored?.id ?? '', depth: this.depth(item.workspaceId) }
  }

  depth(workspaceId: string): number {
    return this.#count(workspaceId, 'queued')
  }

  /** How many were sent to the workspace and are not answered yet. */
  inFlight(workspaceId: string): number {
    return this.#count(workspaceId, 'dispatched')
  }

  /** The workspaces that messages wait for. */
  waiting(): readonly string[] {
    return this.#context.database
      .query<{ id: string }, []>(
        `SELECT DISTINCT workspace_id AS id FROM a2a_queue INDEXED BY a2a_queue_open
         WHERE status IN ('queued', 'dispatched') AND status = 'queued' ORDER BY workspace_id`,
      )
      .all()
      .map((row) => row.id)
  }

  /** @param id of the item, or of its message. */
  find(workspaceId: string, id: string): QueueItem | undefined {
    const item = this.#context.database
      .query<QueueItem, [string, string]>('SELECT * FROM a2a_queue WHERE workspace_id = ? AND id = ?')
      .get(workspaceId, id)
    return item ?? this.#lastOf(workspaceId, id) ?? undefined
  }

  /** Takes up to `count` items, by priority and then by age, and drops the expired ones. */
  take(workspaceId: string, count: number): readonly QueueItem[] {
    const now = this.#context.timestamps.now()
    this.#context.database
      .query(
        `UPDATE a2a_queue SET status = 'dropped', completed_at = ?, last_error = 'expired'
         WHERE workspace_id = ? AND status = 'queued' AND expires_at <= ?`,
      )
      .run(now, workspaceId, now)
    const items = this.#context.database
      .query<QueueItem, [string, number]>(
        `SELECT * FROM a2a_queue WHERE workspace_id = ? AND status = 'queued' ORDER BY priority DESC, position LIMIT ?`,
      )
      .all(workspaceId, count)
    for (const item of items) {
      this.#context.database
        .query(
          "UPDATE a2a_queue SET status = 'dispatched', dispatched_at = ?, attempts = attempts + 1 WHERE id = ?",
        )
        .run(now, item.id)
    }
    return items
  }

  complete(id: string, responseBody: string): void {
    this.#context.database
      .query(
        "UPDATE a2a_queue SET status = 'completed', completed_at = ?, response_body = ?, last_error = NULL WHERE id = ?",
      )
      .run(this.#context.timestamps.now(), responseBody, id)
  }

  /** Puts an item back into the queue, or gives it up after the fifth attempt. True when it was given up. */
  fail(id: string, error: string): boolean {
    const item = this.#context.database
      .query<{ status: QueueItem['status'] }, [string, string, string]>(
        `UPDATE a2a_queue SET last_error = ?, completed_at = iif(attempts >= ${MAX_ATTEMPTS}, ?, NULL),
           status = iif(attempts >= ${MAX_ATTEMPTS}, 'failed', 'queued') WHERE id = ? RETURNING status`,
      )
      .get(error, this.#context.timestamps.now(), id)
    return item?.status === 'failed'
  }

  /** Puts back what was in flight when the platform stopped. */
  recover(): void {
    this.#context.database
      .query(
        `UPDATE a2a_queue SET status = 'queued' WHERE position IN (SELECT position FROM a2a_queue INDEXED BY a2a_queue_open
           WHERE status IN ('queued', 'dispatched') AND status = 'dispatched')`,
      )
      .run()
  }

  #lastOf(workspaceId: string, messageId: string): QueueItem | null {
    return this.#context.database
      .query<QueueItem, [string, string]>(
        'SELECT * FROM a2a_queue WHERE workspace_id = ? AND message_id = ? ORDER BY position DESC LIMIT 1',
      )
      .get(workspaceId, messageId)
  }

  #count(workspaceId: string, status: QueueItem['status']): number {
    const row = this.#context.database
      .query<{ items: number }, [string, string]>(
        'SELECT count(*) AS items FROM a2a_queue WHERE workspace_id = ? AND status = ?',
      )
      .get(workspaceId, status)
    return row?.items ?? 0
  }
}
