/**
 * Lines for stdout and stderr, which may fail: a full disk, a terminal that is gone, a reader that has
 * stopped. The platform serves its agents all the same, so nothing here throws, and nothing is written again
 * after the first failure.
 */

/** What is kept for a reader that does not read, in UTF-16 units. Lines beyond it are dropped. */
const MAX_WAITING = 256 * 1024

export class LineOutput {
  readonly #stream: Pick<NodeJS.WriteStream, 'write'>
  #failed = false
  #waiting = 0

  constructor(stream: Pick<NodeJS.WriteStream, 'write' | 'on'>) {
    this.#stream = stream
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
    this.#failed = true
  }
}
