/** The network between the processes and the platform. Until `calmAt` it delays, loses, refuses and corrupts requests. */
import type { Dice } from '../../dice.ts'
import type { SimClock } from '../sim-clock.ts'
import { type Answer, toResponse } from './answers.ts'
import { SimRequest } from './request.ts'
import {
  calmPassage,
  garbled,
  MISHAPS,
  type Mishap,
  type Passage,
  troubledPassage,
  turnedAway,
  withDoubledRows,
} from './trouble.ts'

/** A process that talks to the platform. */
export interface SimProcess {
  readonly number: number
  readonly dead: boolean
  /** Called before a request leaves and after the platform has processed it. Throws when the process dies there. */
  half(): void
}

/** A request in flight. */
export interface Exchange {
  readonly process: SimProcess
  readonly request: SimRequest
  /** Milliseconds since the epoch when it left the process. */
  readonly sentAt: number
}

export interface NetworkOptions {
  readonly clock: SimClock
  readonly dice: Dice
  /** Milliseconds since the epoch after which nothing goes wrong. */
  readonly calmAt: number
  /** Called when a request leaves. Returns a function to call once the process has its response or has given up. */
  readonly onSent: (exchange: Exchange) => () => void
  /** Processes a request. */
  readonly onArrived: (exchange: Exchange) => Answer
}

export class Network {
  readonly #options: NetworkOptions
  /** How often each fault occurred. */
  readonly mishaps = Object.fromEntries(MISHAPS.map((name) => [name, 0])) as Record<Mishap, number>

  constructor(options: NetworkOptions) {
    this.#options = options
  }

  /** One process's view of the network. */
  of(process: SimProcess): typeof fetch {
    const send = async (url: unknown, init?: RequestInit): Promise<Response> =>
      this.#send(process, String(url), init)
    return Object.assign(send, { preconnect: () => {} })
  }

  #send(process: SimProcess, url: string, init: RequestInit | undefined): Promise<Response> {
    init?.signal?.throwIfAborted()
    // The promise of a dead process never settles, so none of its code continues.
    if (process.dead || !survives(process)) return new Promise(() => {})
    const { clock, dice, calmAt, onSent } = this.#options
    const exchange = { process, request: new SimRequest(url, init), sentAt: clock.now() }
    const passage =
      exchange.sentAt < calmAt ? troubledPassage(dice, exchange.request.route) : calmPassage(dice)
    const onEnded = onSent(exchange)
    return new Promise((resolve, reject) => {
      const pending = new PendingFetch(process, init?.signal ?? undefined, resolve, reject, onEnded)
      this.#travel(exchange, passage, pending)
    })
  }

  #travel(exchange: Exchange, passage: Passage, pending: PendingFetch): void {
    const { dice } = this.#options
    const { route } = exchange.request
    if (passage.request !== 'arrives') this.mishaps[passage.request]++
    if (passage.request === 'request lost') return
    this.#later(passage.thereMs, () => {
      if (passage.request === 'refused connection') pending.fail('connection refused')
      else if (passage.request === 'turned away') pending.give(turnedAway(dice, route))
      else this.#arrive(exchange, passage, pending)
    })
  }

  /** The platform processes a request even if the process that sent it has died. */
  #arrive(exchange: Exchange, passage: Passage, pending: PendingFetch): void {
    const { dice, onArrived } = this.#options
    const { process, request } = exchange
    const answer = onArrived(exchange)
    if (process.dead || !survives(process)) return
    if (passage.answer !== 'arrives') this.mishaps[passage.answer]++
    if (passage.answer === 'answer lost') return
    this.#later(passage.backMs, () => {
      if (passage.answer === 'reset') pending.fail('connection reset')
      else if (passage.answer === 'garbled') pending.give(garbled(dice, request.route, answer))
      else if (passage.answer === 'doubled rows') pending.give(withDoubledRows(dice, answer))
      else pending.give(answer)
    })
  }

  #later(ms: number, run: () => void): void {
    if (ms === 0) run()
    else this.#options.clock.after(ms, run)
  }
}

/** A call of `fetch` that has no response yet. */
class PendingFetch {
  readonly #process: SimProcess
  readonly #signal: AbortSignal | undefined
  readonly #resolve: (response: Response) => void
  readonly #reject: (reason: unknown) => void
  readonly #onEnded: () => void
  #ended = false

  constructor(
    process: SimProcess,
    signal: AbortSignal | undefined,
    resolve: (response: Response) => void,
    reject: (reason: unknown) => void,
    onEnded: () => void,
  ) {
    this.#process = process
    this.#signal = signal
    this.#resolve = resolve
    this.#reject = reject
    this.#onEnded = onEnded
    signal?.addEventListener('abort', this.#abort, { once: true })
  }

  give(answer: Answer): void {
    if (this.#process.dead || !this.#end()) return
    answer.onDelivered?.()
    this.#resolve(toResponse(answer))
  }

  fail(message: string): void {
    if (!this.#process.dead && this.#end()) this.#reject(new TypeError(message))
  }

  readonly #abort = (): void => {
    if (this.#end() && !this.#process.dead) this.#reject(this.#signal?.reason)
  }

  /** Returns false when it had already ended. */
  #end(): boolean {
    if (this.#ended) return false
    this.#ended = true
    this.#signal?.removeEventListener('abort', this.#abort)
    this.#onEnded()
    return true
  }
}

/** Whether the process survives this step. */
function survives(process: SimProcess): boolean {
  try {
    process.half()
    return true
  } catch (error) {
    if (!process.dead) throw error
    return false
  }
}
