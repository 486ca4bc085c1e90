/**
 * Sends the answers of one workspace. An answer is sent again, under the same id, until the platform has taken it. A
 * receiver that takes none, while the platform takes everything else, costs the others only a bounded wait.
 */
import { backoffDelayMs } from '../base/backoff.ts'
import { describeError } from '../base/errors.ts'
import { sleep } from '../base/sleep.ts'
import { sendMessage } from '../member/client/a2a.ts'
import { fetchPage } from '../member/client/activity.ts'
import { PlatformError } from '../member/client/errors.ts'
import type { Inbound } from '../member/client/inbound.ts'
import { notifyUser } from '../member/client/notify.ts'
import type { Workspace } from '../member/workspace/workspace.ts'
import type { Reply } from './backend/backend.ts'
import { answerId, routeOf } from './reply-route.ts'

/** How long a peer that takes pushes may take to accept an answer, and one that has just taken none. */
const SEND_MS = 60_000
const UNREACHABLE_SEND_MS = 5_000
/** After so many failures in a row it may be the receiver. */
const MAX_FAILURES = 8
/** After so many refusals in a row they may be meant: a proxy before a platform that restarts refuses, too. */
const MAX_REFUSALS = 2
/** How long a receiver that took nothing is tried only twice for each answer. */
const UNREACHABLE_MS = 10 * 60_000
/** Beyond this, the one that was found first is tried as any other. */
const MAX_UNREACHABLE = 100

export class Replies {
  readonly #workspace: Workspace
  /** Until when, by receiver, in milliseconds since the epoch. */
  readonly #unreachable = new Map<string, number>()

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  /**
   * Resolves once the platform has taken it, or with the reason why it never will.
   *
   * @param activityId of the message that is answered.
   * @throws the abort reason.
   */
  async send(
    activityId: string,
    message: Inbound,
    reply: Reply,
    what: 'answer' | 'failure',
  ): Promise<string | undefined> {
    const { clock, signal, warn } = this.#workspace
    const since = clock.now()
    const receiver = message.peerId ?? ''
    const isUnreachable = (this.#unreachable.get(receiver) ?? 0) > since
    let refusals = 0
    // The platform itself worked just before the answer was sent.
    let hasWorked = false
    for (let failures = 1; ; failures++) {
      signal.throwIfAborted()
      try {
        await this.#sendOnce(activityId, message, reply, what, isUnreachable ? UNREACHABLE_SEND_MS : SEND_MS)
        this.#unreachable.delete(receiver)
        return undefined
      } catch (error) {
        signal.throwIfAborted()
        const reason = describeError(error)
        if (failures % 10 === 1) warn(`cannot send its answer to message ${activityId}: ${reason}`)
        const isRefused = error instanceof PlatformError && error.kind === 'refused'
        refusals = isRefused ? refusals + 1 : 0
        const mayBeFinal = isUnreachable || failures >= MAX_FAILURES || refusals >= MAX_REFUSALS
        const works = mayBeFinal && !isBusy(error) && (await this.#platformAnswers())
        // An outage that ends, or begins, between the two would look like a fault of the receiver.
        if (works && hasWorked) {
          if (isRefused) return `the platform refused the answer: ${reason}`
          this.#remember(receiver)
          return `its sender does not take the answer: ${reason}`
        }
        hasWorked = works
        const asked = error instanceof PlatformError ? (error.retryAfterMs ?? 0) : 0
        const pause = backoffDelayMs(failures - 1, clock.now() - since, clock.random)
        await sleep(Math.max(asked, pause), signal, clock)
      }
    }
  }

  async #sendOnce(
    activityId: string,
    message: Inbound,
    { text }: Reply,
    what: 'answer' | 'failure',
    timeoutMs: number,
  ): Promise<void> {
    const { client, id, signal, log } = this.#workspace
    const route = routeOf(id, activityId, message)
    if (route.to === 'person') return notifyUser(client, text, signal)
    const messageId = answerId(id, activityId, what)
    const outgoing = { ...route.message, messageId, text }
    const outcome = await sendMessage(client, route.peerId, outgoing, timeoutMs, signal)
    // The peer has an answer of ours; what it makes of it comes as a message of its own, or not at all.
    if (outcome.kind === 'failed') log(`answered message ${activityId}, which the peer refused`)
    if (outcome.kind === 'unsure') throw new PlatformError('retry', outcome.message)
  }

  /** Whether the platform itself works: then only the receiver can be at fault. */
  async #platformAnswers(): Promise<boolean> {
    const { client, signal } = this.#workspace
    try {
      await fetchPage(client, { limit: 1, signal })
      return true
    } catch {
      signal.throwIfAborted()
      // It does not: the answer waits for it.
      return false
    }
  }

  #remember(receiver: string): void {
    this.#unreachable.delete(receiver)
    this.#unreachable.set(receiver, this.#workspace.clock.now() + UNREACHABLE_MS)
    const [first] = this.#unreachable.keys()
    if (this.#unreachable.size > MAX_UNREACHABLE && first !== undefined) this.#unreachable.delete(first)
  }
}

/** The platform asks everyone to wait. */
function isBusy(error: unknown): boolean {
  return error instanceof PlatformError && error.status === 429
}
