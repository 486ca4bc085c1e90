/**
 * Delivers what waited for an agent: pushed once it has capacity again, or stored if it has come to poll
 * (contract: queue).
 */
import { asObject } from '../base/json.ts'
import type { A2aMessage } from '../contract/a2a-message.ts'
import { partsIn, readParts, textOf, wordsOf } from '../contract/a2a-parts.js'
import { type Begun, type Outcome, outcomeOf } from '../contract/agent-answer.ts'
import { deliveryModeNow } from '../contract/delivery-mode.ts'
import type { Services } from '../services.ts'
import type { QueueItem } from '../store/queue.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { conclude } from './begun-tasks.ts'
import { dispatch, store } from './delivery.ts'

/**
 * Sends what waits for a workspace, up to its free capacity.
 *
 * @param activeTasks what the agent last reported; the number of messages in flight counts if it is higher.
 */
export function drain(services: Services, target: WorkspaceRow, activeTasks: number): void {
  const { queue, rules } = services
  if (queue.depth(target.id) === 0) return
  if (rules().pollMode && deliveryModeNow(target) === 'poll') storeAll(services, target)
  else if (target.url !== '') pushSome(services, target, activeTasks)
}

function pushSome(services: Services, target: WorkspaceRow, activeTasks: number): void {
  const { background, queue, rules } = services
  const free = target.max_concurrent_tasks - Math.max(activeTasks, queue.inFlight(target.id))
  if (free <= 0) return
  for (const item of queue.take(target.id, rules().drainsFreeCapacity ? free : 1)) {
    background.run(() => sendItem(services, target, item))
  }
}

/** Queues what was stored for an agent before it chose to take pushes. */
export function queueStored(services: Services, target: WorkspaceRow): void {
  for (const row of services.activity.takeUnanswered(target.id)) {
    const message = asObject(asObject(asObject(JSON.parse(row.request_body ?? '{}')).params).message)
    services.queue.enqueue({
      workspaceId: target.id,
      callerId: row.source_id ?? undefined,
      messageId: typeof message.messageId === 'string' ? message.messageId : undefined,
      method: row.method ?? '',
      body: row.request_body ?? '{}',
      expiresInSeconds: undefined,
    })
  }
}

/** Drains the queue of every present agent without waiting for its next heartbeat. */
export function drainAll(services: Services): void {
  if (!services.rules().sweepsQueue) return
  for (const id of services.queue.waiting()) {
    const target = services.workspaces.find(id)
    if (target?.status === 'online' || target?.status === 'degraded')
      drain(services, target, target.active_tasks)
  }
}

/** An agent that polls has no capacity to wait for. */
function storeAll(services: Services, target: WorkspaceRow): void {
  const { delegations, queue } = services
  for (const item of queue.take(target.id, queue.depth(target.id))) {
    const { caller_id: callerId, message_id: messageId } = item
    const stored = store(services, target, { workspaceId: callerId ?? undefined }, messageOf(item))
    queue.complete(item.id, JSON.stringify(stored))
    if (callerId === null || messageId === null) continue
    if (delegations.find(callerId, messageId) !== undefined) {
      delegations.advance(callerId, messageId, 'in_progress')
    }
  }
}

async function sendItem(services: Services, target: WorkspaceRow, item: QueueItem): Promise<void> {
  const { background, queue } = services
  const sender = { workspaceId: item.caller_id ?? undefined }
  const delivery = await dispatch(services, target, sender, messageOf(item))
  if (background.signal.aborted) return
  if (delivery.kind === 'answered') {
    queue.complete(item.id, delivery.text)
    finishDelegation(services, item, outcomeOf(delivery.text))
    return
  }
  const error = delivery.kind === 'refused' ? textOf(delivery.body.error) : delivery.kind
  if (queue.fail(item.id, error)) finishDelegation(services, item, { error })
}

function messageOf(item: QueueItem): A2aMessage {
  const envelope = asObject(JSON.parse(item.body))
  return {
    envelope,
    method: item.method,
    messageId: item.message_id ?? undefined,
    text: wordsOf(readParts(partsIn(envelope.params))),
    expiresInSeconds: undefined,
  }
}

/** A delegated task that waited in the queue ends with its outcome here. */
function finishDelegation(services: Services, item: QueueItem, outcome: Outcome | Begun): void {
  if (item.caller_id === null || item.message_id === null) return
  const delegation = services.delegations.find(item.caller_id, item.message_id)
  if (delegation === undefined) return
  const { caller_id: sourceId, workspace_id: targetId } = item
  conclude(services, { sourceId, id: delegation.id, targetId }, outcome)
}
