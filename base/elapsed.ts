/** How much time has passed since a moment, by a clock that may be set back meanwhile. */
export class Elapsed {
  readonly #now: () => number
  readonly #unknownMs: number
  #countedTo: number
  #ms = 0

  /**
   * @param now milliseconds since the epoch.
   * @param since the moment, by the same clock.
   * @param unknownMs how much time counts as passed between two questions between which the clock went back.
   */
  constructor(now: () => number, since: number, unknownMs: number) {
    this.#now = now
    this.#countedTo = since
    this.#unknownMs = unknownMs
  }

  /** In milliseconds. Ask often: what lies between two questions is all that a clock can take away. */
  get ms(): number {
    const now = this.#now()
    const passed = now - this.#countedTo
    this.#countedTo = now
    this.#ms += passed < 0 ? this.#unknownMs : passed
    return this.#ms
  }
}
