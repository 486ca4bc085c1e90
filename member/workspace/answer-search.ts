/**
 * Looks for answers to our tasks for which no call waits any more: of a request that was open when its session ended, of
 * a message that the platform queued for a busy peer, of a task that a peer has begun. What is found is stored in the
 * ledger, from which it is delivered like a message.
 */
import { patiently } from '../../base/patience.ts'
import { fetchPeerTask } from '../client/a2a.ts'
import { fetchQueued } from '../client/queue.ts'
import type { Delegation } from '../ledger/delegations.ts'
import type { RequestOutcome } from '../ledger/peer-requests.ts'
import { type Asked, lostOutcome, outcomeOf } from './task-outcome.ts'
import type { Workspace } from './workspace.ts'

/** How many tasks to ask about in each round. */
const MOST_AT_ONCE = 5
/** How long a session keeps a request open, in milliseconds. */
export const REQUEST_LIMIT_MS = 10 * 60_000
/** A request that no platform knows counts as lost this long after its session must have given it up. */
const MARGIN_MS = 60_000

export class AnswerSearch {
  readonly #workspace: Workspace
  /** When each task was last asked about. */
  readonly #askedAt = new Map<string, number>()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /**
   * Asks about the tasks that are due.
   *
   * @param intervalMs milliseconds between two questions about a task.
   * @throws PlatformError, the abort reason, or the error of the ledger.
   */
  async ask(tasks: readonly Delegation[], intervalMs: (task: Delegation) => number): Promise<void> {
    const { ledger, clock, events, signal } = this.#workspace
    for (const id of this.#askedAt.keys()) if (!tasks.some((task) => task.id === id)) this.#askedAt.delete(id)
    const now = clock.now()
    const due = tasks
      .map((task) => ({ task, at: this.#askedAt.get(task.id) ?? Number.NEGATIVE_INFINITY }))
      // Also due if the clock has been set back.
      .filter(({ task, at }) => at > now || now - at >= intervalMs(task))
      .sort((a, b) => a.at - b.at)
      .slice(0, MOST_AT_ONCE)
    for (const { task } of due) {
      this.#askedAt.set(task.id, now)
      const outcome = await this.#find(task)
      signal.throwIfAborted()
      if (outcome === undefined) continue
      const stored = await patiently(() => ledger.storeOutcome(outcome, false, clock.now()), clock, signal)
      if (stored !== undefined) events.emit('stored')
    }
  }

  /** Undefined while there is nothing new. */
  async #find(task: Delegation): Promise<RequestOutcome | undefined> {
    const { id, peerId, peerTask, requestId } = task
    if (requestId !== null) return this.#findRequest(task, { id, peerId, requestId })
    return peerTask === null ? undefined : this.#findPeerTask(task, peerTask)
  }

  async #findRequest(task: Delegation, asked: Asked): Promise<RequestOutcome | undefined> {
    const { client, clock, signal } = this.#workspace
    const found = await fetchQueued(client, asked.peerId, asked.requestId, signal)
    const now = clock.now()
    switch (found.kind) {
      case 'waiting':
        return undefined
      case 'answered':
        return outcomeOf(asked, found.outcome, now)
      case 'failed':
        return lostOutcome(asked, 'failed', `The platform has given it up: ${found.message}`, now)
      case 'unknown': {
        const age = now - (task.requestedAt ?? task.askedAt)
        if (age >= 0 && age < REQUEST_LIMIT_MS + MARGIN_MS) return undefined
        return lostOutcome(asked, 'unknown', LOST_REQUEST, now)
      }
    }
  }

  async #findPeerTask(
    { id, peerId, peerState }: Delegation,
    peerTask: string,
  ): Promise<RequestOutcome | undefined> {
    const { client, clock, signal } = this.#workspace
    const found = await fetchPeerTask(client, peerId, peerTask, signal)
    const now = clock.now()
    const asked = { id, peerId, requestId: `${id}-${now}` }
    switch (found.kind) {
      case 'unsure':
        return undefined
      case 'queued':
        // A busy peer is asked again; one that fetches its messages will not answer this.
        return found.queueId === null ? lostOutcome(asked, 'unknown', unaskable(''), now) : undefined
      case 'failed':
        return lostOutcome(asked, 'unknown', unaskable(` (${found.message})`), now)
      case 'answered': {
        const { state } = found.answer
        if (state === null) return lostOutcome(asked, 'unknown', unaskable(''), now)
        return state === peerState ? undefined : outcomeOf(asked, found, now)
      }
    }
  }
}

const LOST_REQUEST =
  'The session that gave this task ended, or lost its connection, before the peer answered, and the platform keeps no such answer. Ask the peer for it, or give the task again if it is harmless to do twice.'

function unaskable(why: string): string {
  return `The peer began this task and cannot be asked what has become of it${why}. If no message comes, write to it.`
}
