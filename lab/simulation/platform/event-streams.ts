/** The open event streams of one workspace. Reading them needs microtasks only, never a turn of the event loop. */
import type { SimProcess } from './network.ts'

const encoder = new TextEncoder()
const PING = encoder.encode(': ping\n\n')
/** Those without data are few; each is encoded once. */
const EVENTS = new Map<string, Uint8Array>()

function frame(event: object): Uint8Array {
  return encoder.encode(`data: ${JSON.stringify(event)}\n\n`)
}

export class EventStreams {
  readonly #streams = new Map<EventStream, SimProcess>()

  /** How many are open to living processes. */
  get open(): number {
    this.#forgetDead()
    return this.#streams.size
  }

  add(process: SimProcess): EventStream {
    const stream = new EventStream(() => this.#streams.delete(stream))
    this.#streams.set(stream, process)
    stream.push(PING)
    return stream
  }

  /** Sends an event of this type to all of them. */
  tell(type: string): void {
    if (this.#streams.size === 0) return
    let event = EVENTS.get(type)
    if (event === undefined) {
      event = frame({ type, data: {} })
      EVENTS.set(type, event)
    }
    this.#push(event)
  }

  /** Sends the event of an accepted heartbeat to all of them. */
  tellBeat(
    beat: { readonly active_tasks: number; readonly uptime_seconds: number },
    timestamp: number,
  ): void {
    const { active_tasks, uptime_seconds } = beat
    this.#push(frame({ type: 'WORKSPACE_HEARTBEAT', timestamp, data: { active_tasks, uptime_seconds } }))
  }

  #push(event: Uint8Array): void {
    this.#forgetDead()
    for (const stream of this.#streams.keys()) stream.push(event)
  }

  #forgetDead(): void {
    for (const [stream, { dead }] of this.#streams) if (dead) this.#streams.delete(stream)
  }
}

type Chunk =
  | { readonly done: false; readonly value: Uint8Array }
  | { readonly done: true; readonly value: undefined }

/** The body of one response: a stream with a single reader. */
export class EventStream {
  readonly #onClosed: () => void
  readonly #chunks: Uint8Array[] = []
  #reading: ((chunk: Chunk) => void) | undefined
  #closed = false
  #silent = false

  constructor(onClosed: () => void) {
    this.#onClosed = onClosed
  }

  /** The part of `ReadableStream` that the client uses. */
  get body(): ReadableStream<Uint8Array> {
    const cancel = async (): Promise<void> => this.close()
    const reader = { read: () => this.#read(), cancel, releaseLock: () => {} }
    return { getReader: () => reader, cancel } as unknown as ReadableStream<Uint8Array>
  }

  push(chunk: Uint8Array): void {
    if (this.#closed || this.#silent) return
    if (this.#reading === undefined) this.#chunks.push(chunk)
    else this.#give({ done: false, value: chunk })
  }

  /** Drops everything from here on without closing: the connection is dead, and neither end knows. */
  silence(): void {
    this.#silent = true
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#onClosed()
    this.#give({ done: true, value: undefined })
  }

  #read(): Promise<Chunk> {
    const value = this.#chunks.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#closed) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => {
      this.#reading = resolve
    })
  }

  #give(chunk: Chunk): void {
    const reading = this.#reading
    this.#reading = undefined
    reading?.(chunk)
  }
}
