/**
 * Whether the host listens, as far as is known: from how it was started, and from what it has passed to the prompt hook
 * since. What the hook reports, or does not report, weighs more than how the host was started: a host can be asked for
 * the channel and refuse it. Only what the user has set in `MOLECULE_CHANNEL` stands against it.
 */
import { counted } from '../../../base/plural.ts'
import type { Fact } from '../../../member/ledger/session-evidence.ts'
import { type Hearing, START_WITH_CHANNEL } from './listener.ts'
import { judgeSilence, SETTLED_MS } from './silence.ts'

interface NotedFact {
  readonly fact: Fact
  /** Milliseconds since the epoch. */
  readonly at: number
}

export interface HearingView {
  readonly hearing: Hearing
  /** The prompt hook gets prompts and has never got a message, as it would over the channel. */
  readonly unproven: boolean
  /** How many messages the host should have shown by now, as of the last prompt that reached the hook. */
  readonly unheard: number
}

export interface SessionHearingOptions {
  readonly now: () => number
  /** Called with each fact when it is known. */
  readonly onFact: (noted: NotedFact) => void
}

export class SessionHearing {
  readonly #options: SessionHearingOptions
  readonly #facts = new Map<Fact, number>()
  #judged: Hearing = { mayHold: false, certain: false, because: 'the host has not connected yet' }
  /** No turn has begun since the last one ended. */
  #idle = true
  #reportsTurns = false
  /** When a typed prompt first found messages that should have been shown. */
  #doubtedAt: number | undefined
  /** How many there were at the last one; and how many the user was told of. */
  #unheard = 0
  #told = 0
  /** The verdict that the host does not listen, drawn from what the hook got. */
  #refuted: Hearing | undefined

  constructor(options: SessionHearingOptions) {
    this.#options = options
  }

  get verdict(): Hearing {
    if (this.#judged.certain) return this.#judged
    if (this.#refuted !== undefined) return this.#refuted
    if (this.heardAt === undefined) return this.#judged
    return { mayHold: true, certain: false, because: 'the host has shown messages' }
  }

  /** Every known fact, for a ledger opened later. */
  get facts(): readonly NotedFact[] {
    return [...this.#facts].map(([fact, at]) => ({ fact, at }))
  }

  /** When the hook last got one of our events, in milliseconds since the epoch. */
  get heardAt(): number | undefined {
    return this.#facts.get('heard')
  }

  /** For `status`. */
  get view(): HearingView {
    const hearing = this.verdict
    const isRung = hearing.route === 'doorbell'
    const unproven = hearing.mayHold && !isRung && this.#facts.has('hooked') && this.heardAt === undefined
    return { hearing, unproven, unheard: this.#unheard }
  }

  /** As far as is known, the host never showed what was sent to it. */
  get isRefuted(): boolean {
    return this.#refuted !== undefined
  }

  judge(hearing: Hearing): void {
    this.#judged = hearing
  }

  /** The hook got a typed prompt. Returns whether no turn was running, as far as is known. */
  typed(): boolean {
    const wasIdle = this.#idle
    this.#idle = false
    this.#learn('hooked')
    return wasIdle
  }

  /** The hook was told that a turn ended. */
  turnEnded(): void {
    this.#idle = true
    this.#reportsTurns = true
    this.#learn('hooked')
  }

  /** The hook got a bell: it begins a turn, or joins one. */
  turnBegan(): void {
    this.#idle = false
    this.#learn('hooked')
  }

  /** The model called a tool, so a turn is running. */
  toolCalled(): void {
    this.#idle = false
  }

  /** The hook got one of our events: the host listens. */
  heard(): void {
    this.#idle = false
    this.#doubtedAt = undefined
    this.#unheard = this.#told = 0
    this.#refuted = undefined
    this.#learn('hooked')
    this.#learn('heard')
  }

  /**
   * Draws a conclusion from a typed prompt.
   *
   * @param overdue messages written over 30 s before it, after the last event that the hook got.
   * @param wasIdle no turn was running then.
   */
  weigh(overdue: number, wasIdle: boolean): void {
    const now = this.#options.now()
    const meaning = judgeSilence({
      overdue,
      wasIdle,
      reportsTurns: this.#reportsTurns,
      hasListened: this.heardAt !== undefined,
      doubtedForMs: this.#doubtedAt === undefined ? 0 : Math.max(0, now - this.#doubtedAt),
    })
    this.#unheard = overdue
    if (meaning === 'nothing') this.#doubtedAt = undefined
    else this.#doubtedAt ??= now
    if (meaning === 'deaf') this.#refuted = this.#deaf(overdue)
  }

  /** What the user of a session that holds workspaces must know: messages were sent and not shown. Once for each. */
  notice(): string | undefined {
    if (this.#unheard <= this.#told || !this.verdict.mayHold) return undefined
    this.#told = this.#unheard
    return `${counted(this.#unheard, 'message')} of the Molecule platform ${this.#unheard === 1 ? 'was' : 'were'} sent to this session over ${SETTLED_MS / 1000} s ago, and the host has not shown ${this.#unheard === 1 ? 'it' : 'them'}. Unless it has been busy since, it does not listen to the channel: ${this.#remedy()}. The inbox tool shows the messages.`
  }

  #deaf(unheard: number): Hearing {
    return {
      mayHold: false,
      certain: false,
      isProbed: true,
      because: `the host has not shown ${counted(unheard, 'message')} sent over ${SETTLED_MS / 1000} s ago: it is not listening to the channel`,
      remedy: this.#remedy(),
    }
  }

  #remedy(): string {
    return (
      this.#judged.refusal ?? `${START_WITH_CHANNEL}; or set MOLECULE_CHANNEL=on if this host does listen`
    )
  }

  #learn(fact: Fact): void {
    const at = this.#options.now()
    const isNew = !this.#facts.has(fact)
    if (!isNew && fact !== 'heard') return
    this.#facts.set(fact, at)
    this.#options.onFact({ fact, at })
  }
}
