/**
 * Whether this session hears, as far as is known by now: how it was started, and what its prompt hook has been given
 * since. A receipt settles it. Without certainty the session may hold, until the hook is given what is typed but not
 * what was sent: then nobody listens, and another session must get the messages.
 */
import type { Fact } from '../../../member/ledger/session-evidence.ts'
import { deaf, type Hearing, START_WITH_CHANNEL } from './listener.ts'

/** What was sent so long ago the host has passed on, if it listens. */
export const SETTLED_MS = 30_000

export class SessionHearing {
  /** Tells of a fact when it is first known. */
  readonly #onFact: (fact: Fact) => void
  readonly #facts = new Set<Fact>()
  #judged: Hearing = { mayHold: false, certain: false, because: 'the host has not been heard yet' }
  /** The hook was given something: it is not switched off. */
  #hooked = false
  /** Why nobody listens, although the start of this session did not tell. */
  #refuted: Hearing | undefined

  constructor(onFact: (fact: Fact) => void) {
    this.#onFact = onFact
  }

  get verdict(): Hearing {
    if (this.#judged.certain || !this.#judged.mayHold) return this.#judged
    if (this.#facts.has('receipted')) {
      return { mayHold: true, certain: true, because: 'the host has passed messages on' }
    }
    return this.#refuted ?? this.#judged
  }

  /** All that is known, for a ledger that was opened later. */
  get facts(): readonly Fact[] {
    return [...this.#facts]
  }

  /** Prompts reach the hook, and no message ever came back: said in `status`. */
  get unproven(): boolean {
    return this.verdict.mayHold && this.#hooked && !this.#facts.has('receipted')
  }

  judge(hearing: Hearing): void {
    this.#judged = hearing
    if (hearing.mayHold && hearing.certain) this.#learn('with_channel')
  }

  /** The hook was given something typed. */
  prompted(): void {
    this.#hooked = true
    this.#learn('prompted')
  }

  /** The model called a tool: somebody is there, whether or not hooks are on. */
  toolCalled(): void {
    this.#learn('prompted')
  }

  /** The hook was given a message of ours: this session hears. */
  receipted(): void {
    this.#learn('receipted')
  }

  /** What was sent to this host was put before nobody, as far as is known. */
  get isRefuted(): boolean {
    return this.#refuted !== undefined && !this.#facts.has('receipted')
  }

  /** Whether a message that got no receipt would mean, at a typed prompt, that nobody listens. */
  get isOpen(): boolean {
    const { mayHold, certain } = this.verdict
    return mayHold && !certain
  }

  /** Nobody listens after all. */
  refute(unheard: number): void {
    this.#refuted = deaf(
      `the host passes on what is typed, but not ${unheard === 1 ? 'the message' : `the ${unheard} messages`} sent to it more than ${SETTLED_MS / 1000} s ago: it does not listen to the channel`,
      `${START_WITH_CHANNEL}; or set MOLECULE_CHANNEL=on if this host does listen`,
    )
  }

  #learn(fact: Fact): void {
    if (this.#facts.has(fact)) return
    this.#facts.add(fact)
    this.#onFact(fact)
  }
}
