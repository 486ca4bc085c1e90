/** The activity log: one row for each message, notice and report, in the order of `seq`. */
import type { Database } from 'bun:sqlite'
import type { JsonObject } from '../base/json.ts'
import { newUuid } from '../base/random.ts'
import type { StoreContext } from './context.ts'

export interface ActivityEntry {
  readonly workspaceId: string
  readonly activityType: string
  readonly sourceId?: string | null
  readonly targetId?: string | null
  readonly method?: string | null
  readonly summary?: string | null
  /** Any JSON value; null and undefined mean no body. */
  readonly requestBody?: unknown
  readonly responseBody?: unknown
  readonly durationMs?: number | null
  readonly status?: string
  readonly errorDetail?: string | null
  readonly messageId?: string
  readonly idempotencyKey?: string
  /** For rows that are written together and share one timestamp. */
  readonly createdAt?: string
}

export interface ActivityRow {
  readonly seq: number
  readonly id: string
  readonly workspace_id: string
  readonly activity_type: string
  readonly source_id: string | null
  readonly target_id: string | null
  readonly method: string | null
  readonly summary: string | null
  readonly request_body: string | null
  readonly response_body: string | null
  readonly duration_ms: number | null
  readonly status: string
  readonly error_detail: string | null
  readonly created_at: string
}

/** An event carries bodies up to this size, so that a stream's queue of 64 events stays bounded in bytes. */
const EVENT_BODY_CHARS = 64 * 1024

const DAY_MS = 86_400_000
const RETENTION_MS = 7 * DAY_MS
const HARD_RETENTION_MS = 30 * DAY_MS
/** Messages that were stored for a workspace and have no answer. */
const UNANSWERED = `FROM activity INDEXED BY activity_unanswered
  WHERE workspace_id = ? AND activity_type = 'a2a_receive' AND method = 'message/send'
  AND status = 'ok' AND request_body IS NOT NULL AND response_body IS NULL`
/** How many rows are looked at, and at most deleted, at once, and how long they are: more would hold every request. */
const PRUNED_AT_ONCE = 500
const PRUNED_BYTES = 16 * 1024 * 1024

export class ActivityLog {
  readonly #context: StoreContext
  /** Bodies as JSON text: serializing a long one takes as long as storing it, so it is done once. */
  readonly #texts = new WeakMap<object, string>()
  #lastCreatedAt: string | undefined

  constructor(context: StoreContext) {
    this.#context = context
  }

  /** Serializes a body that will be stored, and does not change: a step of its own, if it is long. */
  prepare(body: object): void {
    this.#text(body)
  }

  /**
   * Stores a row. When the workspace has used the message id or idempotency key before, the stored row stays
   * as it is (contract: de-duplication).
   */
  append(entry: ActivityEntry): void {
    this.#context.database
      .query(
        `INSERT INTO activity (id, workspace_id, activity_type, source_id, target_id, method, summary, request_body,
             response_body, duration_ms, status, error_detail, created_at, message_id, idempotency_key)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      )
      .run(
        newUuid(this.#context.random),
        entry.workspaceId,
        entry.activityType,
        entry.sourceId ?? null,
        entry.targetId ?? null,
        entry.method ?? null,
        entry.summary ?? null,
        this.#text(entry.requestBody),
        this.#text(entry.responseBody),
        entry.durationMs ?? null,
        entry.status ?? 'ok',
        entry.errorDetail ?? null,
        entry.createdAt ?? this.createdAt(),
        entry.messageId ?? null,
        entry.idempotencyKey ?? null,
      )
  }

  /** What a workspace answered to a message in the same request, as JSON text; undefined if it has not. */
  answerTo(workspaceId: string, senderId: string, messageId: string): string | undefined {
    const row = this.#context.database
      .query<{ response_body: string }, [string, string, string]>(
        `SELECT response_body FROM activity
         WHERE workspace_id = ? AND source_id = ? AND message_id = ? AND response_body IS NOT NULL AND status = 'ok'`,
      )
      .get(workspaceId, senderId, messageId)
    return row?.response_body
  }

  /** Stores a row and announces it. */
  record(entry: ActivityEntry): void {
    this.append(entry)
    this.announce(entry)
  }

  /** Tells the workspace's listeners about a row. */
  announce(entry: ActivityEntry): void {
    this.#context.events.publish('ACTIVITY_LOGGED', entry.workspaceId, {
      activity_type: entry.activityType,
      method: entry.method ?? null,
      summary: entry.summary ?? null,
      status: entry.status ?? 'ok',
      source_id: entry.sourceId ?? null,
      target_id: entry.targetId ?? null,
      duration_ms: entry.durationMs ?? null,
      ...(this.#context.faults.rules().richEvents ? this.#rich(entry) : {}),
    })
  }

  /**
   * Notes the highest sequence number a reader has confirmed, which permits pruning. Returns the number in
   * force; undefined for a number that is beyond both the last row and what was confirmed before.
   */
  acknowledge(workspaceId: string, seq: number): number | undefined {
    const row = this.#context.database
      .query<{ last_acked_seq: number }, [{ workspaceId: string; seq: number }]>(
        `INSERT INTO inbox_state (workspace_id, last_acked_seq)
         SELECT $workspaceId, $seq WHERE $seq <= max(
           coalesce((SELECT max(seq) FROM activity), 0),
           coalesce((SELECT last_acked_seq FROM inbox_state s WHERE s.workspace_id = $workspaceId), 0))
         ON CONFLICT (workspace_id) DO UPDATE SET last_acked_seq = max(last_acked_seq, excluded.last_acked_seq)
         RETURNING last_acked_seq`,
      )
      .get({ workspaceId, seq })
    return row?.last_acked_seq
  }

  /** How many messages are stored for a workspace and have no answer, up to `limit`, and their bytes. */
  unanswered(workspaceId: string, limit: number): { readonly messages: number; readonly bytes: number } {
    const row = this.#context.database
      .query<{ messages: number; bytes: number }, [string, number]>(
        `SELECT count(*) AS messages, coalesce(sum(bytes), 0) AS bytes FROM
           (SELECT octet_length(request_body) AS bytes ${UNANSWERED} LIMIT ?)`,
      )
      .get(workspaceId, limit)
    return row ?? { messages: 0, bytes: 0 }
  }

  /** Takes out the messages that were stored for a workspace and have no answer, oldest first. */
  takeUnanswered(workspaceId: string): readonly ActivityRow[] {
    return this.#context.database
      .query<ActivityRow, [string]>(`DELETE ${UNANSWERED} RETURNING *`)
      .all(workspaceId)
      .toSorted((a, b) => a.seq - b.seq)
  }

  /** A workspace's newest delegation rows, newest first. */
  delegations(workspaceId: string, limit: number): readonly ActivityRow[] {
    return this.#context.database
      .query<ActivityRow, [string, number]>(
        `SELECT * FROM activity WHERE workspace_id = ? AND activity_type = 'delegation'
         ORDER BY seq DESC LIMIT ?`,
      )
      .all(workspaceId, limit)
  }

  /**
   * Deletes rows after a week once their reader has confirmed them (on older contracts always), and after 30
   * days anyway. A row that came after one of the last week, or after a start within it, is younger than that,
   * whatever it is dated: the clock was behind.
   *
   * @param after the row up to which earlier calls have looked.
   * @returns the row up to which this call has looked; undefined when no later one can be deleted.
   */
  prune(after = 0): number | undefined {
    const { clock, database, faults, timestamps } = this.#context
    const weekAgo = timestamps.fromNow(-RETENTION_MS)
    const monthAgo = faults.rules().retentionRespectsAck ? timestamps.fromNow(-HARD_RETENTION_MS) : weekAgo
    const slice = `FROM activity a INDEXED BY activity_age WHERE seq > ? AND seq <= ?`
    const looked = database
      .query<{ seq: number; bytes: number }, [number, number]>(
        `SELECT seq, coalesce(octet_length(request_body), 0) + coalesce(octet_length(response_body), 0) AS bytes
         ${slice} ORDER BY seq LIMIT ${PRUNED_AT_ONCE}`,
      )
      .all(after, clock.now() - RETENTION_MS - 1)
    const part = atMost(PRUNED_BYTES, looked)
    const last = part.at(-1)?.seq
    if (last === undefined) return undefined
    const recent = database
      .query<{ seq: number }, [number, number, string, string]>(
        `SELECT seq ${slice} AND created_at BETWEEN ? AND ? ORDER BY seq LIMIT 1`,
      )
      .get(after, last, weekAgo, timestamps.now())
    database
      .query(
        `DELETE FROM activity WHERE seq IN (SELECT seq ${slice} AND created_at < ? AND (created_at < ? OR seq <= (
           SELECT last_acked_seq FROM inbox_state s WHERE s.workspace_id = a.workspace_id)))`,
      )
      .run(after, recent === null ? last : recent.seq - 1, weekAgo, monthAgo)
    const isMore = part.length < looked.length || looked.length === PRUNED_AT_ONCE
    return recent === null && isMore ? last : undefined
  }

  /** The timestamp of a row written now. */
  createdAt(): string {
    const { equal_created_at: equal, late_commit_ms: late } = this.#context.faults.state()
    if (late > 0) return this.#context.timestamps.fromNow(-late)
    if (!equal || this.#lastCreatedAt === undefined) {
      const ordersRows = this.#context.faults.rules().cursor !== 'sequence'
      this.#lastCreatedAt = this.#context.timestamps.ofRow(ordersRows)
    }
    return this.#lastCreatedAt
  }

  #rich(entry: ActivityEntry): JsonObject {
    return {
      ...(this.#isSmall(entry.requestBody) ? { request_body: entry.requestBody } : {}),
      ...(this.#isSmall(entry.responseBody) ? { response_body: entry.responseBody } : {}),
      ...(entry.messageId === undefined ? {} : { message_id: entry.messageId }),
      ...(entry.errorDetail ? { error_detail: entry.errorDetail } : {}),
    }
  }

  #text(body: unknown): string | null {
    if (body === undefined || body === null) return null
    const known = typeof body === 'object' ? this.#texts.get(body) : undefined
    if (known !== undefined) return known
    const text = JSON.stringify(body)
    if (typeof body === 'object') this.#texts.set(body, text)
    return text
  }

  #isSmall(body: unknown): boolean {
    const length = this.#text(body)?.length
    return length !== undefined && length <= EVENT_BODY_CHARS
  }
}

/** The first rows that are no longer than this together, and one in any case. */
function atMost<Row extends { readonly bytes: number }>(
  maxBytes: number,
  rows: readonly Row[],
): readonly Row[] {
  let size = 0
  const end = rows.findIndex(({ bytes }) => {
    size += bytes
    return size > maxBytes
  })
  return end < 0 ? rows : rows.slice(0, Math.max(1, end))
}

/** The timestamp of the newest row in the log. */
export function newestTimestamp(database: Database): string | undefined {
  const row = database
    .query<{ created_at: string }, []>('SELECT created_at FROM activity ORDER BY seq DESC LIMIT 1')
    .get()
  return row?.created_at
}

/**
 * Makes the next sequence number at least `least`. Called at each start with the time in milliseconds, it never gives
 * a number out twice, even when the file is an older copy and its numbers have gone back: no log grows by a row a
 * millisecond for long. So a row was written no earlier than its number says.
 */
export function raiseSequence(database: Database, least: number): void {
  database.transaction(() => {
    database.run(
      "INSERT INTO sqlite_sequence (name, seq) SELECT 'activity', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'activity')",
    )
    database
      .query("UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = 'activity'")
      .run(Math.max(0, Math.floor(least) - 1))
  })()
}
