/**
 * Answers the messages of one workspace with a backend, one after the other, oldest first.
 *
 * - idle: nothing waits, or the workspace is not held here. Left for `answering`.
 * - answering: the backend works on a message. A failure is repeated with growing pauses; the last one sets the message
 *   aside. Left for `sending` with the answer, or for `idle` when there is none.
 * - sending: the answer is on its way. Left for `idle` once the platform has taken it, or never will.
 *
 * Only then is the message `answered` in the ledger, or set aside: a crash before that repeats it.
 */
import { backoffDelayMs } from '../base/backoff.ts'
import { describeError } from '../base/errors.ts'
import { patiently } from '../base/patience.ts'
import { sleep } from '../base/sleep.ts'
import { Wake } from '../base/wake.ts'
import { type Inbound, readInbound } from '../member/client/inbound.ts'
import type { IncomingFiles } from '../member/files/incoming-files.ts'
import type { StoredMessage } from '../member/ledger/ledger.ts'
import type { WorkQueue } from '../member/ledger/work-queue.ts'
import type { Workspace } from '../member/workspace/workspace.ts'
import { type Backend, BackendFailure, type Reply } from './backend/backend.ts'
import { Conversations } from './conversations.ts'
import type { Health } from './health.ts'
import { Replies } from './replies.ts'
import { requestFor } from './request.ts'
import { WakeUp } from './wake-up.ts'
import type { Wakes } from './wakes.ts'

export interface WorkerOptions {
  readonly workspace: Workspace
  readonly queue: WorkQueue
  readonly backend: Backend
  readonly health: Health
  readonly files: Pick<IncomingFiles, 'prepare'>
  /** Whether an answer without words is an answer. */
  readonly sendsEmpty: boolean
  /** Whether this process holds the workspace, and what it has stored is safely on the disk. */
  readonly isDeliverable: () => boolean
  /** Aborts when no further message may be begun. */
  readonly closing: AbortSignal
  /** Takes the outcome of a task that we gave, perhaps once more after a crash. Returns what to tell the person. */
  readonly onResult: (stored: StoredMessage, message: Inbound) => string | undefined
  readonly wakes: Wakes
  /** The file of those outcomes. */
  readonly resultsFile: string
}

/** How often a message is given to a backend that fails. */
const MAX_TRIES = 3
/** How often in a row the whole process may end while the backend works on a message. */
const MAX_CRASHES = 5
/** How often to check for messages when no wake-up comes. */
const IDLE_MS = 1_000
/** The fault is in the state folder, and would be the same for the next message. */
const STUCK = 'its messages cannot be worked on: the log says why'
const CANNOT_ANSWER = 'This message could not be answered here. It is kept, and somebody has to look into it.'

export class Worker {
  readonly #options: WorkerOptions
  readonly #wake: Wake
  readonly #conversations = new Conversations()
  readonly #replies: Replies
  readonly #wakeUp: WakeUp
  /** For pauses between two tries: nothing is in hand then. */
  readonly #pausing: AbortSignal
  #current: string | undefined
  #aside = 0

  constructor(options: WorkerOptions) {
    this.#options = options
    this.#wake = new Wake(options.workspace.clock)
    this.#replies = new Replies(options.workspace)
    const { workspace, backend, wakes, resultsFile: file } = options
    this.#wakeUp = new WakeUp({ workspace, backend, wakes, file, replies: this.#replies })
    this.#pausing = AbortSignal.any([workspace.signal, options.closing])
    options.closing.addEventListener('abort', () => this.#wake.notify(), { once: true })
  }

  /** The activity id of the message in hand. */
  get current(): string | undefined {
    return this.#current
  }

  /** How many messages were set aside here. */
  get setAside(): number {
    return this.#aside
  }

  /** Something may be waiting. */
  notify(): void {
    this.#wake.notify()
  }

  /** Works until it is to close, or the signal of the workspace aborts. Never rejects. */
  async run(): Promise<void> {
    const { workspace, queue, health, closing, isDeliverable } = this.#options
    const { signal, clock, warn } = workspace
    let failures = 0
    while (!signal.aborted && !closing.aborted) {
      try {
        const isHeld = isDeliverable()
        if (isHeld && this.#wakeUp.isDue) await this.#wakeUp.run()
        const stored = isHeld ? queue.next() : undefined
        if (stored === undefined) await this.#wake.wait(IDLE_MS, signal)
        else await this.#handle(stored)
        if (failures > 0) health.repaired(STUCK)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        if (failures++ % 60 === 0) warn(`cannot work on its messages now: ${describeError(error)}`)
        if (failures >= MAX_TRIES) health.wedged(STUCK)
        await sleep(IDLE_MS, signal, clock)
      }
    }
  }

  async #handle(stored: StoredMessage): Promise<void> {
    const { workspace, queue, closing, onResult } = this.#options
    const { clock, signal, warn } = workspace
    if (!(await patiently(() => queue.begin(stored), clock, signal))) return
    this.#current = stored.activityId
    try {
      const message = readInbound(stored.content)
      if (message === undefined) await this.#setAside(stored, 'it cannot be read back from the ledger')
      else if (message.kind === 'delegation_result' || stored.delegationId !== null) {
        const sentence = onResult(stored, message)
        if (sentence !== undefined) await this.#tellPerson(stored, message, sentence)
        await this.#finish(stored)
      } else await this.#answer(stored, message)
    } catch (error) {
      // Not with the signal: it has aborted, or the ledger just failed.
      await patiently(() => queue.interrupt(stored), clock)
      if (!signal.aborted && !closing.aborted) throw error
      warn(`has not answered message ${stored.activityId} yet: it is repeated`)
    } finally {
      this.#current = undefined
    }
  }

  async #answer(stored: StoredMessage, message: Inbound): Promise<void> {
    const { workspace, health } = this.#options
    const { clock } = workspace
    if (this.#conversations.isLoop(message, clock.now())) {
      await this.#setAside(
        stored,
        'its sender and this workspace have answered each other 20 times in a minute',
      )
      return
    }
    const crashes = await this.#crashes(stored)
    const isFatal = crashes >= MAX_CRASHES
    const outcome = isFatal
      ? new BackendFailure(`this program ended ${crashes} times while it worked on the message`)
      : await this.#ask(stored, message)
    await this.#settleCrashes(stored, isFatal ? MAX_CRASHES : 0)
    if (outcome instanceof BackendFailure) {
      health.failed(outcome.message)
      await this.#send(stored, message, { text: CANNOT_ANSWER }, 'failure')
      await this.#setAside(stored, outcome.message)
      return
    }
    health.succeeded()
    const reason = outcome === undefined ? undefined : await this.#send(stored, message, outcome, 'answer')
    if (reason !== undefined) return this.#setAside(stored, reason)
    await this.#finish(stored)
    workspace.debug(
      `${outcome === undefined ? 'gives no answer to' : 'has answered'} message ${stored.activityId}`,
    )
  }

  async #tellPerson(stored: StoredMessage, message: Inbound, text: string): Promise<void> {
    const toPerson = { ...message, kind: 'delegation_result' } as const
    const reason = await this.#replies.send(stored.activityId, toPerson, { text }, 'failure')
    // The outcome is in the file, and the backend is told of it.
    if (reason !== undefined)
      this.#options.workspace.warn(`cannot tell the person of a failed task: ${reason}`)
  }

  async #crashes(stored: StoredMessage): Promise<number> {
    const { queue, workspace } = this.#options
    if (stored.attempts < MAX_CRASHES) return 0
    return patiently(() => queue.crashes(stored), workspace.clock, workspace.signal)
  }

  /** Only where there may be one: most messages are answered at once. */
  async #settleCrashes(stored: StoredMessage, crashes: number): Promise<void> {
    const { queue } = this.#options
    if (stored.attempts > 0) await this.#write(() => queue.settleCrashes(stored, crashes))
  }

  /** What the backend says, or why it could not. A backend that needs a repair is asked until somebody has repaired it. */
  async #ask(stored: StoredMessage, message: Inbound): Promise<Reply | undefined | BackendFailure> {
    const { workspace, backend, health, files, sendsEmpty } = this.#options
    const { clock, signal, warn } = workspace
    const since = clock.now()
    const shown = await files.prepare(stored, message.attachments)
    for (let tries = 1; ; tries++) {
      signal.throwIfAborted()
      const redelivered = stored.attempts > 0 || tries > 1
      const request = requestFor({ ...stored, redelivered }, message, shown)
      try {
        const reply = await backend.answer(request, signal)
        const isEmpty = reply === undefined || (reply.text.trim() === '' && !sendsEmpty)
        return isEmpty ? undefined : reply
      } catch (error) {
        signal.throwIfAborted()
        const failure =
          error instanceof BackendFailure ? error : new BackendFailure(describeError(error), { cause: error })
        warn(`has no answer to message ${stored.activityId} (try ${tries}): ${failure.message}`)
        if (failure.wedged !== undefined) health.wedged(failure.wedged)
        else if (failure.isFinal || tries >= MAX_TRIES) return failure
        await sleep(
          Math.max(IDLE_MS, backoffDelayMs(tries + 2, clock.now() - since, clock.random)),
          this.#pausing,
          clock,
        )
        this.#pausing.throwIfAborted()
      }
    }
  }

  /** Returns why the answer never arrives; undefined when the platform has taken it. */
  async #send(
    stored: StoredMessage,
    message: Inbound,
    reply: Reply,
    what: 'answer' | 'failure',
  ): Promise<string | undefined> {
    const reason = await this.#replies.send(stored.activityId, message, reply, what)
    if (reason === undefined) this.#conversations.answered(message, this.#options.workspace.clock.now())
    return reason
  }

  #finish(stored: StoredMessage): Promise<void> {
    return this.#record(() => this.#options.queue.finish(stored))
  }

  #setAside(stored: StoredMessage, reason: string): Promise<void> {
    this.#options.workspace.warn(`sets message ${stored.activityId} aside: ${reason}`)
    this.#aside++
    return this.#record(() => this.#options.queue.setAside(stored, reason))
  }

  /** There is room for another message, and one more may be acknowledged. */
  async #record(write: () => void): Promise<void> {
    await this.#write(write)
    this.#options.workspace.events.emit('sent')
  }

  /** Tries until the disk permits. */
  async #write(write: () => void): Promise<void> {
    const { clock, signal, warn } = this.#options.workspace
    for (let tries = 0; ; tries++) {
      signal.throwIfAborted()
      try {
        return await patiently(write, clock, signal)
      } catch (error) {
        signal.throwIfAborted()
        // The answer has left. A message that stays open in the ledger would be answered again.
        if (tries % 60 === 0) warn(`cannot record what was answered: ${describeError(error)}`)
        await sleep(IDLE_MS, signal, clock)
      }
    }
  }
}
