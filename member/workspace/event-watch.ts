/**
 * Keeps an event stream of one workspace open and passes its hints on. It makes delivery faster and nothing else:
 * without it, or while it is broken, polling alone delivers.
 */

import { backoffDelayMs } from '../../base/backoff.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { sleep } from '../../base/sleep.ts'
import type { PlatformClient } from '../client/client.ts'
import { PlatformError } from '../client/errors.ts'
import { followEvents } from '../client/events.ts'

export interface EventWatchOptions {
  readonly client: PlatformClient
  readonly signal: AbortSignal
  readonly onHint: () => void
  /** Milliseconds between two heartbeats; each comes back as an event, so silence can be told from death. 0: none are sent. */
  readonly heartbeatIntervalMs: number
  readonly log: (line: string) => void
  readonly random?: () => number
}

/** Where a platform has no stream, or does not allow it, it is asked again now and then. */
const REFUSED_INTERVAL_MS = 5 * 60_000
/** So many refusals in a row are taken for the truth; fewer may be the page of a proxy, or a platform that starts. */
const REFUSALS_MEANT = 3
/** Without heartbeats of our own nothing need ever come; such a stream is renewed from time to time. */
const SILENCE_WITHOUT_HEARTBEAT_MS = 10 * 60_000
/** A stream that lived this long was a good one: the next failure starts from the shortest wait. */
const GOOD_STREAM_MS = 10_000

export class EventWatch {
  readonly #o: EventWatchOptions
  #live = false

  constructor(options: EventWatchOptions) {
    this.#o = options
  }

  /** True while a stream is open. */
  get live(): boolean {
    return this.#live
  }

  /** Keeps a stream open until the signal aborts. */
  async run(): Promise<void> {
    const { client, signal, onHint, heartbeatIntervalMs, log, random } = this.#o
    let failures = 0
    let refusals = 0
    while (!signal.aborted) {
      const openedAt = Date.now()
      let waitMs: number | undefined
      try {
        await followEvents(client, {
          signal,
          silenceMs:
            heartbeatIntervalMs === 0 ? SILENCE_WITHOUT_HEARTBEAT_MS : heartbeatIntervalMs * 3 + 5_000,
          onHint,
          onOpen: () => {
            this.#live = true
            refusals = 0
            // What happened while no stream was open left no event.
            onHint()
          },
        })
        if (Date.now() - openedAt > GOOD_STREAM_MS) failures = 0
      } catch (error) {
        if (signal.aborted) return
        const refused = error instanceof PlatformError && error.kind !== 'retry'
        refusals = refused ? refusals + 1 : 0
        if (refusals >= REFUSALS_MEANT) {
          waitMs = computeJitteredInterval(REFUSED_INTERVAL_MS, random === undefined ? {} : { random })
        }
        if (refusals === REFUSALS_MEANT) {
          log(`has no event stream, polling alone delivers: ${describeError(error)}`)
        }
      } finally {
        const wasLive = this.#live
        this.#live = false
        // The poll may be in its long wait; it must go back to its short one.
        if (wasLive) onHint()
      }
      await sleep(waitMs ?? backoffDelayMs(failures, failures * 5_000, random), signal)
      failures++
    }
  }
}
