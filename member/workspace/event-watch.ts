/**
 * Keeps an event stream of one workspace open and passes its hints on. It only makes delivery faster: without it, or
 * while it is broken, polling delivers.
 */
import { backoffDelayMs } from '../../base/backoff.ts'
import { describeError } from '../../base/errors.ts'
import { computeJitteredInterval } from '../../base/jitter.ts'
import { sleep } from '../../base/sleep.ts'
import { PlatformError } from '../client/errors.ts'
import { followEvents } from '../client/events.ts'
import type { Workspace } from './workspace.ts'

/** How often to retry a platform that has no stream or does not allow it. */
const REFUSED_INTERVAL_MS = 5 * 60_000
/** Believe a refusal after this many in a row; fewer may be a proxy's page, or a platform that is starting. */
const REFUSALS_BELIEVED = 3
/** Each heartbeat comes back as an event. Without heartbeats a live stream may stay silent, so it is renewed this often. */
const SILENCE_WITHOUT_HEARTBEAT_MS = 10 * 60_000
/** After a stream that lived this long, the next failure starts from the shortest wait. */
const GOOD_STREAM_MS = 10_000

export class EventWatch {
  readonly #workspace: Workspace
  readonly #onHint: () => void
  #live = false

  constructor(workspace: Workspace, onHint: () => void) {
    this.#workspace = workspace
    this.#onHint = onHint
  }

  /** True while a stream is open. */
  get live(): boolean {
    return this.#live
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
      try {
        await followEvents(client, {
          signal,
          silenceMs:
            heartbeatIntervalMs === 0 ? SILENCE_WITHOUT_HEARTBEAT_MS : heartbeatIntervalMs * 3 + 5_000,
          onHint: this.#onHint,
          onOpen: () => {
            this.#live = true
            refusals = 0
            // There were no events for what happened while no stream was open.
            this.#onHint()
          },
        })
        if (clock.now() - openedAt > GOOD_STREAM_MS) failures = 0
      } catch (error) {
        const refused = error instanceof PlatformError && error.kind !== 'retry'
        refusals = refused ? refusals + 1 : 0
        if (refusals >= REFUSALS_BELIEVED) waitMs = computeJitteredInterval(REFUSED_INTERVAL_MS, clock)
        if (refusals === REFUSALS_BELIEVED) {
          log(`has no event stream, so messages arrive by polling alone: ${describeError(error)}`)
        }
      } finally {
        const wasLive = this.#live
        this.#live = false
        // The poll may be in its long wait and must return to its short one.
        if (wasLive) this.#onHint()
      }
      await sleep(waitMs ?? backoffDelayMs(failures, failures * 5_000, clock.random), signal, clock)
      failures++
    }
  }
}
