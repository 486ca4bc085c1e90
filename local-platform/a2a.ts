// POST /workspaces/:id/a2a: a message to an agent, from another agent or from the human.

import { type Caller, callerOf } from './a2a-caller.ts'
import { type A2aMessage, normaliseA2a } from './a2a-message.ts'
import type { ActivityEntry } from './activity.ts'
import { json, readBody, refuse } from './http.ts'
import { newUuid } from './random.ts'
import type { Call, Route } from './router.ts'
import type { Services } from './services.ts'
import type { WorkspaceRow } from './workspaces.ts'

/** The one human of a local platform: whoever holds the admin token. */
const OPERATOR = { user_id: 'local-operator', email: 'operator@localhost', username: 'operator' }

export function a2aRoute(services: Services): Route {
  return { method: 'POST', path: '/workspaces/:id/a2a', gate: 'open', handle: (call) => send(services, call) }
}

async function send(services: Services, call: Call): Promise<Response> {
  const { rules, workspaces } = services
  const targetId = call.param('id')
  const caller = callerOf(services, call.request.headers, targetId)
  if (caller.kind === 'workspace' && caller.id !== targetId && !workspaces.mayTalk(caller.id, targetId)) {
    throw refuse(403, 'access denied: workspaces cannot communicate per hierarchy rules')
  }
  const body = await bodyWithinLimit(services, call.request)
  const canvas =
    caller.kind === 'canvas'
      ? { workspaceId: targetId, user: caller.verified ? OPERATOR : undefined }
      : undefined
  const message = normaliseA2a(body, canvas, rules(), () => newUuid(services.random))
  const target = workspaces.find(targetId)
  if (target === undefined) throw refuse(404, 'workspace not found')
  if (caller.kind === 'workspace') workspaces.update(caller.id, { last_outbound_at: services.time.at() })
  if (rules().pollMode && target.delivery_mode === 'poll')
    return storeForPolling(services, target, caller, message)
  throw refuse(503, 'workspace has no URL', { status: target.status })
}

async function bodyWithinLimit(services: Services, request: Request): Promise<string> {
  const { a2aBodyBytes, a2aOversize } = services.rules()
  const { text, truncated } = await readBody(request, a2aBodyBytes)
  if (truncated && a2aOversize === 'refuse') {
    throw refuse(413, 'request body too large', { truncated: true, max_bytes: a2aBodyBytes })
  }
  return text
}

/** Stored before it is answered, announced before it is answered; the agent's reply comes as a message of its own. */
function storeForPolling(
  services: Services,
  target: WorkspaceRow,
  caller: Caller,
  message: A2aMessage,
): Response {
  const { activity, events, rules } = services
  const entry: ActivityEntry = {
    workspaceId: target.id,
    activityType: 'a2a_receive',
    sourceId: caller.kind === 'workspace' ? caller.id : null,
    targetId: target.id,
    method: message.method || null,
    summary: `${message.method} → ${target.name} ${rules().ingestSuffix}`,
    requestBody: message.envelope,
    ...(rules().deduplicatesMessages && message.messageId !== undefined
      ? { messageId: message.messageId }
      : {}),
  }
  activity.append(entry)
  activity.announce(entry)
  if (rules().announcesTwice) setImmediate(() => activity.announce(entry))
  if (caller.kind === 'canvas' && rules().richEvents) {
    events.publish('USER_MESSAGE', target.id, {
      message: message.text,
      message_id: message.messageId ?? null,
    })
  }
  return json({ status: 'queued', delivery_mode: 'poll', method: message.method })
}
