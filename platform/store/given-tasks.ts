/**
 * The tasks that messages have given to an agent, as the activity log knows them. A task has the id of its message, or the
 * one that its sender names in `metadata.delegation_id`.
 */
import type { Database } from 'bun:sqlite'
import { asObject, parseJson } from '../base/json.ts'

export interface GivenTask {
  readonly id: string
  readonly target_id: string
  /** Null for the person. */
  readonly source_id: string | null
  readonly context_id: string | null
  readonly created_at: string
  /** The agent has confirmed that it read this far. */
  readonly is_read: number
}

/** How many of the newest rows of an agent may hold the beginning or the end of a task. */
const NEWEST = 200
const MESSAGE_ID = "json_extract(request_body, '$.params.message.messageId')"
const DELEGATION_ID = "json_extract(request_body, '$.params.message.metadata.delegation_id')"

/** @param sourceId who gave it; undefined for anybody. */
export function findTask(
  database: Database,
  targetId: string,
  sourceId: string | undefined,
  id: string,
): GivenTask | undefined {
  const find = (rows: string): GivenTask | undefined =>
    database
      .query<GivenTask, [string, string, string | null]>(
        `SELECT ?2 AS id, workspace_id AS target_id, source_id, created_at,
           json_extract(request_body, '$.params.message.contextId') AS context_id,
           seq <= coalesce((SELECT last_acked_seq FROM inbox_state s WHERE s.workspace_id = given.workspace_id), 0) AS is_read
         FROM (${rows}) given WHERE ?3 IS NULL OR source_id = ?3 ORDER BY created_at, seq LIMIT 1`,
      )
      .get(targetId, id, sourceId ?? null) ?? undefined
  const received = "SELECT * FROM activity WHERE workspace_id = ?1 AND activity_type = 'a2a_receive'"
  return (
    find(`${received} AND message_id = ?2`) ??
    // A sender may give the task an id of its own, and older contracts keep no message ids.
    find(
      `SELECT * FROM (${received} ORDER BY created_at DESC, seq DESC LIMIT ${NEWEST})
       WHERE ?2 IN (${MESSAGE_ID}, ${DELEGATION_ID})`,
    )
  )
}

/** When the task was canceled. */
export function canceledAt(database: Database, { id, target_id }: GivenTask): string | undefined {
  const row = database
    .query<{ created_at: string }, [string, string]>(
      `SELECT created_at FROM (SELECT created_at, seq, request_body, method FROM activity
         WHERE workspace_id = ?1 AND activity_type = 'a2a_receive' ORDER BY created_at DESC, seq DESC LIMIT ${NEWEST})
       WHERE lower(method) IN ('tasks/cancel', 'canceltask') AND json_extract(request_body, '$.params.id') = ?2`,
    )
    .get(target_id, id)
  return row?.created_at
}

/** The message with which the agent answered the task, if the task's giver has it. */
export function answerTo(
  database: Database,
  { id, source_id, target_id }: GivenTask,
): { readonly at: string; readonly parts: readonly unknown[] } | undefined {
  if (source_id === null) return undefined
  const row = database
    .query<{ created_at: string; parts: string | null }, [string, string, string]>(
      `SELECT created_at, json_extract(request_body, '$.params.message.parts') AS parts FROM (
         SELECT created_at, seq, request_body FROM activity
         WHERE workspace_id = ?1 AND source_id = ?2 ORDER BY created_at DESC, seq DESC LIMIT ${NEWEST})
       WHERE ${DELEGATION_ID} = ?3 ORDER BY created_at, seq`,
    )
    .get(source_id, target_id, id)
  if (row === null) return undefined
  const { value } = parseJson(`{"parts":${row.parts ?? '[]'}}`) ?? {}
  const { parts } = asObject(value)
  return { at: row.created_at, parts: Array.isArray(parts) ? parts : [] }
}
