/** What a peer has received so far, however much that is. */
import type { Peer, PeerMessage } from '../../driver/peer.ts'

export class PeerInbox {
  readonly #peer: Peer
  readonly #messages: PeerMessage[] = []

  constructor(peer: Peer) {
    this.#peer = peer
  }

  /** Reads on. @returns all, oldest first. */
  async read(): Promise<readonly PeerMessage[]> {
    for (;;) {
      const page = await this.#peer.received(this.#messages.at(-1)?.activityId)
      this.#messages.push(...page)
      if (page.length === 0) return this.#messages
    }
  }
}
