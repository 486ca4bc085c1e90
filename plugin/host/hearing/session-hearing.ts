/**
 * Whether the host listens, as far as is known: from how it was started, and from what it has passed to the prompt hook
 * since. A receipt settles it. Until then an uncertain session may hold workspaces. Once the hook gets typed prompts
 * but none of the messages sent before, the host does not listen, and another session must get the messages.
 */
import { counted } from '../../../base/plural.ts'
import type { Fact } from '../../../member/ledger/session-evidence.ts'
import { deaf, type Hearing, START_WITH_CHANNEL } from './listener.ts'

/** A host that listens has passed a message to the hook by this age. */
export const SETTLED_MS = 30_000

export class SessionHearing {
  /** Called with each fact when it is first known. */
  readonly #onFact: (fact: Fact) => void
  readonly #facts = new Set<Fact>()
  #judged: Hearing = { mayHold: false, certain: false, because: 'the host has not connected yet' }
  /** The hook has run, so hooks are not switched off. */
  #hooked = false
  /** The verdict that the host does not listen, drawn from what the hook got. */
  #refuted: Hearing | undefined

  constructor(onFact: (fact: Fact) => void) {
    this.#onFact = onFact
  }

  get verdict(): Hearing {
    if (this.#judged.certain) return this.#judged
    if (this.#facts.has('receipted')) {
      return { mayHold: true, certain: true, because: 'the host has shown messages' }
    }
    return this.#judged.mayHold ? (this.#refuted ?? this.#judged) : this.#judged
  }

  /** Every known fact, for a ledger opened later. */
  get facts(): readonly Fact[] {
    return [...this.#facts]
  }

  /** Prompts reach the hook, but no message ever did. `status` says so. */
  get unproven(): boolean {
    return this.verdict.mayHold && this.#hooked && !this.#facts.has('receipted')
  }

  judge(hearing: Hearing): void {
    this.#judged = hearing
    if (hearing.mayHold && hearing.certain) this.#learn('with_channel')
  }

  /** The hook got a typed prompt. */
  prompted(): void {
    this.#hooked = true
    this.#learn('prompted')
  }

  /** The model called a tool: the session is in use, whether or not hooks are on. */
  toolCalled(): void {
    this.#learn('prompted')
  }

  /** The hook got one of our messages: the host listens. */
  receipted(): void {
    this.#learn('receipted')
  }

  /** As far as is known, the host never showed what was sent to it. */
  get isRefuted(): boolean {
    return this.#refuted !== undefined && !this.#facts.has('receipted')
  }

  /** Whether, at a typed prompt, a message without a receipt would mean that the host does not listen. */
  get isOpen(): boolean {
    const { mayHold, certain } = this.verdict
    return mayHold && !certain
  }

  /** Decides that the host does not listen after all. */
  refute(unheard: number): void {
    this.#refuted = deaf(
      `the host has not shown ${counted(unheard, 'message')} sent over ${SETTLED_MS / 1000} s ago: it is not listening to the channel`,
      `${START_WITH_CHANNEL}; or set MOLECULE_CHANNEL=on if this host does listen`,
    )
  }

  #learn(fact: Fact): void {
    if (this.#facts.has(fact)) return
    this.#facts.add(fact)
    this.#onFact(fact)
  }
}
