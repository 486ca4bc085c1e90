/** Tells what happens, as it happens, with the time each step took. */

const NARROW = 11

export class Story {
  readonly #write: (line: string) => void
  readonly #colour: boolean
  readonly #begun = performance.now()
  steps = 0

  constructor(write: (line: string) => void, colour: boolean) {
    this.#write = write
    this.#colour = colour
  }

  /** A line without a time. */
  say(text: string): void {
    this.#write(text)
  }

  /**
   * Runs one step and tells how it went.
   *
   * @param who the one who acts; @param what what is seen once the step is done.
   * @throws what the step throws, after saying that it failed.
   */
  async step<T>(who: string, what: string, run: () => Promise<T>, quote?: (value: T) => string): Promise<T> {
    const from = performance.now()
    try {
      const value = await run()
      const tail = quote === undefined ? '' : `  ${this.#paint(2, `“${quote(value)}”`)}`
      this.#write(
        `${this.#paint(32, '✓')} ${who.padEnd(NARROW)} ${what}${tail}  ${this.#paint(36, span(from))}`,
      )
      this.steps++
      return value
    } catch (error) {
      this.#write(`${this.#paint(31, '✗')} ${who.padEnd(NARROW)} ${what}  ${span(from)}`)
      throw error
    }
  }

  end(text: string): void {
    this.#write(`\n${text} (${this.steps} steps, ${span(this.#begun)})`)
  }

  #paint(code: number, text: string): string {
    return this.#colour ? `\u001b[${code}m${text}\u001b[0m` : text
  }
}

function span(from: number): string {
  const ms = performance.now() - from
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`
}
