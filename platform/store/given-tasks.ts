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
/** How much of them is looked into, in which nobody else is answered. A row beyond it is passed over. */
const MAX_BYTES = 4 * 1024 * 1024
const MESSAGE_ID = "json_extract(request_body, '$.params.message.messageId')"
const DELEGATION_ID = "json_extract(request_body, '$.params.message.metadata.delegation_id')"
/** Of a list as {@link newest} returns it. */
const AMONG = 'seq IN (SELECT value FROM json_each(?1))'

/** @param sourceId who gave it; undefined for anybody. */
export function findTask(
  database: Database,
  targetId: string,
  sourceId: string | undefined,
  id: string,
): GivenTask | undefined {
  const find = (condition: string, first: string): GivenTask | undefined =>
    database
      .query<GivenTask, [string, string, string | null]>(
        `SELECT ?2 AS id, workspace_id AS target_id, source_id, created_at,
           json_extract(request_body, '$.params.message.contextId') AS context_id,
           seq <= coalesce((SELECT last_acked_seq FROM inbox_state s WHERE s.workspace_id = given.workspace_id), 0) AS is_read
         FROM activity given WHERE ${condition} AND (?3 IS NULL OR source_id = ?3) ORDER BY seq LIMIT 1`,
      )
      .get(first, id, sourceId ?? null) ?? undefined
  return (
    find("workspace_id = ?1 AND activity_type = 'a2a_receive' AND message_id = ?2", targetId) ??
    // A sender may give the task an id of its own, and older contracts keep no message ids.
    find(`${AMONG} AND ?2 IN (${MESSAGE_ID}, ${DELEGATION_ID})`, newestReceived(database, targetId))
  )
}

/** When the task was canceled. */
export function canceledAt(database: Database, { id, target_id }: GivenTask): string | undefined {
  const row = database
    .query<{ created_at: string }, [string, string]>(
      `SELECT created_at FROM activity WHERE ${AMONG} AND lower(method) IN ('tasks/cancel', 'canceltask')
       AND json_extract(request_body, '$.params.id') = ?2 ORDER BY seq LIMIT 1`,
    )
    .get(newestReceived(database, target_id), id)
  return row?.created_at
}

/** The message with which the agent answered the task, if the task's giver has it. */
export function answerTo(
  database: Database,
  { id, source_id, target_id }: GivenTask,
): { readonly at: string; readonly parts: readonly unknown[] } | undefined {
  if (source_id === null) return undefined
  const row = database
    .query<{ created_at: string; parts: string | null }, [string, string]>(
      `SELECT created_at, json_extract(request_body, '$.params.message.parts') AS parts FROM activity
       WHERE ${AMONG} AND ${DELEGATION_ID} = ?2 ORDER BY seq LIMIT 1`,
    )
    .get(newest(database, 'source_id', source_id, target_id), id)
  if (row === null) return undefined
  const { value } = parseJson(`{"parts":${row.parts ?? '[]'}}`) ?? {}
  const { parts } = asObject(value)
  return { at: row.created_at, parts: Array.isArray(parts) ? parts : [] }
}

function newestReceived(database: Database, workspaceId: string): string {
  return newest(database, 'activity_type', workspaceId, 'a2a_receive')
}

/** The places of an agent's newest rows, as a JSON list, without those that are too long to look into. */
function newest(
  database: Database,
  column: 'activity_type' | 'source_id',
  workspaceId: string,
  value: string,
): string {
  const rows = database
    .query<{ seq: number; bytes: number }, [string, string]>(
      `SELECT seq, coalesce(octet_length(request_body), 0) AS bytes FROM activity
       WHERE workspace_id = ? AND ${column} = ? ORDER BY created_at DESC, seq DESC LIMIT ${NEWEST}`,
    )
    .all(workspaceId, value)
  const sequence: number[] = []
  let size = 0
  for (const { seq, bytes } of rows) {
    if (size + bytes > MAX_BYTES) continue
    size += bytes
    sequence.push(seq)
  }
  return JSON.stringify(sequence)
}
