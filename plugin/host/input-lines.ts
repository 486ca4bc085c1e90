/** Cuts a stream of bytes into lines. One that is too long is dropped as it comes, and only its ends are kept. */

export interface LongLine {
  readonly bytes: number
  readonly beginning: string
  readonly end: string
}

export interface InputLinesOptions {
  readonly maxBytes: number
  readonly onLine: (line: string) => void
  readonly onLongLine: (line: LongLine) => void
}

const NEWLINE = 0x0a
const BYTE_ORDER_MARK = /^\uFEFF/
const END_BYTES = 1024

export class InputLines {
  readonly #options: InputLinesOptions
  #parts: Buffer[] = []
  /** Of the line so far, dropped bytes included. */
  #bytes = 0
  #beginning: string | undefined

  constructor(options: InputLinesOptions) {
    this.#options = options
  }

  push(chunk: Buffer): void {
    let from = 0
    for (let at = chunk.indexOf(NEWLINE); at !== -1; at = chunk.indexOf(NEWLINE, from)) {
      this.#add(chunk.subarray(from, at))
      this.#end()
      from = at + 1
    }
    this.#add(chunk.subarray(from))
  }

  #add(part: Buffer): void {
    if (part.length === 0) return
    this.#bytes += part.length
    this.#parts.push(part)
    if (this.#bytes <= this.#options.maxBytes) return
    const text = Buffer.concat(this.#parts)
    this.#beginning ??= text.subarray(0, END_BYTES).toString('utf8')
    this.#parts = [Buffer.from(text.subarray(-END_BYTES))]
  }

  #end(): void {
    const text = Buffer.concat(this.#parts).toString('utf8')
    const [bytes, beginning] = [this.#bytes, this.#beginning]
    this.#parts = []
    this.#bytes = 0
    this.#beginning = undefined
    // Some hosts begin with a mark, which JSON must not have (RFC 8259 section 8.1).
    if (beginning === undefined) this.#options.onLine(text.replace(BYTE_ORDER_MARK, '').trim())
    else this.#options.onLongLine({ bytes, beginning: beginning.replace(BYTE_ORDER_MARK, ''), end: text })
  }
}
