/**
 * Keeps an event stream of one workspace open and passes its hints on. It only makes delivery faster: without it, or
 * while it is broken, polling delivers. A stream that is open proves nothing, since a proxy can pass the head of an
 * answer and keep the body: it is live while events come through it, our own heartbeats if nothing else.
 *
 * - opening: asked for. Left for `silent` when a stream is answered, for `waiting` when it is refused or fails.
 * - silent: open, and no event came lately. Left for `live` by an event, for `waiting` when the stream ends or is given
 *   up.
 * - live: an event came lately. Left for `silent` one heartbeat interval and five seconds after the last, for `waiting`
 *   when the stream ends.
 * - waiting: left for `opening` after a backoff.
 */
import { backoffDelayMs } from '../../base/backoff.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { sleep } from '../../base/sleep.ts'
import { PlatformError } from '../client/errors.ts'
import { followEvents, type StreamEvent } from '../client/events.ts'
import type { Workspace } from './workspace.ts'

export type StreamState = 'opening' | 'silent' | 'live' | 'waiting'

export interface EventWatchOptions {
  /** There may be something to read, or the poll may be in a wait that is now too long. */
  readonly onHint: () => void
  /** Called for every event. */
  readonly onEvent?: (event: StreamEvent) => void
}

/** How often to retry a platform that has no stream or does not allow it. */
const REFUSED_INTERVAL_MS = 5 * 60_000
/** Believe a refusal after this many in a row; fewer may be a proxy's page, or a platform that is starting. */
const REFUSALS_BELIEVED = 3
/** Each heartbeat comes back as an event. Without heartbeats a good stream may stay silent, so it is renewed this often. */
const SILENCE_WITHOUT_HEARTBEAT_MS = 10 * 60_000
/** How long after an event a stream counts as live when no heartbeat can be expected. */
const LIVE_WITHOUT_HEARTBEAT_MS = 60_000
/** What a platform, and the way to it, may add to the time between two heartbeats. */
const SLACK_MS = 5_000
/** After a stream that lived this long, the next failure starts from the shortest wait. */
const GOOD_STREAM_MS = 10_000

export class EventWatch {
  readonly #workspace: Workspace
  readonly #options: EventWatchOptions
  #state: StreamState = 'waiting'
  /** An event came through the current stream. */
  #proven = false
  #silenceLogged = false
  #cancelLapse: (() => void) | undefined

  constructor(workspace: Workspace, options: EventWatchOptions) {
    this.#workspace = workspace
    this.#options = options
  }

  get state(): StreamState {
    return this.#state
  }

  /** Whether events come through, so that the poll may be slow. */
  get live(): boolean {
    return this.#state === 'live'
  }

  /** Keeps a stream open until the signal aborts. */
  async run(): Promise<void> {
    const { client, config, clock, log, signal } = this.#workspace
    const { heartbeatIntervalMs } = config
    let failures = 0
    let refusals = 0
    while (!signal.aborted) {
      const openedAt = clock.now()
      let waitMs: number | undefined
      let wasOpen = false
      this.#state = 'opening'
      this.#proven = false
      try {
        await followEvents(client, {
          signal,
          silenceMs:
            heartbeatIntervalMs === 0 ? SILENCE_WITHOUT_HEARTBEAT_MS : heartbeatIntervalMs * 3 + SLACK_MS,
          onHint: this.#options.onHint,
          onEvent: (event) => this.#noteEvent(event),
          onOpen: () => {
            this.#state = 'silent'
            wasOpen = true
            refusals = 0
            // There were no events for what happened while no stream was open.
            this.#options.onHint()
          },
        })
        if (clock.now() - openedAt > GOOD_STREAM_MS) failures = 0
        this.#tellSilence(clock.now() - openedAt)
      } catch (error) {
        const refused = error instanceof PlatformError && error.kind !== 'retry'
        refusals = refused ? refusals + 1 : 0
        if (refusals >= REFUSALS_BELIEVED) waitMs = computeJitteredInterval(REFUSED_INTERVAL_MS, clock)
        if (refusals === REFUSALS_BELIEVED) {
          log(`has no event stream, so messages arrive by polling alone: ${describeError(error)}`)
        }
      } finally {
        this.#cancelLapse?.()
        this.#state = 'waiting'
        // The poll may be in its long wait and must return to its short one.
        if (wasOpen) this.#options.onHint()
      }
      await sleep(waitMs ?? backoffDelayMs(failures, failures * 5_000, clock.random), signal, clock)
      failures++
    }
  }

  #noteEvent(event: StreamEvent): void {
    const { config, clock } = this.#workspace
    this.#options.onEvent?.(event)
    // An event that cannot be read is a reason to look, and no proof of a working stream.
    if (event.type === undefined) return
    this.#state = 'live'
    this.#proven = true
    this.#silenceLogged = false
    this.#cancelLapse?.()
    const liveMs = (config.heartbeatIntervalMs || LIVE_WITHOUT_HEARTBEAT_MS) + SLACK_MS
    this.#cancelLapse = clock.after(liveMs, () => this.doubt())
  }

  /** Stops counting the stream as live until its next event. */
  doubt(): void {
    if (this.#state !== 'live') return
    this.#cancelLapse?.()
    this.#state = 'silent'
    this.#options.onHint()
  }

  /** Logs once that open streams bring no events, though our own heartbeats must come back through them. */
  #tellSilence(openMs: number): void {
    const { config, log, signal } = this.#workspace
    const { heartbeatIntervalMs, pollIntervalMs } = config
    if (this.#proven || this.#silenceLogged || signal.aborted) return
    if (heartbeatIntervalMs === 0 || openMs < heartbeatIntervalMs * 2) return
    this.#silenceLogged = true
    log(
      `gets no events on its open event stream, perhaps because a proxy buffers it, so the inbox is polled every ${pollIntervalMs / 1000} s`,
    )
  }
}
