/**
 * POST /workspaces/:id/a2a: a message to an agent, from another agent or the person, and calls about the tasks that
 * messages gave. Also the state of a queued message.
 */
import { parseInSteps } from '../base/json.ts'
import { newUuid } from '../base/random.ts'
import { readText, turnFor } from '../base/request-body.ts'
import { json, refuse } from '../base/response.ts'
import { wireTimestamp } from '../base/timestamp.ts'
import { normalizeA2a } from '../contract/a2a-message.ts'
import { callOf } from '../contract/a2a-method.js'
import { deliveryModeNow } from '../contract/delivery-mode.ts'
import { bearerOf } from '../http/authentication.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'
import type { QueueItem } from '../store/queue.ts'
import { type Delivery, deliver, dispatch } from '../work/delivery.ts'
import { answerCall } from '../work/task-calls.ts'
import { type Caller, callerOf } from './a2a-caller.ts'

/** The one person of a local platform: the holder of the operator token. */
const OPERATOR = { user_id: 'local-operator', email: 'operator@localhost', username: 'operator' }

export const a2aRoutes: readonly Route[] = [
  { method: 'POST', path: '/workspaces/:id/a2a', gate: 'open', handle: send },
  { method: 'GET', path: '/workspaces/:id/a2a/queue/:queueId', gate: 'open', handle: queueState },
]

async function send(services: Services, call: Call): Promise<Response> {
  const { faults, rules, workspaces } = services
  const targetId = call.param('id')
  const caller = callerOf(services, call.request.headers, targetId)
  if (caller.kind === 'workspace' && caller.id !== targetId && !workspaces.mayTalk(caller.id, targetId)) {
    throw refuse(403, 'access denied: workspaces cannot communicate per hierarchy rules')
  }
  const body = await bodyWithinLimit(services, call)
  const turnIfLong = turnFor(body, call.turn)
  const payload = (await parseInSteps(body, turnIfLong))?.value
  await turnIfLong()
  const known = caller.kind === 'canvas' && caller.verified && !faults.state().unauthenticated_user
  const canvas =
    caller.kind === 'canvas' ? { workspaceId: targetId, user: known ? OPERATOR : undefined } : undefined
  const message = normalizeA2a(payload, canvas, rules(), () => newUuid(services.random))
  await turnIfLong()
  services.activity.prepare(message.envelope)
  await turnIfLong()
  const target = workspaces.find(targetId)
  if (target === undefined) throw refuse(404, 'workspace not found')
  const sourceId = caller.kind === 'workspace' ? caller.id : undefined
  if (sourceId !== undefined) workspaces.update(sourceId, { last_outbound_at: services.timestamps.now() })
  // A push agent may work in silence for longer than a silent connection is otherwise kept.
  if (deliveryModeNow(target) === 'push') call.keepOpen()
  const timeoutSeconds = positive(call.request.headers.get('X-Timeout'))
  const sender = { workspaceId: sourceOf(caller), timeoutSeconds }
  if (callOf(message.method) !== 'message' && !faults.state().stores_every_call) {
    // An agent that can be called answers for its own tasks, even while it is busy with one.
    const canCall = deliveryModeNow(target) === 'push' && target.url !== ''
    return canCall
      ? responseTo(await dispatch(services, target, sender, message))
      : json(answerCall(services, target, sender, message))
  }
  const delivery = await deliver(services, target, sender, message)
  if (sourceId !== undefined) services.delegations.noteAnswer(sourceId, targetId, message)
  return responseTo(delivery)
}

function positive(header: string | null): number | undefined {
  const seconds = Number(header)
  return seconds > 0 ? seconds : undefined
}

/** A same-origin canvas caller's claimed identity is believed (contract: the Origin trap). */
function sourceOf(caller: Caller): string | undefined {
  return caller.kind === 'workspace' ? caller.id : caller.claimedId
}

async function bodyWithinLimit(services: Services, call: Call): Promise<string> {
  const { a2aBodyBytes, a2aOversize } = services.rules()
  const { text, truncated } = await readText(call, a2aBodyBytes)
  if (truncated && a2aOversize === 'refuse') {
    throw refuse(413, 'request body too large', { truncated: true, max_bytes: a2aBodyBytes })
  }
  return text
}

/** The contract's responses, among them its three forms of "queued". */
function responseTo(delivery: Delivery): Response {
  switch (delivery.kind) {
    case 'stored':
      return json({ status: 'queued', delivery_mode: 'poll', method: delivery.method })
    case 'queued':
      return json(
        {
          queued: true,
          queue_id: delivery.queueId,
          queue_depth: delivery.depth,
          message: 'workspace is busy; the message was queued',
        },
        202,
      )
    case 'in-flight':
      return json({ status: 'queued', delivery_mode: 'push-async', method: delivery.method })
    case 'answered':
      return new Response(delivery.text, { headers: { 'Content-Type': delivery.contentType } })
    case 'refused':
      return json(
        delivery.body,
        delivery.status,
        delivery.retryAfter === undefined ? {} : { 'Retry-After': String(delivery.retryAfter) },
      )
  }
}

/**
 * For the sender, the target and the operator; to everyone else the item does not exist. A message that was sent
 * without waiting is found by its own id, with the answer that its sender may have missed.
 */
function queueState(services: Services, call: Call): Response {
  const bearer = bearerOf(call.request.headers)
  const principal = bearer === undefined ? undefined : services.authentication.principalOf(bearer)
  const [targetId, id] = [call.param('id'), call.param('queueId')]
  const item = services.queue.find(targetId, id)
  const allowed =
    principal?.kind === 'admin' || (principal?.kind === 'workspace' && mayRead(principal.id, item))
  if (!services.rules().pollMode) throw refuse(404, 'queue item not found')
  if (item !== undefined && allowed) return json(queueForm(item, services.rules().queueBodyBase64))
  const sent = principal?.kind === 'workspace' ? sentForm(services, targetId, principal.id, id) : undefined
  if (sent === undefined) throw refuse(404, 'queue item not found')
  return json(sent)
}

function mayRead(id: string, item: QueueItem | undefined): boolean {
  return item?.workspace_id === id || item?.caller_id === id
}

function sentForm(
  { activity, rules, sentMessages }: Services,
  targetId: string,
  senderId: string,
  messageId: string,
): object | undefined {
  const form = { queue_id: messageId, workspace_id: targetId, priority: 0, attempts: 1 }
  const answer = activity.answerTo(targetId, senderId, messageId)
  if (answer !== undefined) {
    const body = rules().queueBodyBase64 ? Buffer.from(answer).toString('base64') : answer
    return { ...form, status: 'completed', response_body: body }
  }
  return sentMessages.find({ targetId, senderId, messageId }) === undefined
    ? undefined
    : { ...form, status: 'dispatched' }
}

function queueForm(item: QueueItem, base64: boolean): object {
  const form: Record<string, unknown> = {
    queue_id: item.id,
    workspace_id: item.workspace_id,
    status: item.status,
    priority: item.priority,
    attempts: item.attempts,
    enqueued_at: wireTimestamp(item.enqueued_at),
  }
  if (item.last_error !== null) form.last_error = item.last_error
  if (item.dispatched_at !== null) form.dispatched_at = wireTimestamp(item.dispatched_at)
  if (item.completed_at !== null) form.completed_at = wireTimestamp(item.completed_at)
  if (item.expires_at !== null) form.expires_at = wireTimestamp(item.expires_at)
  if (item.response_body !== null) {
    form.response_body = base64 ? Buffer.from(item.response_body).toString('base64') : item.response_body
  }
  return form
}
