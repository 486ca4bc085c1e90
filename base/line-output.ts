/**
 * Lines for a stream that may fail: a log on a full disk, a terminal that is gone, a reader that has stopped. A caller
 * may be the last handler of errors, so nothing here throws, and nothing is written again after the first failure.
 */

/** What is kept for a reader that does not read, in UTF-16 units. Lines beyond it are dropped. */
const MAX_WAITING = 256 * 1024

export interface LineStream {
  write(text: string, done: (error?: Error | null) => void): unknown
  on(event: 'error', listener: (error: Error) => void): unknown
}

export class LineOutput {
  readonly #open: () => LineStream
  readonly #onFailure: (error: unknown) => void
  #failed = false
  #waiting = 0

  #stream: LineStream | undefined

  /**
   * @param open gives the stream. Called at the first line, since `process.stderr` takes milliseconds to open.
   * @param onFailure called once, with the first error; this output is closed by then.
   */
  constructor(open: () => LineStream, onFailure: (error: unknown) => void = () => undefined) {
    this.#open = open
    this.#onFailure = onFailure
  }

  readonly write = (line: string): void => {
    const text = `${line}\n`
    if (this.#failed || this.#waiting + text.length > MAX_WAITING) return
    this.#waiting += text.length
    try {
      this.#stream ??= this.#opened()
      this.#stream.write(text, (error) => {
        this.#waiting -= text.length
        if (error) this.#fail(error)
      })
    } catch (error) {
      this.#fail(error)
    }
  }

  #opened(): LineStream {
    const stream = this.#open()
    // Without a listener the error would be an uncaught one.
    stream.on('error', (error: unknown) => this.#fail(error))
    return stream
  }

  #fail(error: unknown): void {
    if (this.#failed) return
    this.#failed = true
    this.#onFailure(error)
  }
}
