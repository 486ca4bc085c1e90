/** An event stream, read by a test. */

interface StreamEvent {
  readonly type: string
  readonly timestamp: number
  readonly data: Readonly<Record<string, unknown>>
}

/** An open event stream, read event by event. */
export class Stream {
  readonly response: Response
  readonly #chunks: AsyncIterator<Uint8Array>
  #text = ''

  constructor(response: Response) {
    this.response = response
    if (response.body === null) throw new Error('a stream without a body')
    this.#chunks = response.body[Symbol.asyncIterator]()
  }

  /** The next block of the stream, without its blank line; undefined at its end. */
  async block(): Promise<string | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n')
      if (end >= 0) {
        const block = this.#text.slice(0, end)
        this.#text = this.#text.slice(end + 2)
        return block
      }
      const chunk = await this.#chunks.next()
      if (chunk.done) return undefined
      this.#text += Buffer.from(chunk.value).toString('utf8')
    }
  }

  async next(type: string): Promise<StreamEvent> {
    for (;;) {
      const block = await this.block()
      if (block === undefined) throw new Error(`the stream ended before ${type}`)
      const event: StreamEvent = block.startsWith('data: ') ? JSON.parse(block.slice(6)) : { type: '' }
      if (event.type === type) return event
    }
  }

  async close(): Promise<void> {
    await this.#chunks.return?.()
  }
}
