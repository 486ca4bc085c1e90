/**
 * Looks for answers to our tasks for which no call waits any more: of a request that was open when its session ended, of
 * a message that the platform queued for a busy peer, of a task in progress. What it finds goes into the
 * ledger, and is delivered from there like a message.
 */
import { patiently } from '../../base/patience.ts'
import type { Delegation } from '../ledger/delegations.ts'
import { lookUpAnswer } from './answer-lookup.ts'
import type { Workspace } from './workspace.ts'

/** How many tasks to ask about in each round. */
const MOST_AT_ONCE = 5

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
    const { ledger, client, config, clock, events, signal } = this.#workspace
    for (const id of this.#askedAt.keys()) if (!tasks.some((task) => task.id === id)) this.#askedAt.delete(id)
    const now = clock.now()
    const due = tasks
      .map((task) => ({ task, at: this.#askedAt.get(task.id) ?? Number.NEGATIVE_INFINITY }))
      // Also due if the clock has been set back.
      .filter(({ task, at }) => at > now || now - at >= intervalMs(task))
      .sort((a, b) => a.at - b.at)
      .slice(0, MOST_AT_ONCE)
    const failures: unknown[] = []
    for (const { task } of due) {
      this.#askedAt.set(task.id, now)
      try {
        const outcome = await lookUpAnswer(task, client, config.allowedSenders, signal)
        if (outcome === undefined) continue
        const stored = await patiently(() => ledger.storeOutcome(outcome, false, clock.now()), clock, signal)
        if (stored !== undefined) events.emit('stored')
      } catch (error) {
        signal.throwIfAborted()
        // A peer that cannot be asked does not delay the others.
        failures.push(error)
      }
    }
    if (failures.length > 0 && failures.length === due.length) throw failures[0]
  }
}
