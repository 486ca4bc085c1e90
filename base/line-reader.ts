/** Cuts text into lines of bounded length: of an overlong line it gives only the beginning. */
const MAX_LINE_CHARS = 64 * 1024

export class LineReader {
  readonly #onLine: (line: string) => void
  #rest = ''
  /** The current line exceeded the bound and its beginning was given; the rest is dropped up to its end. */
  #overlong = false

  constructor(onLine: (line: string) => void) {
    this.#onLine = onLine
  }

  push(text: string): void {
    const lines = text.split('\n')
    const last = lines.length - 1
    for (const [index, piece] of lines.entries()) {
      if (!this.#overlong) {
        this.#rest += piece
        if (this.#rest.length > MAX_LINE_CHARS) {
          this.#onLine(this.#rest.slice(0, MAX_LINE_CHARS))
          this.#rest = ''
          this.#overlong = true
        }
      }
      if (index === last) return
      if (!this.#overlong) this.#onLine(this.#rest.replace(/\r$/, ''))
      this.#rest = ''
      this.#overlong = false
    }
  }
}
