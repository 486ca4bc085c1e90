/**
 * The permission requests that hosts made and that were posted to a chat, and their outcomes. Sessions communicate
 * through the ledger: the one that reads the feed records a verdict, the one that asked takes it and tells its host.
 *
 * States: open -> allowed or denied (and then told), or elsewhere, or expired. An open one that is too old counts as
 * expired even if that was never recorded. An allowed or denied one that the asking session does not take becomes
 * expired, too.
 */
import type { Database } from '../../base/sqlite.ts'
import type { StoredMessage } from './ledger-rows.ts'

type PermissionState = 'open' | 'allowed' | 'denied' | 'expired' | 'elsewhere'

export interface PermissionQuestion {
  readonly workspaceId: string
  readonly requestId: string
  readonly tool: string
}

/** A verdict for the host of this session. */
export interface AnsweredQuestion extends PermissionQuestion {
  readonly state: 'allowed' | 'denied'
}

/** A request that waits for an answer. */
export interface OpenRequest extends Pick<PermissionQuestion, 'requestId' | 'tool'> {
  /** Milliseconds since the epoch. */
  readonly askedAt: number
}

/** The effect of a verdict that arrived in a message. */
export type Decision =
  | { readonly kind: 'recorded'; readonly requestId: string; readonly tool: string }
  /** It arrived too late. */
  | {
      readonly kind: 'settled'
      readonly requestId: string
      readonly tool: string
      readonly state: Exclude<PermissionState, 'open'>
    }
  /** It names no request that was made before that message arrived. */
  | { readonly kind: 'unknown' }

/** The tool that the oldest open request posted to a workspace's chat is about. */
export function askedTool(db: Database, workspaceId: string, now: number): string | undefined {
  const row = db
    .query<{ tool: string }, [string, number]>(
      `SELECT tool FROM permission_request INDEXED BY permission_open
       WHERE workspace_id = ? AND state = 'open' AND asked_at > ? ORDER BY asked_at LIMIT 1`,
    )
    .get(workspaceId, now - OPEN_FOR_MS)
  return row?.tool
}

/** How long a request stays open. */
export const OPEN_FOR_MS = 10 * 60_000
export const MAX_OPEN = 50
/** How long a settled request is kept, so that its id is not reused. */
const KEEP_MS = 24 * 60 * 60_000
/** The reason for not showing a message that answers a request. */
export const VERDICT = 'an answer to a permission request'

export class PermissionRequests {
  readonly #db: Database
  readonly #session: string

  constructor(db: Database, session: string) {
    this.#db = db
    this.#session = session
  }

  /**
   * Records a request of this session's host. Done before it is posted, so that no answer can arrive too early.
   *
   * @param now milliseconds since the epoch.
   * @returns whether it may be posted: `known` when the id is taken, `full` when too many are open.
   */
  add({ workspaceId, requestId, tool }: PermissionQuestion, now: number): 'added' | 'known' | 'full' {
    return this.#db.transaction(() => {
      this.#db.query('DELETE FROM permission_request WHERE asked_at < ?').run(now - KEEP_MS)
      const open = this.#db
        .query<{ n: number }, [string, number]>(
          `SELECT count(*) AS n FROM permission_request INDEXED BY permission_open
             WHERE workspace_id = ? AND state = 'open' AND asked_at > ?`,
        )
        .get(workspaceId, now - OPEN_FOR_MS)
      if ((open?.n ?? 0) >= MAX_OPEN) return 'full'
      const { changes } = this.#db
        .query(
          `INSERT INTO permission_request (workspace_id, request_id, session, tool, asked_at, state)
             VALUES (?, ?, ?, ?, ?, 'open') ON CONFLICT DO NOTHING`,
        )
        .run(workspaceId, requestId, this.#session, tool, now)
      return changes > 0 ? 'added' : 'known'
    })
  }

  /**
   * Records the verdict that a message gives. The message is marked as skipped in the same transaction, so that a crash
   * cannot make it count twice.
   */
  decide(
    { ord, workspaceId }: Pick<StoredMessage, 'ord' | 'workspaceId'>,
    requestId: string,
    verdict: AnsweredQuestion['state'],
    now: number,
  ): Decision {
    return this.#db.transaction((): Decision => {
      const row = this.#db
        .query<{ tool: string; state: PermissionState; askedAt: number }, [string, string, number]>(
          `SELECT tool, state, asked_at AS askedAt FROM permission_request
             WHERE workspace_id = ? AND request_id = ?
             AND asked_at <= (SELECT received_at FROM message WHERE ord = ?)`,
        )
        .get(workspaceId, requestId, ord)
      if (row === null) return { kind: 'unknown' }
      this.#db.query("UPDATE message SET state = 'skipped', reason = ? WHERE ord = ?").run(VERDICT, ord)
      const { tool, state, askedAt } = row
      if (state !== 'open') return { kind: 'settled', requestId, tool, state }
      if (askedAt <= now - OPEN_FOR_MS) return { kind: 'settled', requestId, tool, state: 'expired' }
      this.#db
        .query('UPDATE permission_request SET state = ? WHERE workspace_id = ? AND request_id = ?')
        .run(verdict, workspaceId, requestId)
      return { kind: 'recorded', requestId, tool }
    })
  }

  /** The requests in the chat of a workspace that were open when a message arrived and still are, oldest first. */
  open(
    { ord, workspaceId }: Pick<StoredMessage, 'ord' | 'workspaceId'>,
    now: number,
  ): readonly OpenRequest[] {
    return this.#db
      .query<OpenRequest, [string, number, number]>(
        `SELECT request_id AS requestId, tool, asked_at AS askedAt FROM permission_request INDEXED BY permission_open
           WHERE workspace_id = ? AND state = 'open' AND asked_at > ?
           AND asked_at <= (SELECT received_at FROM message WHERE ord = ?) ORDER BY asked_at`,
      )
      .all(workspaceId, now - OPEN_FOR_MS, ord)
  }

  /** Takes the verdicts on requests of this session, each once. */
  takeVerdicts(): readonly AnsweredQuestion[] {
    return this.#db
      .query<AnsweredQuestion, [string]>(
        `UPDATE permission_request SET told = 1 WHERE session = ? AND told = 0 AND state IN ('allowed', 'denied')
         RETURNING workspace_id AS workspaceId, request_id AS requestId, tool, state`,
      )
      .all(this.#session)
  }

  /** Whether a request of this session is open. */
  waiting(now: number): boolean {
    const found = this.#db
      .query("SELECT 1 FROM permission_request WHERE session = ? AND state = 'open' AND asked_at > ? LIMIT 1")
      .get(this.#session, now - OPEN_FOR_MS)
    return found !== null
  }

  /**
   * Closes the open requests of this session: its host has moved on, or the relay was switched off.
   *
   * @returns those that it closed.
   */
  close(state: 'elsewhere' | 'expired'): readonly PermissionQuestion[] {
    return this.#db
      .query<PermissionQuestion, [string, string]>(
        `UPDATE permission_request SET state = ? WHERE session = ? AND state = 'open'
         RETURNING workspace_id AS workspaceId, request_id AS requestId, tool`,
      )
      .all(state, this.#session)
  }

  /**
   * The session that asked has not taken the verdict in time: from here on it no longer can.
   *
   * @returns false when that session has taken it after all.
   */
  giveUp(workspaceId: string, requestId: string): boolean {
    return (
      this.#db
        .query(
          `UPDATE permission_request SET state = 'expired'
           WHERE workspace_id = ? AND request_id = ? AND told = 0 AND state IN ('allowed', 'denied')`,
        )
        .run(workspaceId, requestId).changes > 0
    )
  }
}
