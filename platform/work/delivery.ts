/**
 * Delivers one A2A message to its workspace: stored for an agent that polls, sent to one that takes pushes,
 * queued for one that is busy. Whether the sender may send is decided before.
 */

import { asObject, isObject, type JsonObject, parseInSteps, parseJson } from '../base/json.ts'
import { turnFor } from '../base/request-body.ts'
import type { A2aMessage } from '../contract/a2a-message.ts'
import { textOf } from '../contract/a2a-parts.js'
import { asDeliveryMode, deliveryModeNow } from '../contract/delivery-mode.ts'
import type { Services } from '../services.ts'
import type { ActivityEntry } from '../store/activity.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { callAgent } from './agent-call.ts'
import { wake } from './lifecycle.ts'
import type { PushResult } from './push.ts'
import type { SentKey } from './sent-messages.ts'

export interface Sender {
  /** Undefined for the person's side. */
  readonly workspaceId: string | undefined
  /** How long the sender lets a push take, in seconds; undefined for the contract's ceiling. */
  readonly timeoutSeconds?: number | undefined
}

export type Delivery =
  /** Stored for the agent to fetch; its answer will be a message of its own. */
  | { readonly kind: 'stored'; readonly method: string }
  | { readonly kind: 'queued'; readonly queueId: string; readonly depth: number }
  /** Sent, and not answered while the sender waited. */
  | { readonly kind: 'in-flight'; readonly method: string }
  | { readonly kind: 'answered'; readonly text: string; readonly contentType: string }
  | {
      readonly kind: 'refused'
      readonly status: number
      readonly body: JsonObject
      readonly retryAfter?: number
    }

/** No push takes longer. */
const CEILING_MS = 30 * 60_000
/** How long the person's request waits for an agent's answer. */
const CANVAS_WAIT_MS = 90_000
const BUSY_RETRY_SECONDS = 30

export async function deliver(
  services: Services,
  target: WorkspaceRow,
  sender: Sender,
  message: A2aMessage,
): Promise<Delivery> {
  wake(services, target)
  if (services.rules().pollMode && deliveryModeNow(target) === 'poll')
    return hasRoom(services, target) ? store(services, target, sender, message) : refused(507, NO_ROOM)
  const repeated = repetitionOf(services, target, sender, message)
  if (repeated !== undefined) return repeated
  const unavailable = refuseOrQueue(services, target, sender, message)
  if (unavailable !== undefined) return unavailable
  const sending = dispatch(services, target, sender, message)
  if (sender.workspaceId !== undefined) services.sentMessages.add(keyOf(target, sender, message), sending)
  if (sender.workspaceId !== undefined || !services.rules().richEvents) return sending
  const answered = new AbortController()
  const waited = services.background
    .delay(CANVAS_WAIT_MS, answered.signal)
    .then((): Delivery => ({ kind: 'in-flight', method: message.method }))
  try {
    return await Promise.race([sending, waited])
  } finally {
    answered.abort()
  }
}

/** What waits for an agent that has not chosen a mode may all have to be queued at once, when it chooses to take pushes. */
function hasRoom({ activity }: Services, { id, delivery_mode: mode }: WorkspaceRow): boolean {
  if (asDeliveryMode(mode) !== undefined) return true
  const { messages, bytes } = activity.unanswered(id, MAX_UNCLAIMED_MESSAGES)
  return messages < MAX_UNCLAIMED_MESSAGES && bytes < MAX_UNCLAIMED_BYTES
}

const MAX_UNCLAIMED_MESSAGES = 1_000
const MAX_UNCLAIMED_BYTES = 4 * 1024 * 1024
const NO_ROOM = {
  error: 'too many messages wait for this workspace',
  max_messages: MAX_UNCLAIMED_MESSAGES,
  max_bytes: MAX_UNCLAIMED_BYTES,
  hint: 'its agent has never registered; start it, and send the message again',
}

/**
 * An agent that lost its connection may send the same message again: it joins the first request, or gets the
 * answer that this brought.
 */
function repetitionOf(
  { activity, rules, sentMessages }: Services,
  target: WorkspaceRow,
  sender: Sender,
  message: A2aMessage,
): Promise<Delivery> | Delivery | undefined {
  const { workspaceId: senderId } = sender
  const { messageId } = message
  if (senderId === undefined || messageId === undefined || !rules().deduplicatesMessages) return undefined
  const text = activity.answerTo(target.id, senderId, messageId)
  if (text !== undefined) return { kind: 'answered', text, contentType: 'application/json' }
  return sentMessages.find(keyOf(target, sender, message))
}

function keyOf(target: WorkspaceRow, { workspaceId }: Sender, { messageId }: A2aMessage): SentKey {
  return { targetId: target.id, senderId: workspaceId, messageId }
}

/** Stores and announces the message before its request is answered, unless a late write is injected. */
export function store(
  services: Services,
  target: WorkspaceRow,
  sender: Sender,
  message: A2aMessage,
): Delivery {
  const { background, faults } = services
  const lateMs = faults.state().late_write_ms
  if (lateMs === 0) write(services, target, sender, message)
  else {
    background.run(async () => {
      await background.delay(lateMs)
      if (!background.signal.aborted) write(services, target, sender, message)
    })
  }
  return { kind: 'stored', method: message.method }
}

function write(services: Services, target: WorkspaceRow, sender: Sender, message: A2aMessage): void {
  const { activity, clock, events, faults, rules } = services
  const withoutParams = faults.take('null_params_envelopes')
  const entry: ActivityEntry = {
    ...received(target, sender, message),
    summary: `${message.method} → ${target.name} ${rules().ingestSuffix}`,
    requestBody: withoutParams ? { ...message.envelope, method: null, params: null } : message.envelope,
    ...(rules().deduplicatesMessages && message.messageId !== undefined
      ? { messageId: message.messageId }
      : {}),
  }
  activity.record(entry)
  if (rules().announcesTwice) clock.after(0, () => activity.announce(entry))
  if (sender.workspaceId === undefined && rules().richEvents) {
    events.publish('USER_MESSAGE', target.id, {
      message: message.text,
      message_id: message.messageId ?? null,
    })
  }
}

/** The fields of a message's row in either mode. */
function received(target: WorkspaceRow, sender: Sender, message: A2aMessage): ActivityEntry {
  return {
    workspaceId: target.id,
    activityType: 'a2a_receive',
    sourceId: sender.workspaceId ?? null,
    targetId: target.id,
    method: message.method || null,
  }
}

/** The outcome for a push target that cannot be called now: asleep, paused, without a URL, or busy. */
function refuseOrQueue(
  services: Services,
  target: WorkspaceRow,
  sender: Sender,
  message: A2aMessage,
): Delivery | undefined {
  if (target.status === 'hibernated' || target.status === 'hibernating') {
    return refused(503, { error: 'workspace is waking', waking: true, retry_after: 15 }, 15)
  }
  if (target.status === 'paused') return refused(503, { error: 'workspace is paused', status: 'paused' })
  const starting = target.status === 'provisioning' || target.status === 'awaiting_agent'
  if (target.url === '' && !(starting && services.rules().tokenKinds)) {
    return refused(503, { error: 'workspace has no URL', status: target.status })
  }
  if (target.url !== '' && target.active_tasks < target.max_concurrent_tasks) return undefined
  const { id, depth } = services.queue.enqueue({
    workspaceId: target.id,
    callerId: sender.workspaceId,
    messageId: message.messageId,
    method: message.method,
    body: JSON.stringify(message.envelope),
    expiresInSeconds: message.expiresInSeconds,
  })
  return { kind: 'queued', queueId: id, depth }
}

/** Calls the agent and records the result (contract: inbox rows of failed and of answered pushes). */
export async function dispatch(
  services: Services,
  target: WorkspaceRow,
  sender: Sender,
  message: A2aMessage,
): Promise<Delivery> {
  const started = services.clock.now()
  const deadline = deadlineFor(services, target, sender)
  const result = await callAgent(
    message.envelope,
    {
      url: target.url,
      secret: target.inbound_secret,
      signal: deadline.signal,
      maxResponseBytes: services.rules().pushResponseBytes,
      onBytes: deadline.extend,
    },
    services.pushSettings(),
  )
  deadline.cancel()
  const delivery = deliveryOf(result)
  if (services.background.signal.aborted) return delivery
  const answered = delivery.kind === 'answered'
  const turnIfLong = turnFor(answered ? delivery.text : '', () => services.background.turn())
  const answer = answered
    ? ((await parseInSteps(delivery.text, turnIfLong))?.value ?? delivery.text)
    : undefined
  await turnIfLong()
  if (isObject(answer)) services.activity.prepare(answer)
  await turnIfLong()
  const entry: ActivityEntry = {
    ...received(target, sender, message),
    summary: `${message.method} → ${target.name}`,
    requestBody: message.envelope,
    // By which its sender finds the answer, if it lost the request.
    ...(answered && sender.workspaceId !== undefined && message.messageId !== undefined
      ? { messageId: message.messageId }
      : {}),
    ...(answered ? { responseBody: answer } : {}),
    durationMs: Math.round(services.clock.now() - started),
    status: answered ? 'ok' : 'error',
    errorDetail: delivery.kind === 'refused' ? textOf(delivery.body.error) : null,
  }
  services.activity.record(entry)
  if (answered && sender.workspaceId === undefined) {
    services.events.publish('A2A_RESPONSE', target.id, { response_body: entry.responseBody })
  }
  return delivery
}

/** Ends a push once its agent has given no sign of life for its idle time, and at the ceiling in any case. */
function deadlineFor(
  services: Services,
  target: WorkspaceRow,
  sender: Sender,
): { readonly signal: AbortSignal; readonly extend: () => void; readonly cancel: () => void } {
  const { background, clock, events, rules } = services
  const ownIdleMs = (target.idle_timeout_seconds ?? 0) * 1000
  const idleMs = Math.min(ownIdleMs > 0 ? ownIdleMs : rules().pushIdleMs, CEILING_MS)
  const requestedMs = (sender.timeoutSeconds ?? 0) * 1000 || CEILING_MS
  const controller = new AbortController()
  const abort = () => controller.abort()
  let cancelIdle = clock.after(idleMs, abort)
  const cancelCeiling = clock.after(Math.min(requestedMs, CEILING_MS), abort)
  const extend = () => {
    cancelIdle()
    cancelIdle = clock.after(idleMs, abort)
  }
  const unsubscribe = events.subscribe(target.id, extend)
  const cancel = () => {
    cancelIdle()
    cancelCeiling()
    unsubscribe()
  }
  return { signal: AbortSignal.any([controller.signal, background.signal]), extend, cancel }
}

function deliveryOf(result: PushResult): Delivery {
  switch (result.kind) {
    case 'answered':
      if (result.status < 300) return { kind: 'answered', text: result.text, contentType: result.contentType }
      return result.status === 503 ? busy() : refused(result.status, { error: errorText(result.text) })
    case 'not-routable':
      return refused(502, { error: 'workspace URL is not publicly routable' })
    case 'silent':
      return busy()
    case 'unreachable':
      return refused(502, { error: 'failed to reach workspace agent' })
    case 'body-lost':
      return refused(502, { error: 'failed to read agent response', delivery_confirmed: result.delivered })
  }
}

/** The agent may have the message, so the sender must not try again at once. */
function busy(): Delivery {
  const error = 'workspace agent is busy or restarting'
  return refused(503, { error, busy: true, retry_after: BUSY_RETRY_SECONDS }, BUSY_RETRY_SECONDS)
}

function errorText(text: string): string {
  const { error } = asObject(parseJson(text)?.value)
  return typeof error === 'string' ? error : text.slice(0, 200) || 'agent error'
}

function refused(status: number, body: JsonObject, retryAfter?: number): Delivery {
  return { kind: 'refused', status, body, ...(retryAfter === undefined ? {} : { retryAfter }) }
}
