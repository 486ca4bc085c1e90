/**
 * What the program of a backend writes to standard error: lines for the log, up to a bound for each message, since a line
 * costs this process more than that program; and its last words, for a failure.
 */
import { stripVTControlCharacters } from 'node:util'
import { LineReader } from '../../base/line-reader.ts'
import { plainText } from '../../base/plain-text.ts'

const MAX_LINES = 1_000
const MAX_CHARS = 256 * 1024
/** How much of its end a failure quotes, and how much is kept for that: codes of colours are no words. */
const QUOTED_CHARS = 1_024
const KEPT_CHARS = 4 * QUOTED_CHARS

export class ErrorOutput {
  readonly #log: (line: string) => void
  #lines = this.#newReader()
  #lineCount = 0
  #charCount = 0
  #end = ''

  constructor(log: (line: string) => void) {
    this.#log = log
  }

  push(text: string): void {
    this.#end = (this.#end + text).slice(-KEPT_CHARS)
    if (this.#isFull) return
    const room = MAX_CHARS - this.#charCount
    this.#charCount += text.length
    this.#lines.push(text.slice(0, room))
    if (this.#isFull) this.#log('writes more to standard error than is logged for one message')
  }

  /** The last line is over, whether it was ended or not. */
  end(): void {
    if (!this.#isFull) this.#lines.push('\n')
  }

  /** The next message begins. */
  begin(): void {
    if (this.#isFull) this.#lines = this.#newReader()
    ;[this.#lineCount, this.#charCount] = [0, 0]
  }

  /** A word that is cut is left out: it may be a token, and half of one is not recognised. */
  get lastWords(): string {
    const end = stripVTControlCharacters(this.#end)
    const isWhole = this.#end.length < KEPT_CHARS && end.length <= QUOTED_CHARS
    return isWhole ? end : end.slice(-QUOTED_CHARS).replace(/^\S+/, '')
  }

  get #isFull(): boolean {
    return this.#lineCount >= MAX_LINES || this.#charCount >= MAX_CHARS
  }

  #newReader(): LineReader {
    return new LineReader((line) => {
      const text = stripVTControlCharacters(line)
      if (text.trim() === '' || this.#lineCount++ >= MAX_LINES) return
      // The log cuts it, once it has looked for tokens.
      this.#log(plainText(text, text.length))
    })
  }
}
