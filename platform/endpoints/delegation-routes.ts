/** Giving a task to a peer, and asking what became of it (contract: delegation). */

import { asObject, type JsonObject } from '../base/json.ts'
import { isUuid, newUuid } from '../base/random.ts'
import { readJson, turnFor } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { firstCharacters } from '../base/text.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import { normalizeA2a } from '../contract/a2a-message.ts'
import { textOf } from '../contract/a2a-parts.js'
import { type Begun, type Outcome, outcomeOf } from '../contract/agent-answer.ts'
import type { Call, Route } from '../http/router.ts'
import * as wire from '../http/wire.ts'
import type { Services } from '../services.ts'
import type { ActivityRow } from '../store/activity.ts'
import type { Delegation } from '../store/delegations.ts'
import { conclude } from '../work/begun-tasks.ts'
import { type Delivery, deliver } from '../work/delivery.ts'

const INVALID = 'invalid delegation request'

const taskSchema = wire.struct({ target_id: wire.required, task: wire.required, idempotency_key: wire.text })
const recordedTaskSchema = wire.struct({
  target_id: wire.identifier,
  task: wire.required,
  delegation_id: wire.required,
})
const updateSchema = wire.struct({ status: wire.text, error: wire.text, response_preview: wire.text })

const RETRY_MS = 8000
const MAX_ROWS = 50
const SUMMARY_CHARS = 80

export const delegationRoutes: readonly Route[] = [
  { method: 'POST', path: '/workspaces/:id/delegate', gate: 'workspace', handle: delegate },
  { method: 'GET', path: '/workspaces/:id/delegations', gate: 'workspace', handle: list },
  { method: 'POST', path: '/workspaces/:id/delegations/record', gate: 'workspace', handle: record },
  {
    method: 'POST',
    path: '/workspaces/:id/delegations/:delegationId/update',
    gate: 'workspace',
    handle: update,
  },
]

async function delegate(services: Services, call: Call): Promise<Response> {
  const { delegations } = services
  const sourceId = services.workspaces.require(call.param('id')).id
  const request = await readJson(call, taskSchema, INVALID)
  const targetId = request.target_id.toLowerCase()
  if (!isUuid(targetId)) throw refuse(400, 'target_id must be a valid UUID')
  if (targetId === sourceId) throw refuse(400, 'self-delegation not permitted', selfHint(services))
  const key = request.idempotency_key || undefined
  const before = key === undefined ? undefined : delegations.findByKey(sourceId, key)
  if (before !== undefined) {
    const { id, status, target_id } = before
    return json({ delegation_id: id, status, target_id, idempotent_hit: true })
  }
  const id = newUuid(services.random)
  delegations.add({ id, sourceId, targetId, task: request.task, idempotencyKey: key, status: 'queued' })
  services.background.run(() => sendTask(services, sourceId, targetId, id, request.task))
  return json({ delegation_id: id, status: 'delegated', target_id: targetId }, 202)
}

function selfHint(services: Services): JsonObject {
  if (!services.rules().tokenKinds) return {}
  return { reason: 'self_delegation', hint: 'Do the task yourself, or name another workspace.' }
}

/** Sends the task. The caller hears of no refusal: it becomes the delegation's result. */
async function sendTask(
  services: Services,
  sourceId: string,
  targetId: string,
  id: string,
  task: string,
): Promise<void> {
  const { background, delegations, workspaces } = services
  if (!workspaces.mayTalk(sourceId, targetId)) {
    delegations.finish(sourceId, id, targetId, {
      error: 'access denied: workspaces cannot communicate per hierarchy rules',
    })
    return
  }
  const turnIfLong = turnFor(task, () => background.turn())
  await turnIfLong()
  delegations.advance(sourceId, id, 'dispatched')
  await turnIfLong()
  let delivery = await send(services, sourceId, targetId, id, task)
  if (delivery?.kind === 'refused' && (delivery.status === 502 || delivery.body.restarting === true)) {
    await background.delay(RETRY_MS)
    if (background.signal.aborted) return
    delivery = await send(services, sourceId, targetId, id, task)
  }
  if (background.signal.aborted || delivery === undefined) return
  await turnIfLong()
  const result = resultOf(delivery, services.faults.state().delegation_completes === 'answer')
  if ('step' in result) delegations.advance(sourceId, id, result.step)
  else conclude(services, { sourceId, id, targetId }, result.outcome)
}

async function send(
  services: Services,
  sourceId: string,
  targetId: string,
  id: string,
  task: string,
): Promise<Delivery | undefined> {
  const target = services.workspaces.find(targetId)
  if (target === undefined) return undefined
  const parts = [{ kind: 'text', text: task }]
  const body = {
    jsonrpc: '2.0',
    id,
    method: 'message/send',
    params: { message: { role: 'user', messageId: id, parts, metadata: { delegation_id: id } } },
  }
  const uuid = () => newUuid(services.random)
  const message = normalizeA2a(body, undefined, services.rules(), uuid)
  return deliver(services, target, { workspaceId: sourceId }, message)
}

type Result = { readonly step: 'queued' | 'in_progress' } | { readonly outcome: Outcome | Begun }

/**
 * What a delivery means for the delegation. By the contract a stored poll message is a finished task with the
 * queued answer as its text; the fault `delegation_completes` waits for the peer instead.
 */
function resultOf(delivery: Delivery, waitsForAnswer: boolean): Result {
  switch (delivery.kind) {
    case 'stored': {
      if (waitsForAnswer) return { step: 'in_progress' }
      const text = JSON.stringify({ delivery_mode: 'poll', method: delivery.method, status: 'queued' })
      return { outcome: { text } }
    }
    case 'queued':
      return { step: 'queued' }
    case 'in-flight':
      return { step: 'in_progress' }
    case 'answered':
      return { outcome: outcomeOf(delivery.text) }
    case 'refused':
      return { outcome: { error: textOf(delivery.body.error) } }
  }
}

function list(services: Services, call: Call): Response {
  const { activity, delegations, rules } = services
  const id = call.param('id')
  if (rules().delegationLedger) {
    return json(delegations.list(id).map((one) => ({ ...ledgerForm(one, id), ...receiptOf(services, one) })))
  }
  return json(activity.delegations(id, MAX_ROWS).map(rowForm))
}

/** How far the message that gave the task got. */
function receiptOf({ receipts, rules }: Services, { id, source_id, target_id }: Delegation): object {
  const receipt = rules().receipts ? receipts.ofSent(target_id, source_id, id) : undefined
  return receipt === undefined ? {} : { receipt }
}

function ledgerForm(delegation: Delegation, reader: string): object {
  return {
    delegation_id: delegation.id,
    source_id: delegation.source_id,
    target_id: delegation.target_id,
    direction: delegation.source_id === reader ? 'sent' : 'received',
    summary: firstCharacters(delegation.task, SUMMARY_CHARS),
    status: delegation.status,
    created_at: wireTimestamp(delegation.created_at),
    updated_at: wireTimestamp(delegation.updated_at),
    ...(delegation.response_preview === null ? {} : { response_preview: delegation.response_preview }),
    ...(delegation.error === null ? {} : { error: delegation.error }),
    _ledger: true,
  }
}

function rowForm(row: ActivityRow): object {
  const request = row.request_body === null ? {} : asObject(JSON.parse(row.request_body))
  const response = row.response_body === null ? {} : asObject(JSON.parse(row.response_body))
  const text = typeof response.text === 'string' ? response.text : ''
  return {
    id: row.id,
    type: 'delegation',
    source_id: row.source_id,
    target_id: row.target_id,
    summary: row.summary,
    status: row.status,
    created_at: wireTimestamp(row.created_at),
    ...(request.delegation_id ? { delegation_id: request.delegation_id } : {}),
    ...(row.error_detail === null ? {} : { error: row.error_detail }),
    ...(text === '' ? {} : { response_preview: text.length > 300 ? `${text.slice(0, 300)}...` : text }),
  }
}

/** Adds a task to the ledger that the agent has sent itself. */
async function record(services: Services, call: Call): Promise<Response> {
  const sourceId = services.workspaces.require(call.param('id')).id
  const body = await readJson(call, recordedTaskSchema, INVALID)
  services.delegations.add({
    id: body.delegation_id,
    sourceId,
    targetId: body.target_id,
    task: body.task,
    idempotencyKey: undefined,
    status: 'dispatched',
  })
  return json({ delegation_id: body.delegation_id, status: 'recorded' }, 202)
}

async function update(services: Services, call: Call): Promise<Response> {
  const sourceId = services.workspaces.require(call.param('id')).id
  const id = call.param('delegationId')
  const body = await readJson(call, updateSchema)
  if (body.status !== 'completed' && body.status !== 'failed') {
    throw refuse(400, "status must be 'completed' or 'failed'")
  }
  const targetId = services.delegations.find(sourceId, id)?.target_id ?? null
  const text = body.response_preview
  services.delegations.finish(
    sourceId,
    id,
    targetId,
    body.status === 'failed' ? { error: body.error || 'failed', text } : { text },
  )
  return json({ status: body.status, delegation_id: id })
}
