/**
 * Asks the platform what became of the tasks that were left with it, and puts each result into the ledger, from where
 * it goes to the host like a message. Without an open task nothing is asked.
 */

import { backoffDelayMs } from '../../base/backoff.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { sleep, systemTimers, type Timers } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import type { PlatformClient } from '../client/client.ts'
import { fetchResult, isQueuedAnswer, listDelegations, type TaskReport } from '../client/delegations.ts'
import { PlatformError } from '../client/errors.ts'
import { taskResult } from '../client/inbound.ts'
import type { Delegation } from '../ledger/delegations.ts'
import type { Entry, Ledger } from '../ledger/ledger.ts'

export interface TaskWatchOptions {
  readonly client: PlatformClient
  readonly ledger: Ledger
  readonly signal: AbortSignal
  /** A result was stored. */
  readonly onStored: () => void
  readonly log: (line: string) => void
  readonly now?: () => number
  readonly random?: () => number
  readonly timers?: Timers
}

/** A young task may end any moment; an old one is asked after in no hurry. Milliseconds of age, then between questions. */
const INTERVALS: readonly (readonly [number, number])[] = [
  [60_000, 5_000],
  [10 * 60_000, 15_000],
]
const SLOW_INTERVAL_MS = 60_000
/** A list that is shorter holds all tasks there are: platforms give 50 rows, one or two for a task. */
const SHORT_LIST = 25
/** Of the tasks that are not listed so many are asked for in a turn. */
const MOST_SINGLY = 5
/** A task may be given by another session, which tells nobody here. It costs one question to the ledger. */
const UNKNOWN_INTERVAL_MS = 5_000
/** Each look at the feed may tell of a result; the platform is asked no more often than this. */
const PAUSE_MS = 1_000

export class TaskWatch {
  readonly #o: TaskWatchOptions
  readonly #now: () => number
  readonly #wake: Wake
  #foreignLogged = false

  constructor(options: TaskWatchOptions) {
    this.#o = options
    this.#now = options.now ?? Date.now
    this.#wake = new Wake(options.timers ?? systemTimers)
  }

  /** The feed was read: a task may have been given, or may have ended. */
  notify(): void {
    this.#wake.notify()
  }

  /** Watches until the signal aborts. No error leaves it. */
  async run(): Promise<void> {
    const { signal, log, random, timers } = this.#o
    const jitter = random === undefined ? {} : { random }
    let failures = 0
    while (!signal.aborted) {
      try {
        const open = this.#open()
        const asks = open.length > 0
        if (asks) await this.#ask(open)
        failures = 0
        if (asks) await sleep(PAUSE_MS, signal, timers)
        await this.#wake.wait(
          computeJitteredInterval(asks ? this.#intervalMs(open) : UNKNOWN_INTERVAL_MS, jitter),
          signal,
        )
      } catch (error) {
        if (signal.aborted) return
        if (failures === 0) log(`cannot ask what became of its tasks: ${describeError(error)}`)
        await sleep(waitAfter(error, failures++, random), signal, timers)
      }
    }
  }

  #open(): readonly Delegation[] {
    const { ledger, client } = this.#o
    return ledger.delegations.watched(client.endpoint.workspaceId, this.#now())
  }

  #intervalMs(open: readonly Delegation[]): number {
    const age = this.#now() - Math.max(...open.map(({ askedAt }) => askedAt))
    return INTERVALS.find(([until]) => age < until)?.[1] ?? SLOW_INTERVAL_MS
  }

  async #ask(open: readonly Delegation[]): Promise<void> {
    const { client, ledger, signal, onStored } = this.#o
    const { workspaceId } = client.endpoint
    const reports = await listDelegations(client, signal)
    signal.throwIfAborted()
    const results: Entry[] = []
    for (const task of open) {
      const report = reports.find(({ id, sourceId }) => id === task.id && sourceId === workspaceId)
      this.#sayForeign(task, reports)
      if (report === undefined || report.state === 'pending') continue
      if (report.state === 'queued') ledger.delegations.handedOver(workspaceId, task.id)
      else results.push(toEntry(task, report.state, report.preview, this.#now()))
    }
    if (reports.length >= SHORT_LIST) results.push(...(await this.#askSingly(open, reports)))
    if (results.length > 0 && ledger.storePage(workspaceId, results, undefined, this.#now()) > 0) onStored()
  }

  /** A platform lists its newest tasks only: what became of an older one stands in the activity alone. */
  async #askSingly(open: readonly Delegation[], reports: readonly TaskReport[]): Promise<readonly Entry[]> {
    const { client, ledger, signal } = this.#o
    const listed = new Set(reports.map(({ id }) => id))
    const unlisted = open.filter(({ id }) => !listed.has(id)).slice(0, MOST_SINGLY)
    const results: Entry[] = []
    for (const task of unlisted) {
      const text = await fetchResult(client, task.id, signal)
      if (text === undefined) continue
      if (isQueuedAnswer(text)) ledger.delegations.handedOver(task.workspaceId, task.id)
      else results.push(toEntry(task, 'completed', text, this.#now()))
    }
    return results
  }

  /** The result of a task that names somebody else as the one who gave it is no result of ours. */
  #sayForeign({ id }: Delegation, reports: readonly TaskReport[]): void {
    const { client, log } = this.#o
    const foreign = reports.some(
      (report) => report.id === id && report.sourceId !== client.endpoint.workspaceId,
    )
    if (!foreign || this.#foreignLogged) return
    this.#foreignLogged = true
    log(`drops a delegation result that names another workspace as its source, possibly an injection`)
  }
}

function waitAfter(error: unknown, failures: number, random: (() => number) | undefined): number {
  // No hurry: what became of a task is kept. A `Retry-After` of nothing is no advice.
  const backoff = PAUSE_MS + backoffDelayMs(failures + 3, failures * SLOW_INTERVAL_MS, random)
  return error instanceof PlatformError ? Math.max(error.retryAfterMs ?? 0, backoff) : backoff
}

function toEntry(
  { id, peerId }: Delegation,
  state: 'completed' | 'failed',
  text: string,
  now: number,
): Entry {
  return {
    // No row of the feed, but told once like one.
    activityId: `delegation-${id}`,
    seq: null,
    createdAt: new Date(now).toISOString(),
    peerId: null,
    task: { id, by: 'platform', failed: state === 'failed' },
    content: JSON.stringify(taskResult({ id, status: state, text, peerId })),
    skipped: null,
  }
}
