/** Logs which web pages were refused: their users see only an empty answer. */

/** Anyone can invent origins, so only a few are logged. */
const MAX_NAMED = 20
const MAX_LENGTH = 200

export class Strangers {
  readonly #named = new Set<string>()
  readonly #log: (line: string) => void

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  /** Notes that a page of this origin was refused. Each is named once. */
  refused(origin: string): void {
    const shown = JSON.stringify(origin.slice(0, MAX_LENGTH))
    if (this.#named.has(shown) || this.#named.size >= MAX_NAMED) return
    this.#named.add(shown)
    this.#log(
      `Refused a request from the web page at ${shown}. If that is this platform behind a tunnel or proxy, start it with --allow-host and that host name.`,
    )
  }
}
