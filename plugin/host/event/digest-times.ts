/** When the next digest of a sender's held messages is due: a minute after the first of them, and after the last digest. */
import { DIGEST_AFTER_MS } from '../../../member/ledger/loop-guard.ts'
import type { ThrottledSender } from '../../../member/ledger/throttled-messages.ts'

export class DigestTimes {
  /** When the last digest of a sender was written, in milliseconds since the epoch, for a minute. */
  readonly #written = new Map<string, number>()

  /** In milliseconds since the epoch; at once if the clock has been set back. */
  dueAt(from: ThrottledSender, now: number): number {
    const last = this.#written.get(keyOf(from)) ?? Number.NEGATIVE_INFINITY
    return Math.max(...[from.since, last].map((at) => (at > now ? now : at + DIGEST_AFTER_MS)))
  }

  written(from: ThrottledSender, now: number): void {
    for (const [key, at] of this.#written) {
      if (Math.abs(now - at) >= DIGEST_AFTER_MS) this.#written.delete(key)
    }
    this.#written.set(keyOf(from), now)
  }
}

function keyOf({ workspaceId, sender }: ThrottledSender): string {
  return `${workspaceId} ${sender}`
}
