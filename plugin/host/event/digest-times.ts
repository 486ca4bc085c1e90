/** When the next digest of a peer's held messages is due: a minute after the first of them, and after the last digest. */
import { DIGEST_AFTER_MS } from '../../../member/ledger/loop-guard.ts'
import type { ThrottledPeer } from '../../../member/ledger/throttled-messages.ts'

export class DigestTimes {
  /** When the last digest of a peer was written, in milliseconds since the epoch, for a minute. */
  readonly #written = new Map<string, number>()

  /** In milliseconds since the epoch; at once if the clock has been set back. */
  dueAt(peer: ThrottledPeer, now: number): number {
    const last = this.#written.get(keyOf(peer)) ?? Number.NEGATIVE_INFINITY
    return Math.max(...[peer.since, last].map((at) => (at > now ? now : at + DIGEST_AFTER_MS)))
  }

  written(peer: ThrottledPeer, now: number): void {
    for (const [key, at] of this.#written) {
      if (Math.abs(now - at) >= DIGEST_AFTER_MS) this.#written.delete(key)
    }
    this.#written.set(keyOf(peer), now)
  }
}

function keyOf({ workspaceId, peerId }: ThrottledPeer): string {
  return `${workspaceId} ${peerId}`
}
