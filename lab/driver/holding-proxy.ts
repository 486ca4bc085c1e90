/** A proxy that passes everything on as it comes, except the body of an event stream. */
import { connect, createServer, type Server, type Socket } from 'node:net'

/** What it does with the body of an event stream: `head` passes none of it, `first` only the first bytes. */
export type Holding = 'head' | 'first' | 'gzip'

const HEAD_END = '\r\n\r\n'

export class HoldingProxy implements AsyncDisposable {
  /** How many event streams were asked for. */
  streams = 0
  readonly #holding: Holding
  readonly #platform: URL
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  private constructor(platformUrl: string, holding: Holding) {
    this.#platform = new URL(platformUrl)
    this.#holding = holding
    this.#server = createServer((client) => this.#join(client))
  }

  static async open(platformUrl: string, holding: Holding): Promise<HoldingProxy> {
    const proxy = new HoldingProxy(platformUrl, holding)
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve))
    return proxy
  }

  get url(): string {
    const address = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the proxy does not listen')
    return `http://127.0.0.1:${address.port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await new Promise<void>((resolve) => this.#server.close(() => resolve()))
  }

  #join(client: Socket): void {
    const platform = connect(Number(this.#platform.port), this.#platform.hostname)
    let streaming = false
    let passed = 0
    for (const [socket, other] of [
      [client, platform],
      [platform, client],
    ] as const) {
      this.#sockets.add(socket)
      socket.on('error', () => other.destroy())
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    client.on('data', (bytes: Buffer) => {
      if (/^GET \S*\/events\/stream /.test(bytes.toString('latin1'))) {
        this.streams++
        streaming = true
      }
      platform.write(bytes)
    })
    platform.on('data', (bytes: Buffer) => {
      if (!streaming) client.write(bytes)
      else if (passed++ === 0) client.write(this.#beginning(bytes))
    })
  }

  /** What passes of the first bytes of an answer with an event stream. */
  #beginning(bytes: Buffer): Buffer {
    if (this.#holding === 'first') return bytes
    const end = bytes.indexOf(HEAD_END)
    const head = bytes.subarray(0, end).toString('latin1')
    if (this.#holding === 'head') return Buffer.from(head + HEAD_END, 'latin1')
    // A compressor writes its header and then waits until it has enough to compress.
    const start = Bun.gzipSync('').subarray(0, 10)
    const chunk = Buffer.concat([Buffer.from('a\r\n'), start, Buffer.from('\r\n')])
    return Buffer.concat([Buffer.from(`${head}\r\nContent-Encoding: gzip${HEAD_END}`, 'latin1'), chunk])
  }
}
