/** Prints each step as it happens, with the time it took. */
import { elapsedMs } from '../stopwatch.ts'

const ACTOR_WIDTH = 11

export class Story {
  readonly #write: (line: string) => void
  readonly #colour: boolean
  readonly #begun = elapsedMs()
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
   * Runs one step and prints how it went.
   *
   * @param who the actor.
   * @param what the actor does.
   * @param quote picks words to quote from what the step returns.
   * @throws whatever the step throws, after printing that it failed.
   */
  async step<T>(who: string, what: string, run: () => Promise<T>, quote?: (value: T) => string): Promise<T> {
    const from = elapsedMs()
    try {
      const value = await run()
      const tail = quote === undefined ? '' : `  ${this.#paint(2, `“${quote(value)}”`)}`
      this.#write(
        `${this.#paint(32, '✓')} ${who.padEnd(ACTOR_WIDTH)} ${what}${tail}  ${this.#paint(36, span(from))}`,
      )
      this.steps++
      return value
    } catch (error) {
      this.#write(`${this.#paint(31, '✗')} ${who.padEnd(ACTOR_WIDTH)} ${what}  ${span(from)}`)
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
  const ms = elapsedMs() - from
  return ms < 1000 ? `${ms.toFixed(ms < 10 ? 1 : 0)} ms` : `${(ms / 1000).toFixed(1)} s`
}
