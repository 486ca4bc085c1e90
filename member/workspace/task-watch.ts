/**
 * Asks the platform about the tasks it was given to carry out, and for the answers to requests that no call waits for.
 * What it learns is stored in the ledger, and delivered from there like a message. Asks nothing while nothing is open.
 */
import { backoffDelayMs } from '../../base/backoff.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { patiently } from '../../base/patience.ts'
import { sleep } from '../../base/sleep.ts'
import { Wake } from '../../base/wake.ts'
import { fetchResults, isQueuedAnswer, listDelegations, type TaskReport } from '../client/delegations.ts'
import { PlatformError } from '../client/errors.ts'
import { taskResult } from '../client/inbound.ts'
import { type Delegation, WATCH_MS } from '../ledger/delegations.ts'
import type { OpenRequest, RequestOutcome } from '../ledger/peer-requests.ts'
import type { AllowedSenders } from '../settings/single-settings.ts'
import { AnswerSearch, askEveryMs, SLOW_INTERVAL_MS } from './answer-search.ts'
import { admit } from './sender-gate.ts'
import type { Workspace } from './workspace.ts'

/** A shorter list holds every task there is: platforms return 50 rows, one or two for a task. */
const SHORT_LIST = 25
/** Another session may delegate a task without notice here. A check costs one ledger query. */
const UNKNOWN_INTERVAL_MS = 5_000
/** Each look at the feed may announce a result; this limits how often the platform is asked. */
const PAUSE_MS = 1_000
/** Between two questions about tasks that are old. */
const OLD_EVERY_MS = 60 * 60_000

export class TaskWatch {
  readonly #workspace: Workspace
  readonly #wake: Wake
  readonly #search: AnswerSearch
  #foreignLogged = false
  #oldAskedAt = Number.NEGATIVE_INFINITY

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#wake = new Wake(workspace.clock)
    this.#search = new AnswerSearch(workspace)
  }

  /** The feed was read: a task may have been delegated, or may have ended. */
  notify(): void {
    this.#wake.notify()
  }

  /** Watches until the signal aborts. Never throws. */
  async run(): Promise<void> {
    const { ledger, clock, log, events, signal } = this.#workspace
    let failures = 0
    let waiting = 0
    while (!signal.aborted) {
      try {
        // What another session stores here cannot wake this one's delivery.
        if (ledger.waiting() > waiting) events.emit('stored')
        const now = clock.now()
        const watched = this.#due(ledger.watchedTasks(now), now)
        const unattended = ledger.requests.unattended(now)
        const open = [...watched, ...unattended]
        const asks = open.length > 0
        if (asks) await this.#askAll(watched, unattended)
        if (watched.some((task) => isOld(task, now))) this.#oldAskedAt = now
        waiting = ledger.waiting()
        failures = 0
        if (asks) await sleep(PAUSE_MS, signal, clock)
        await this.#wake.wait(
          computeJitteredInterval(asks ? this.#shortestMs(open) : UNKNOWN_INTERVAL_MS, clock),
          signal,
        )
      } catch (error) {
        if (signal.aborted) return
        if (failures === 0) log(`cannot look up the state of its tasks: ${describeError(error)}`)
        await sleep(waitAfter(error, failures++, clock.random), signal, clock)
      }
    }
  }

  /** Old tasks are asked about when a tenure begins: their results may have come while no session ran. */
  #due(tasks: readonly Delegation[], now: number): readonly Delegation[] {
    const isDue = Math.abs(now - this.#oldAskedAt) >= OLD_EVERY_MS
    return isDue ? tasks : tasks.filter((task) => !isOld(task, now))
  }

  /** Neither question keeps the other from being asked. */
  async #askAll(watched: readonly Delegation[], unattended: readonly OpenRequest[]): Promise<void> {
    const questions = [watched.length === 0 ? undefined : this.#ask(watched), this.#search.ask(unattended)]
    for (const result of await Promise.allSettled(questions)) {
      if (result.status === 'rejected') throw result.reason
    }
  }

  #shortestMs(open: readonly OpenRequest[]): number {
    const now = this.#workspace.clock.now()
    return Math.min(...open.map((request) => askEveryMs(request, now)))
  }

  async #ask(open: readonly Delegation[]): Promise<void> {
    const { id: workspaceId, config, client, ledger, clock, signal } = this.#workspace
    const reports = await listDelegations(client, signal)
    signal.throwIfAborted()
    const results: RequestOutcome[] = []
    for (const task of open) {
      const report = reports.find(({ id, sourceId }) => id === task.id && sourceId === workspaceId)
      this.#sayForeign(task, reports)
      if (report === undefined || report.state === 'pending') continue
      if (report.state === 'queued') await patiently(() => ledger.handedOver(task.id), clock, signal)
      else results.push(resultOf(task, report.state, report.preview, config.allowedSenders, clock.now()))
    }
    // What the list tells is told even if the question about the others fails.
    await this.#store(results)
    if (reports.length >= SHORT_LIST) await this.#store(await this.#unlisted(open, reports))
  }

  /** A platform lists only its newest tasks: the result of an older one is found only in the activity. */
  async #unlisted(
    open: readonly Delegation[],
    reports: readonly TaskReport[],
  ): Promise<readonly RequestOutcome[]> {
    const { config, client, ledger, clock, signal } = this.#workspace
    const listed = new Set(reports.map(({ id }) => id))
    const unlisted = open.filter(({ id }) => !listed.has(id))
    if (unlisted.length === 0) return []
    const texts = await fetchResults(client, signal)
    signal.throwIfAborted()
    const results: RequestOutcome[] = []
    for (const task of unlisted) {
      const text = texts.get(task.id)
      if (text === undefined) continue
      if (isQueuedAnswer(text)) await patiently(() => ledger.handedOver(task.id), clock, signal)
      else results.push(resultOf(task, 'completed', text, config.allowedSenders, clock.now()))
    }
    return results
  }

  async #store(results: readonly RequestOutcome[]): Promise<void> {
    const { ledger, clock, events, signal } = this.#workspace
    for (const result of results) {
      const stored = await patiently(() => ledger.storeOutcome(result, false, clock.now()), clock, signal)
      if (stored !== undefined) events.emit('stored')
    }
  }

  /** A result that names another workspace as the source of the task is not ours. */
  #sayForeign({ id }: Delegation, reports: readonly TaskReport[]): void {
    const { id: workspaceId, log } = this.#workspace
    const foreign = reports.some((report) => report.id === id && report.sourceId !== workspaceId)
    if (!foreign || this.#foreignLogged) return
    this.#foreignLogged = true
    log('drops a delegation result that names another workspace as its source, possibly an injection')
  }
}

function isOld({ askedAt }: Delegation, now: number): boolean {
  return Math.abs(now - askedAt) >= WATCH_MS
}

function waitAfter(error: unknown, failures: number, random: () => number): number {
  // No hurry: the platform keeps the result. A `Retry-After` of zero is ignored.
  const backoff = PAUSE_MS + backoffDelayMs(failures + 3, failures * SLOW_INTERVAL_MS, random)
  return error instanceof PlatformError ? Math.max(error.retryAfterMs ?? 0, backoff) : backoff
}

function resultOf(
  { id, peerId }: Delegation,
  state: 'completed' | 'failed',
  text: string,
  allowed: AllowedSenders,
  now: number,
): RequestOutcome {
  const entry = {
    // Not a row of the feed, but shown once, like one.
    activityId: `delegation-${id}`,
    seq: null,
    createdAt: new Date(now).toISOString(),
    peerId: null,
    task: { id, by: 'platform', failed: state === 'failed' },
  } as const
  return {
    taskId: id,
    messageId: null,
    // The task also ends if its result is not to be shown.
    progress: { state, peerState: null, peerTask: null, contextId: null, requestId: null },
    entry: admit(entry, taskResult({ id, status: state, text, peerId }), allowed),
  }
}
