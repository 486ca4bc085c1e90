/** A scenario, and the assertion that all scenarios share. */
import type { ClientSession } from '../driver/client/client-session.ts'
import type { Stage } from './stage.ts'

export interface Scenario {
  readonly name: string
  /** The rule that must hold. */
  readonly rule: string
  /**
   * @returns what happened, in a few words.
   * @throws Error when the rule does not hold.
   */
  readonly play: (stage: Stage) => Promise<string>
}

/**
 * Asserts that the conversation contains exactly these messages, in this order. `*` stands for the mark.
 *
 * @throws Error otherwise.
 */
export function assertShown(session: ClientSession, ...expected: readonly string[]): void {
  const seen = session.shown().map(({ text, meta }) => (meta.redelivered === 'true' ? `*${text}` : text))
  if (Bun.deepEquals(seen, expected)) return
  throw new Error(`the model was shown [${seen.join(', ')}], not [${expected.join(', ')}]`)
}

/**
 * Asserts that no message was written to any host: one that the ledger has only waits there.
 *
 * @throws Error otherwise.
 */
export function assertUnsent(stage: Stage, otherwise: string): void {
  if (stage.ledger().some(({ state }) => state !== 'received')) throw new Error(otherwise)
}
