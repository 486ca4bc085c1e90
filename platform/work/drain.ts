/** Sends what waited for a busy agent once it has capacity again (contract: queue). */
import { asObject } from '../base/json.ts'
import type { A2aMessage } from '../contract/a2a-message.ts'
import { type Outcome, outcomeOf } from '../contract/agent-answer.ts'
import type { Services } from '../services.ts'
import type { QueueItem } from '../store/queue.ts'
import type { WorkspaceRow } from '../store/workspaces.ts'
import { dispatch } from './delivery.ts'

/**
 * Sends what waits for a workspace, up to its free capacity.
 *
 * @param activeTasks what the agent last reported; the number of messages in flight counts if it is higher.
 */
export function drain(services: Services, target: WorkspaceRow, activeTasks: number): void {
  const { background, queue, rules } = services
  if (target.url === '' || queue.depth(target.id) === 0) return
  const free = target.max_concurrent_tasks - Math.max(activeTasks, queue.inFlight(target.id))
  if (free <= 0) return
  for (const item of queue.take(target.id, rules().drainsFreeCapacity ? free : 1)) {
    background.run(() => sendItem(services, target, item))
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

async function sendItem(services: Services, target: WorkspaceRow, item: QueueItem): Promise<void> {
  const { background, queue } = services
  const message: A2aMessage = {
    envelope: asObject(JSON.parse(item.body)),
    method: item.method,
    messageId: item.message_id ?? undefined,
    text: '',
    expiresInSeconds: undefined,
  }
  const delivery = await dispatch(services, target, { workspaceId: item.caller_id ?? undefined }, message)
  if (background.signal.aborted) return
  if (delivery.kind === 'answered') {
    queue.complete(item.id, delivery.text)
    finishDelegation(services, item, outcomeOf(delivery.text))
    return
  }
  const error = delivery.kind === 'refused' ? String(delivery.body.error) : delivery.kind
  if (queue.fail(item.id, error)) finishDelegation(services, item, { error })
}

/** A delegated task that waited in the queue ends with its outcome here. */
function finishDelegation(services: Services, item: QueueItem, outcome: Outcome): void {
  if (item.caller_id === null || item.message_id === null) return
  const delegation = services.delegations.find(item.caller_id, item.message_id)
  if (delegation === undefined) return
  services.delegations.finish(item.caller_id, delegation.id, item.workspace_id, outcome)
}
