/**
 * Which messages this session itself has written to its host. The ledger names only the last session that wrote a
 * message; when a workspace goes to another session and comes back, this one must not write again what its host already
 * has.
 */

/** Beyond this, the oldest is forgotten, and would at worst be written again, marked. */
const MAX_GIVEN = 10_000

export class GivenMessages {
  readonly #ords = new Set<number>()
  #session: string

  /** @param session identifies the writer: it tells the rows of this session from those of earlier ones. */
  constructor(session: string) {
    this.#session = session
  }

  get session(): string {
    return this.#session
  }

  add(ord: number): void {
    this.#ords.add(ord)
    const [oldest] = this.#ords
    if (this.#ords.size > MAX_GIVEN && oldest !== undefined) this.#ords.delete(oldest)
  }

  /** It was not written after all. */
  delete(ord: number): void {
    this.#ords.delete(ord)
  }

  all(): readonly number[] {
    return [...this.#ords]
  }

  /** The host dropped all that was written, and listens only now: from here on it is as good as another session. */
  renew(session: string): void {
    this.#session = session
    this.#ords.clear()
  }
}
