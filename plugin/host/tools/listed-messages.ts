/** The messages that `inbox` has listed in this session, so that a call that waits knows a new one. */

/** Beyond this, the oldest is forgotten, and a call that waits would list it again. */
const MAX_LISTED = 5_000

export class ListedMessages {
  readonly #ids = new Set<string>()

  add(activityIds: readonly string[]): void {
    for (const id of activityIds) this.#ids.add(id)
    for (const id of this.#ids) {
      if (this.#ids.size <= MAX_LISTED) break
      this.#ids.delete(id)
    }
  }

  get ids(): readonly string[] {
    return [...this.#ids]
  }

  has(activityId: string): boolean {
    return this.#ids.has(activityId)
  }
}
