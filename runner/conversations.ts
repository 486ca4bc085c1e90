/**
 * Two programs that answer each other's answers would go on forever. Every answer names its conversation, so a peer
 * that sends many messages is told apart from one that only reacts to our answers.
 */
import type { Inbound } from '../member/client/inbound.ts'

/** More answers than this within a minute in one conversation are a loop. */
export const MAX_ANSWERS = 20
const WINDOW_MS = 60_000
/** Beyond this, the conversation that was quiet for longest is forgotten. */
const MAX_CONVERSATIONS = 1_000

export class Conversations {
  /** When we answered in a conversation, by peer and context, the latest used last. */
  readonly #answers = new Map<string, readonly number[]>()

  /** Whether one more answer would be one too many. */
  isLoop(message: Pick<Inbound, 'peerId' | 'contextId'>, now: number): boolean {
    return this.#recent(keyOf(message), now).length >= MAX_ANSWERS
  }

  /** We answered in a conversation. */
  answered(message: Pick<Inbound, 'peerId' | 'contextId'>, now: number): void {
    const key = keyOf(message)
    if (key === undefined) return
    const times = [...this.#recent(key, now), now]
    this.#answers.delete(key)
    this.#answers.set(key, times)
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > MAX_CONVERSATIONS && oldest !== undefined) this.#answers.delete(oldest)
  }

  #recent(key: string | undefined, now: number): readonly number[] {
    const times = key === undefined ? undefined : this.#answers.get(key)
    return (times ?? []).filter((at) => Math.abs(now - at) < WINDOW_MS)
  }
}

/** A message without a context opens a conversation, so it cannot be part of a loop. */
function keyOf({ peerId, contextId }: Pick<Inbound, 'peerId' | 'contextId'>): string | undefined {
  return peerId === null || contextId === null ? undefined : `${peerId} ${contextId}`
}
