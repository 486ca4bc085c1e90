/**
 * Lines for stdout and stderr, which may fail: a full disk, a terminal that is gone, a reader that has
 * stopped. The platform still serves its agents, so nothing here throws, and nothing is written again
 * after the first failure.
 */

/** What is kept for a reader that does not read, in UTF-16 units. Lines beyond it are dropped. */
const MAX_WAITING = 256 * 1024

export class LineOutput {
  readonly #stream: Pick<NodeJS.WriteStream, 'write'>
  readonly #onFailure: () => void
  #failed = false
  #waiting = 0

  /** @param onFailure called once; this output is closed by then. */
  constructor(stream: Pick<NodeJS.WriteStream, 'write' | 'on'>, onFailure: () => void = () => undefined) {
    this.#stream = stream
    this.#onFailure = onFailure
    // Without a listener the error would end the program.
    stream.on('error', () => this.#fail())
  }

  readonly write = (line: string): void => {
    const text = `${line}\n`
    if (this.#failed || this.#waiting + text.length > MAX_WAITING) return
    this.#waiting += text.length
    try {
      this.#stream.write(text, (error) => {
        this.#waiting -= text.length
        if (error) this.#fail()
      })
    } catch {
      this.#fail()
    }
  }

  #fail(): void {
    if (this.#failed) return
    this.#failed = true
    this.#onFailure()
  }
}
