/**
 * Looks for answers for which no call waits any more: of a request that was open when its session ended, of a message
 * that the platform queued for a busy peer, of a task in progress. What it finds goes into the ledger, and is delivered
 * from there like a message.
 */
import { patiently } from '../../base/patience.ts'
import type { OpenRequest } from '../ledger/peer-requests.ts'
import { lookUpAnswer } from './answer-lookup.ts'
import type { Workspace } from './workspace.ts'

/** A recent request may be answered at any moment; an old one is not urgent. Milliseconds of age, then between questions. */
const INTERVALS: readonly (readonly [number, number])[] = [
  [60_000, 5_000],
  [10 * 60_000, 15_000],
]
export const SLOW_INTERVAL_MS = 60_000
/** How many requests to ask about in each round. */
const MOST_AT_ONCE = 5

export class AnswerSearch {
  readonly #workspace: Workspace
  /** When each request was last asked about. */
  readonly #askedAt = new Map<string, number>()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /**
   * Asks about the requests that are due.
   *
   * @throws PlatformError, the abort reason, or the error of the ledger.
   */
  async ask(requests: readonly OpenRequest[]): Promise<void> {
    const { ledger, client, config, clock, events, signal } = this.#workspace
    const ids = new Set(requests.map(keyOf))
    for (const id of this.#askedAt.keys()) if (!ids.has(id)) this.#askedAt.delete(id)
    const now = clock.now()
    const due = requests
      .map((request) => ({ request, at: this.#askedAt.get(keyOf(request)) ?? Number.NEGATIVE_INFINITY }))
      // Also due if the clock has been set back.
      .filter(({ request, at }) => at > now || now - at >= askEveryMs(request, now))
      .sort((a, b) => a.at - b.at)
      .slice(0, MOST_AT_ONCE)
    const failures: unknown[] = []
    for (const { request } of due) {
      this.#askedAt.set(keyOf(request), now)
      try {
        const outcome = await lookUpAnswer(request, client, config.allowedSenders, signal)
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

/** Milliseconds between two questions about a request. */
export function askEveryMs({ askedAt, requestedAt }: OpenRequest, now: number): number {
  const age = now - Math.max(askedAt, requestedAt ?? 0)
  return INTERVALS.find(([until]) => age < until)?.[1] ?? SLOW_INTERVAL_MS
}

/** A task may have several requests, one after the other, and is asked about once. */
function keyOf({ id, requestId }: OpenRequest): string {
  return id ?? requestId ?? ''
}
