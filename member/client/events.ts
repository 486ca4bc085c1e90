/**
 * The event stream of a workspace. An event is a hint to look now, and never carries the message: the platform replays
 * nothing and may lose events, so the truth is always read from the feed.
 */
import { z } from 'zod'
import { LineReader } from '../../base/line-reader.ts'
import { sleep } from '../../base/sleep.ts'
import type { PlatformClient } from './client.ts'
import { workspacePath } from './workspace-path.ts'

const OPEN_TIMEOUT_MS = 10_000
/** What a second may bring, far more than in a busy workspace. The caller waits before it opens the next stream. */
const PER_SECOND = {
  lines: 2_000,
  /** Of the lines that are examined; the rest of an overlong one costs little and does not count. */
  chars: 1024 * 1024,
  bytes: 64 * 1024 * 1024,
} as const
/** Reading what has already arrived never leaves the microtask queue, so timers and requests get a turn this often. */
const TURN_MS = 10
/** Events after which the feed may hold something new. */
const HINTS = new Set([
  'ACTIVITY_LOGGED',
  'USER_MESSAGE',
  'A2A_RESPONSE',
  'DELEGATION_COMPLETE',
  'DELEGATION_FAILED',
])

/** Events that announce what was said about a request of ours. */
const REQUEST_EVENTS = new Set(['REQUEST_RESPONDED', 'REQUEST_MESSAGE'])

/** One event, as far as we read it. What a platform leaves out, or writes in another way, is undefined. */
export interface StreamEvent {
  /** Undefined for an unreadable event: cut, broken, or of an unknown shape. */
  readonly type: string | undefined
  /** When it happened, in milliseconds since the epoch by the platform's clock. */
  readonly timestamp?: number | undefined
  /** Of a heartbeat: how long its sender has run, in seconds. */
  readonly uptimeSeconds?: number | undefined
}

export interface EventStreamOptions {
  readonly signal: AbortSignal
  /** The platform, or a proxy in front of it, has answered with a stream. Nothing may come through it yet. */
  readonly onOpen: () => void
  /** Called for every event, before {@link onHint}. */
  readonly onEvent?: (event: StreamEvent) => void
  readonly onHint: () => void
  /** Milliseconds without a line after which the stream counts as dead. */
  readonly silenceMs: number
}

const eventSchema = z.object({
  type: z.string(),
  timestamp: z.number().optional().catch(undefined),
  data: z
    .object({ uptime_seconds: z.number().optional().catch(undefined) })
    .optional()
    .catch(undefined),
})

/**
 * Follows the stream until it ends, falls silent, floods, or `signal` aborts; then resolves.
 *
 * @throws PlatformError when the platform does not open it.
 */
export async function followEvents(client: PlatformClient, options: EventStreamOptions): Promise<void> {
  const { signal, onOpen, onEvent, onHint, silenceMs } = options
  const path = workspacePath(client.endpoint.workspaceId, '/events/stream')
  const body = await client.stream(path, OPEN_TIMEOUT_MS, signal)
  const reader = body.getReader()
  const { clock } = client
  let stopWatchdog = (): void => {}
  const cancel = (): void => {
    // We are done with the stream, however the other side takes it.
    reader.cancel().catch(() => undefined)
  }
  const alive = (): void => {
    stopWatchdog()
    stopWatchdog = clock.after(silenceMs, cancel)
  }
  if (signal.aborted) cancel()
  signal.addEventListener('abort', cancel, { once: true })
  try {
    onOpen()
    alive()
    const decoder = new TextDecoder()
    const budget = new Budget(clock.now)
    const lines = new LineReader((line) => {
      budget.spend({ lines: 1, chars: line.length, bytes: 0 })
      // Anything else may be bytes of another protocol, and says nothing about events.
      if (FIELD.test(line)) alive()
      const event = readEvent(line)
      if (event === undefined) return
      onEvent?.(event)
      if (isHint(event)) onHint()
    })
    let turnBegan = clock.now()
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      budget.spend({ lines: 0, chars: 0, bytes: value.byteLength })
      lines.push(decoder.decode(value, { stream: true }))
      if (isWithin(clock.now(), turnBegan, TURN_MS)) continue
      await sleep(0, signal, clock)
      turnBegan = clock.now()
    }
  } catch {
    // A stream that breaks off or floods counts as closed: the caller opens the next one.
  } finally {
    stopWatchdog()
    signal.removeEventListener('abort', cancel)
    cancel()
  }
}

/** Whether less than `ms` has passed since `start`. False once the clock was set back, so that nothing waits for it. */
function isWithin(now: number, start: number, ms: number): boolean {
  return now >= start && now < start + ms
}

type Spending = Readonly<Record<keyof typeof PER_SECOND, number>>

const NOTHING: Spending = { lines: 0, chars: 0, bytes: 0 }

/** Limits what a stream may bring in a second. */
class Budget {
  readonly #now: () => number
  #since: number
  #spent = NOTHING

  constructor(now: () => number) {
    this.#now = now
    this.#since = now()
  }

  /** @throws when this second has brought too much. */
  spend({ lines, chars, bytes }: Spending): void {
    const now = this.#now()
    if (!isWithin(now, this.#since, 1000)) {
      this.#since = now
      this.#spent = NOTHING
    }
    const spent = {
      lines: this.#spent.lines + lines,
      chars: this.#spent.chars + chars,
      bytes: this.#spent.bytes + bytes,
    }
    this.#spent = spent
    if (spent.lines > PER_SECOND.lines || spent.chars > PER_SECOND.chars || spent.bytes > PER_SECOND.bytes)
      throw new Error('the event stream floods')
  }
}

/** What a line of server-sent events begins with. */
const FIELD = /^(?::|data:|event:|id:|retry:)/

/** Reads a line; undefined for a line without data. */
export function readEvent(line: string): StreamEvent | undefined {
  if (!line.startsWith('data:')) return undefined
  try {
    const { type, timestamp, data } = eventSchema.parse(JSON.parse(line.slice('data:'.length)))
    return { type, timestamp, uptimeSeconds: data?.uptime_seconds }
  } catch {
    // Cut or broken, or of a shape we do not know.
    return { type: undefined }
  }
}

/** Whether an event announces something new. True of an unreadable one, too, since looking at the feed is safe. */
export function isHint({ type }: StreamEvent): boolean {
  return type === undefined || HINTS.has(type)
}

/** Whether an event announces an answer to a request. An unreadable one may be anything, and all of them cost requests. */
export function isRequestHint({ type }: StreamEvent): boolean {
  return type !== undefined && REQUEST_EVENTS.has(type)
}
