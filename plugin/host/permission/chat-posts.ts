/** Posts lines to the chat of a workspace, one after another, so that a request appears before anything about it. */

import type { PlatformClient } from '../../../member/client/client.ts'
import { notifyUser, type PermissionNote } from '../../../member/client/notify.ts'

/** A text for every platform, and what it says for a chat that shows requests as rows with buttons. */
export interface ChatLine {
  readonly text: string
  readonly note?: PermissionNote
}

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
  add(workspaceId: string, line: ChatLine | string): boolean {
    if (this.#waiting >= MAX_WAITING) return false
    this.#waiting++
    this.#last = this.#last.then(() =>
      this.#post(workspaceId, typeof line === 'string' ? { text: line } : line),
    )
    return true
  }

  async #post(workspaceId: string, { text, note }: ChatLine): Promise<void> {
    try {
      const client = this.#client(workspaceId)
      if (client === undefined) throw new Error('its workspace is no longer configured')
      await notifyUser(client, text, this.#signal, [], { permission: note })
      this.#onPosted()
    } catch (error) {
      if (!this.#signal.aborted) this.#onFailure(error)
    } finally {
      this.#waiting--
    }
  }
}
