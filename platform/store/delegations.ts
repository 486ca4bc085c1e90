/** Delegated tasks: a ledger of each task and its outcome, and the activity rows about them. */
import { asObject, isObject, type JsonObject } from '../base/json.ts'
import { firstCharacters } from '../base/text.ts'
import type { A2aMessage } from '../contract/a2a-message.ts'
import type { Outcome } from '../contract/agent-answer.ts'
import type { ActivityEntry, ActivityLog } from './activity.ts'
import type { StoreContext } from './context.ts'

type DelegationStatus = 'queued' | 'dispatched' | 'in_progress' | 'completed' | 'failed'

export interface Delegation {
  readonly id: string
  readonly source_id: string
  readonly target_id: string
  /** Its beginning; all of it in a row of an older platform. */
  readonly task: string
  readonly status: DelegationStatus
  readonly response_preview: string | null
  readonly error: string | null
  readonly created_at: string
  readonly updated_at: string
}

interface NewDelegation {
  readonly id: string
  readonly sourceId: string
  readonly targetId: string
  readonly task: string
  readonly idempotencyKey: string | undefined
  readonly status: DelegationStatus
}

const SUMMARY_CHARS = 80
const PREVIEW_BYTES = 300
const LIST_LIMIT = 50

export class Delegations {
  readonly #context: StoreContext
  readonly #activity: ActivityLog

  constructor(context: StoreContext, activity: ActivityLog) {
    this.#context = context
    this.#activity = activity
  }

  /** The delegation that used this key before, unless it failed. */
  findByKey(sourceId: string, key: string): Delegation | undefined {
    const found = this.#context.database
      .query<Delegation, [string, string]>(
        "SELECT * FROM delegations WHERE source_id = ? AND idempotency_key = ? AND status <> 'failed'",
      )
      .get(sourceId, key)
    return found ?? undefined
  }

  find(sourceId: string, id: string): Delegation | undefined {
    const found = this.#context.database
      .query<Delegation, [string, string]>('SELECT * FROM delegations WHERE source_id = ? AND id = ?')
      .get(sourceId, id)
    return found ?? undefined
  }

  /** Stores a delegation, with its activity row on the delegating side. */
  add(delegation: NewDelegation): void {
    const now = this.#context.timestamps.now()
    this.#context.database
      .query(
        `INSERT INTO delegations (id, source_id, target_id, task, status, idempotency_key, created_at, updated_at)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
      )
      .run(
        delegation.id,
        delegation.sourceId,
        delegation.targetId,
        // The activity row has all of it. SQLite writes this row anew at each step.
        firstCharacters(delegation.task, SUMMARY_CHARS),
        delegation.status,
        delegation.idempotencyKey ?? null,
        now,
        now,
      )
    this.#activity.append({
      workspaceId: delegation.sourceId,
      activityType: 'delegation',
      method: 'delegate',
      sourceId: delegation.sourceId,
      targetId: delegation.targetId,
      summary: `Delegating: ${firstCharacters(delegation.task, SUMMARY_CHARS)}`,
      requestBody: { delegation_id: delegation.id, task: delegation.task },
      status: delegation.status === 'queued' ? 'pending' : delegation.status,
      idempotencyKey: rowKey(delegation.id),
    })
    this.#context.events.publish('DELEGATION_SENT', delegation.sourceId, {
      delegation_id: delegation.id,
      target_id: delegation.targetId,
    })
  }

  /** Notes a step that is not the last one. */
  advance(sourceId: string, id: string, status: 'queued' | 'dispatched' | 'in_progress'): void {
    this.#setStatus(sourceId, id, status, status === 'in_progress' ? 'dispatched' : status)
    this.#context.events.publish('DELEGATION_STATUS', sourceId, { delegation_id: id, status })
  }

  /** Notes the last step. A delegation that has finished stays as it is. */
  finish(sourceId: string, id: string, targetId: string | null, outcome: Outcome): void {
    const known = this.find(sourceId, id)
    if (known?.status === 'completed' || known?.status === 'failed') return
    const failed = 'error' in outcome
    const status = failed ? 'failed' : 'completed'
    const text = outcome.text ?? ''
    this.#context.database
      .query(
        'UPDATE delegations SET status = ?, response_preview = ?, error = ?, updated_at = ? WHERE source_id = ? AND id = ?',
      )
      .run(
        status,
        text === '' ? null : preview(text),
        failed ? outcome.error : null,
        this.#context.timestamps.now(),
        sourceId,
        id,
      )
    this.#setRowStatus(sourceId, id, status)
    const result: ActivityEntry = {
      workspaceId: sourceId,
      activityType: 'delegation',
      method: 'delegate_result',
      sourceId,
      targetId,
      summary: failed ? 'Delegation failed' : `Delegation completed: ${firstCharacters(text, SUMMARY_CHARS)}`,
      requestBody: { delegation_id: id },
      responseBody: { text, delegation_id: id },
      status,
      errorDetail: failed ? outcome.error : null,
    }
    this.#activity.append(result)
    if (this.#context.faults.state().delegation_results_in_inbox) {
      this.#activity.record({ ...result, activityType: 'a2a_receive', status: failed ? 'error' : 'ok' })
    }
    this.#context.events.publish(failed ? 'DELEGATION_FAILED' : 'DELEGATION_COMPLETE', sourceId, {
      delegation_id: id,
      target_id: targetId,
      response_preview: preview(text),
      ...(failed ? { error: outcome.error } : {}),
    })
  }

  /**
   * Where delegations wait for the answer, takes a peer's message to the delegator as the result of the
   * delegation it names, or else of the oldest one open between the two.
   */
  noteAnswer(peerId: string, delegatorId: string, message: A2aMessage): void {
    if (this.#context.faults.state().delegation_completes !== 'answer' || asksBack(message.envelope)) return
    const open = this.#context.database
      .query<Delegation, [string, string]>(
        `SELECT * FROM delegations INDEXED BY delegations_open
         WHERE source_id = ? AND target_id = ? AND status NOT IN ('completed', 'failed') ORDER BY position`,
      )
      .all(delegatorId, peerId)
    const named = delegationIdOf(message.envelope)
    const answered = named === undefined ? open[0] : open.find((delegation) => delegation.id === named)
    if (answered !== undefined) this.finish(delegatorId, answered.id, peerId, { text: message.text })
  }

  /** Given and received delegations, newest first. */
  list(workspaceId: string): readonly Delegation[] {
    return this.#context.database
      .query<Delegation, [string, string]>(
        `SELECT * FROM (SELECT * FROM delegations WHERE source_id = ?1 ORDER BY position DESC LIMIT ${LIST_LIMIT})
         UNION SELECT * FROM (SELECT * FROM delegations WHERE target_id = ?2 ORDER BY position DESC LIMIT ${LIST_LIMIT})
         ORDER BY position DESC LIMIT ${LIST_LIMIT}`,
      )
      .all(workspaceId, workspaceId)
  }

  #setStatus(sourceId: string, id: string, status: DelegationStatus, rowStatus: string): void {
    this.#context.database
      .query('UPDATE delegations SET status = ?, updated_at = ? WHERE source_id = ? AND id = ?')
      .run(status, this.#context.timestamps.now(), sourceId, id)
    this.#setRowStatus(sourceId, id, rowStatus)
  }

  #setRowStatus(sourceId: string, id: string, status: string): void {
    this.#context.database
      .query('UPDATE activity SET status = ? WHERE workspace_id = ? AND idempotency_key = ?')
      .run(status, sourceId, rowKey(id))
  }
}

/** At most 300 bytes of an answer, cut between characters and marked with `...`. */
export function preview(text: string): string {
  const bytes = Buffer.from(text)
  if (bytes.byteLength <= PREVIEW_BYTES) return text
  let end = PREVIEW_BYTES
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return `${bytes.subarray(0, end).toString('utf8')}...`
}

function rowKey(id: string): string {
  return `delegate:${id}`
}

/** The peer needs something before it can continue the task. */
function asksBack(envelope: JsonObject): boolean {
  const message = asObject(asObject(envelope.params).message)
  return asObject(message.metadata).task_state === 'input-required'
}

function delegationIdOf(envelope: JsonObject): string | undefined {
  const params = asObject(envelope.params)
  const message = asObject(params.message)
  for (const metadata of [message.metadata, params.metadata]) {
    if (isObject(metadata) && typeof metadata.delegation_id === 'string') return metadata.delegation_id
  }
  return undefined
}
