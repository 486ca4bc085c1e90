/**
 * When to ring. At most one bell is under way, a backlog is one bell, and a turn is told once: a bell that was not
 * followed is repeated after the turn, at growing intervals, and then the messages wait for the person. Pure but for what
 * it remembers. Times are in milliseconds since the epoch.
 */

/** Between two bells, whatever happens. The client drops what comes faster than some thirty in a burst. */
export const MIN_GAP_MS = 5_000
/** After the first bell, the second, and so on: the client may have dropped it, or the model have put it off. */
const GAPS_MS = [30_000, 120_000, 480_000, 480_000] as const
const MAX_ATTEMPTS = GAPS_MS.length
/** A turn that a person interrupts is not reported as ended. */
const TURN_MS = 10 * 60_000
/** The same where no hook reports the end of any turn. */
const UNREPORTED_TURN_MS = 60_000

/**
 * - ring: now.
 * - wait: ask again in so many milliseconds; infinite: when something happens.
 * - unread: it was rung as often as it may be, and a bell was heard, or may wait for the end of the running turn.
 * - unheard: it was rung as often as it may be, and no bell was heard, though no turn runs.
 */
export type Decision =
  | { readonly do: 'ring'; readonly attempt: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'unread' | 'unheard' }

interface Turn {
  /** When it last gave a sign of itself, or was rung. */
  readonly at: number
  /** Its model has been told that messages wait, or will be by the bell under way. */
  readonly knows: boolean
}

export class BellPace {
  #rungAt = Number.NEGATIVE_INFINITY
  /** Bells since messages were last read. */
  #attempts = 0
  /** Of the last of them; of any of them. */
  #isHeard = false
  #wasHeard = false
  /** The running turn, as far as is known. */
  #turn: Turn | undefined
  #reportsTurns = false

  /** @param waiting how many messages wait. */
  decide(waiting: number, now: number): Decision {
    if (waiting === 0) return { do: 'wait', ms: Number.POSITIVE_INFINITY }
    const gap = Math.max(MIN_GAP_MS, GAPS_MS[this.#attempts - 1] ?? 0)
    const ms = Math.max(left(gap, this.#rungAt, now), this.#turnLeft(now))
    if (ms > 0) return { do: 'wait', ms }
    if (this.#attempts < MAX_ATTEMPTS) return { do: 'ring', attempt: this.#attempts + 1 }
    return { do: this.#wasHeard || this.#turn !== undefined ? 'unread' : 'unheard' }
  }

  rung(now: number): void {
    this.#rungAt = now
    this.#attempts++
    this.#isHeard = false
    if (this.#turn !== undefined) this.#turn = { at: now, knows: true }
  }

  /** A hook was called, so one will report the end of the turn. */
  hooked(): void {
    this.#reportsTurns = true
  }

  /** The prompt hook reported that the host gave the model the last bell. */
  heard(now: number): void {
    this.hooked()
    this.#isHeard = this.#wasHeard = true
    this.#turn = { at: now, knows: true }
  }

  /** A person typed, or the model called a tool: a turn runs. */
  active(now: number): void {
    this.#turn = { at: now, knows: this.#turn?.knows ?? this.isUnderWay }
  }

  turnEnded(): void {
    this.hooked()
    this.#turn = undefined
  }

  /** The model was given messages, or told of them by other means than a bell: it knows what still waits. */
  told(now: number): void {
    this.#attempts = 0
    this.#isHeard = this.#wasHeard = false
    this.#turn = { at: now, knows: true }
  }

  get attempts(): number {
    return this.#attempts
  }

  /** The last bell has not been heard yet, as far as is known. */
  get isUnderWay(): boolean {
    return this.#attempts > 0 && !this.#isHeard
  }

  /** How much longer the running turn keeps a bell from being rung. */
  #turnLeft(now: number): number {
    if (this.#turn?.knows !== true) return 0
    return left(this.#reportsTurns ? TURN_MS : UNREPORTED_TURN_MS, this.#turn.at, now)
  }
}

/** What is left of a span. A clock that was set counts as time that has passed. */
function left(ms: number, since: number, now: number): number {
  return ms - Math.abs(now - since)
}
