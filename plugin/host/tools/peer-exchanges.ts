/**
 * Messages to peers that may answer in the same request. A request outlives a call that ends early, until the session
 * ends: its answer then becomes a channel event.
 */
import type { Clock } from '../../../base/clock.ts'
import { describeError } from '../../../base/errors.ts'
import { patiently } from '../../../base/patience.ts'
import { sleep } from '../../../base/sleep.ts'
import { type OutgoingMessage, type SendOutcome, sendMessage } from '../../../member/client/a2a.ts'
import type { PlatformClient } from '../../../member/client/client.ts'
import type { Ledger, StoredMessage } from '../../../member/ledger/ledger.ts'
import type { RequestOutcome } from '../../../member/ledger/peer-requests.ts'
import type { AllowedSenders } from '../../../member/settings/single-settings.ts'
import { REQUEST_LIMIT_MS } from '../../../member/workspace/answer-lookup.ts'
import { lostOutcome, outcomeOf } from '../../../member/workspace/task-outcome.ts'
import { AnswerRecord, type Recorded } from './answer-record.ts'
import { type Progress, ToolFailure } from './tool.ts'

export interface PeerExchangesOptions {
  /** Undefined while the state folder cannot be used. */
  readonly ledger: () => Ledger | undefined
  /** Called when a message was stored that waits for delivery. */
  readonly onStored: () => void
  /** Who may write to this session; undefined: everyone the platform lets through. */
  readonly allowedSenders: () => AllowedSenders
  readonly log: (line: string) => void
  readonly clock: Clock
}

export interface Sending {
  readonly client: PlatformClient
  readonly peerId: string
  readonly message: OutgoingMessage
  /** The task that the message gives or continues; null: none. */
  readonly taskId: string | null
}

/** How a call waits. */
export interface Patience {
  /** Milliseconds since the epoch. */
  readonly until: number
  /** The host gave up the call. */
  readonly signal: AbortSignal
  readonly progress: Progress | undefined
}

export type Exchanged =
  | {
      readonly kind: 'settled'
      readonly outcome: SendOutcome
      /** The peer's answer, for the call to return. Undefined: it said nothing, or the ledger does not have it. */
      readonly answer: Told | undefined
      /** An event shows what the peer said, since files came with it. */
      readonly isShown: boolean
    }
  /** The call's wait ended first. */
  | { readonly kind: 'pending' }

/** An answer in the ledger that a call returns, so it becomes no event. */
export interface Told {
  readonly stored: StoredMessage
  /** The result has left the process. */
  readonly onSent: () => void
  /** It never will. */
  readonly onLost: () => void
}

/** How long a call waits for a peer that answers in the same request. MCP clients give a call up after a minute. */
export const ANSWER_WAIT_MS = 50_000
/** The same for a caller that sees from the progress that the call goes on. */
export const WATCHED_WAIT_MS = REQUEST_LIMIT_MS
/** Each holds a connection, or an answer that is not recorded yet. */
const MAX_OPEN = 50
/** Often enough for a host that abandons calls which show no sign of life. */
const PROGRESS_INTERVAL_MS = 5_000

type Settled = (Recorded & { readonly outcome: SendOutcome }) | { readonly error: unknown }

export class PeerExchanges {
  readonly #options: PeerExchangesOptions
  readonly #ended = new AbortController()
  readonly #record: AnswerRecord
  #open = 0

  constructor(options: PeerExchangesOptions) {
    this.#options = options
    this.#record = new AnswerRecord({ ...options, signal: this.#ended.signal })
  }

  /** Aborts when the session ends. For a request that is not to end with its call. */
  get signal(): AbortSignal {
    return this.#ended.signal
  }

  /** The session ends: cuts all requests. The next session finds in the ledger what was under way. */
  end(): void {
    this.#ended.abort()
  }

  /**
   * Sends a message and waits for its outcome, as long as the call may wait.
   *
   * @throws when the peer surely does not have the message: PlatformError; ToolFailure when too many are open; the abort
   * reason of a call that was given up before.
   */
  async send(sending: Sending, patience: Patience): Promise<Exchanged> {
    patience.signal.throwIfAborted()
    if (this.#open + this.#record.size >= MAX_OPEN) {
      throw new ToolFailure(
        this.#record.size === 0
          ? `Nothing was sent, because ${MAX_OPEN} messages to peers are still waiting for their answers. Wait until some have arrived.`
          : 'Nothing was sent, because answers of peers cannot be written to the state folder. status says what is wrong with it.',
      )
    }
    const call = { waits: true }
    const giveUp = (): void => {
      call.waits = false
    }
    patience.signal.addEventListener('abort', giveUp, { once: true })
    try {
      const settled = await this.#within(this.#exchange(sending, call, patience.signal), patience)
      if (settled === undefined) return { kind: 'pending' }
      if ('error' in settled) throw settled.error
      const { outcome, stored, ledger, isTaken } = settled
      const answer = isTaken && stored && ledger && this.told(ledger, stored)
      return {
        kind: 'settled',
        outcome,
        answer: answer || undefined,
        isShown: stored !== undefined && !isTaken,
      }
    } finally {
      giveUp()
      patience.signal.removeEventListener('abort', giveUp)
    }
  }

  /** Undefined when the wait ended first. */
  async #within(work: Promise<Settled>, { until, signal, progress }: Patience): Promise<Settled | undefined> {
    const { clock } = this.#options
    const begun = clock.now()
    let settled: Settled | undefined
    const isSettled = new AbortController()
    void work.then((value) => {
      settled = value
      isSettled.abort()
    })
    const stop = (): void => isSettled.abort()
    signal.addEventListener('abort', stop, { once: true })
    for (let now = begun; settled === undefined && !signal.aborted && now < until; now = clock.now()) {
      progress?.(now - begun, until - begun, 'waiting for the peer')
      await sleep(Math.min(PROGRESS_INTERVAL_MS, until - now), isSettled.signal, clock)
    }
    signal.removeEventListener('abort', stop)
    return settled
  }

  /** Never rejects. */
  async #exchange(
    sending: Sending,
    call: { readonly waits: boolean },
    signal: AbortSignal,
  ): Promise<Settled> {
    this.#open++
    try {
      const isNoted = sending.taskId === null && (await this.#noteMessage(sending, signal))
      return await this.#transmit(sending, call, isNoted)
    } catch (error) {
      return { error }
    } finally {
      this.#open--
    }
  }

  /**
   * Records a message that gives no task, so that a later session can look for its answer. It leaves even without a record.
   *
   * @returns whether it is recorded.
   * @throws the abort reason of the call.
   */
  async #noteMessage({ client, peerId, message }: Sending, signal: AbortSignal): Promise<boolean> {
    const { clock, log, ledger } = this.#options
    const requests = ledger()?.of(client.endpoint.workspaceId).requests
    const { messageId: id, text } = message
    try {
      if (requests === undefined) throw new Error('the state folder cannot be used')
      await patiently(() => requests.messages.add({ id, peerId, text }, clock.now()), clock, signal)
      return true
    } catch (error) {
      signal.throwIfAborted()
      log(
        `cannot record a message to peer ${peerId}, so its answer is lost if this session ends first: ${describeError(error)}`,
      )
      return false
    }
  }

  /** @throws when the peer surely does not have the message, or the session ends. */
  async #transmit(
    { client, peerId, message, taskId }: Sending,
    call: { readonly waits: boolean },
    isNoted: boolean,
  ): Promise<Settled> {
    const { allowedSenders, clock, log } = this.#options
    const asked = { id: taskId, peerId, text: message.text, requestId: message.messageId }
    const record = (outcome: RequestOutcome, takes: () => boolean): Promise<Recorded> =>
      this.#record.add(
        client.endpoint.workspaceId,
        isNoted ? outcome : { ...outcome, messageId: null },
        takes,
      )
    try {
      const outcome = await sendMessage(
        client,
        peerId,
        message,
        REQUEST_LIMIT_MS,
        this.#ended.signal,
        () => call.waits,
      )
      const found = outcomeOf({ ...asked, allowed: allowedSenders() }, outcome, clock.now())
      // Only an event fetches files.
      const hasFiles = outcome.kind === 'answered' && outcome.answer.attachments.length > 0
      return { outcome, ...(await record(found, () => call.waits && !hasFiles)) }
    } catch (error) {
      if (this.#ended.signal.aborted) throw error
      const text = `The message never reached the peer: ${describeError(error)}`
      const lost = lostOutcome(asked, 'failed', text, clock.now())
      if (call.waits) {
        // The call reports it, and forgets its task.
        if (isNoted) void record({ ...lost, entry: undefined }, () => true)
      } else {
        log(`a message to peer ${peerId} failed: ${describeError(error)}`)
        await record(lost, () => false)
      }
      throw error
    }
  }

  /** @param stored an answer in the ledger that a call has taken. */
  told({ delegations }: Ledger, stored: StoredMessage): Told {
    const { onStored } = this.#options
    return {
      stored,
      onSent: () => this.#note(() => delegations.told(stored)),
      onLost: () =>
        this.#note(() => {
          delegations.release(stored)
          onStored()
        }),
    }
  }

  #note(work: () => void): void {
    const { clock, log } = this.#options
    patiently(work, clock, this.#ended.signal).catch((error: unknown) => {
      // The next holder finds it unchanged and shows it again, marked.
      log(`cannot record that an answer was returned: ${describeError(error)}`)
    })
  }
}
