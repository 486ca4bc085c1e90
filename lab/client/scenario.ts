/** What a scenario is, and what all of them ask of what the model was given. */
import type { ClientSession } from '../driver/client/client-session.ts'
import type { Stage } from './stage.ts'

export interface Scenario {
  readonly name: string
  /** What must hold. */
  readonly rule: string
  /** @returns what was seen, in a few words; it throws when the rule does not hold. */
  readonly play: (stage: Stage) => Promise<string>
}

/** Holds when exactly these messages stand in the conversation, in this order, each once; `*` before one that is marked. */
export function assertShown(session: ClientSession, ...expected: readonly string[]): void {
  const seen = session.shown().map(({ text, meta }) => (meta.redelivered === 'true' ? `*${text}` : text))
  if (Bun.deepEquals(seen, expected)) return
  throw new Error(`the model was given [${seen.join(', ')}], not [${expected.join(', ')}]`)
}
