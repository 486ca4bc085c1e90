/** Posts lines to the chat of a workspace, one after another, so that a request appears before anything about it. */

import type { PlatformClient } from '../../../member/client/client.ts'
import { notifyUser } from '../../../member/client/notify.ts'

export interface ChatPostsOptions {
  readonly client: (workspaceId: string) => PlatformClient | undefined
  readonly signal: AbortSignal
  readonly onPosted: () => void
  /** The platform refused a line or could not be reached. */
  readonly onFailure: (error: unknown) => void
}

/** Lines that may wait for the platform. */
const MAX_WAITING = 50

export class ChatPosts {
  readonly #client: (workspaceId: string) => PlatformClient | undefined
  readonly #signal: AbortSignal
  readonly #onPosted: () => void
  readonly #onFailure: (error: unknown) => void
  #last: Promise<void> = Promise.resolve()
  #waiting = 0

  constructor({ client, signal, onPosted, onFailure }: ChatPostsOptions) {
    this.#client = client
    this.#signal = signal
    this.#onPosted = onPosted
    this.#onFailure = onFailure
  }

  /** Queues a line. False when too many wait already. */
  add(workspaceId: string, text: string): boolean {
    if (this.#waiting >= MAX_WAITING) return false
    this.#waiting++
    this.#last = this.#last.then(() => this.#post(workspaceId, text))
    return true
  }

  async #post(workspaceId: string, text: string): Promise<void> {
    try {
      const client = this.#client(workspaceId)
      if (client === undefined) throw new Error('its workspace is no longer configured')
      await notifyUser(client, text, this.#signal)
      this.#onPosted()
    } catch (error) {
      if (!this.#signal.aborted) this.#onFailure(error)
    } finally {
      this.#waiting--
    }
  }
}
