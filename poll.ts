/**
 * When the inbox of one workspace is looked at. Polling is the truth; everything else only decides when to look.
 */

import { steadyBackoffDelayMs } from './base/backoff.ts'
import { describeError } from './base/errors.ts'
import { computeJitteredInterval } from './base/jitter.ts'
import { Pace } from './base/pace.ts'
import { sleep } from './base/sleep.ts'
import type { Wake } from './base/wake.ts'
import { PlatformError } from './member/client/errors.ts'
import { Feed, type FeedOptions } from './member/feed/feed.ts'

export interface PollOptions extends FeedOptions {
  readonly pollIntervalMs: number
  /** Ends the wait between two looks. */
  readonly wake: Wake
  /** True while an event stream is open, so that looking can be slower. */
  readonly isLive: () => boolean
  /** A look succeeded. */
  readonly onRead: () => void
  /** A look failed; `dead` says that the platform was asked and means it. */
  readonly onFailure: (error: unknown) => Promise<'passing' | 'dead'>
  readonly random?: () => number
}

/** With an open stream a poll is only the safety net under lost events. */
const LIVE_INTERVAL_MS = 60_000
/** How often a dead workspace is asked for whether it has come back. */
const DEAD_INTERVAL_MS = 5 * 60_000
/** A row may become visible a moment after its event: an empty look after a hint is repeated once. */
const SECOND_LOOK_MS = 120
/** Hints come as fast as a platform likes; all its clients share one budget of about 600 requests a minute. */
const HINTED_BURST = 400
const HINTED_PER_SECOND = 5
/** A hint may mean that a failing platform is back; but hints must not make it be asked more often than this. */
const HINTED_RETRY_MS = 1_000

/** Reads the feed until the signal aborts. Fails alone: no error leaves it. */
export async function runFeed(options: PollOptions): Promise<void> {
  const { signal, wake, timers } = options
  const now = options.now ?? Date.now
  const feed = new Feed(options)
  const pace = new Pace(HINTED_BURST, HINTED_PER_SECOND, now)
  let hinted = false
  let failures = 0
  let failingSince = 0
  while (!signal.aborted) {
    try {
      let found = await feed.look()
      while (hinted && found === 0 && !signal.aborted) {
        // A hint that comes meanwhile keeps a second look of its own.
        hinted = await wake.wait(SECOND_LOOK_MS, signal)
        if (hinted) await sleep(pace.waitMs(), signal, timers)
        found = await feed.look()
      }
      if (failures > 0) options.log(`reads its inbox again after ${failures} failed attempts`)
      failures = 0
      options.onRead()
      hinted = await wake.wait(idleInterval(options), signal)
      if (hinted) await sleep(pace.waitMs(), signal, timers)
    } catch (error) {
      if (signal.aborted) return
      if (failures === 0) failingSince = now()
      const verdict = await options.onFailure(error)
      if (failures === 0 || failures % 10 === 9) {
        options.log(`cannot read its inbox (attempt ${failures + 1}): ${describeError(error)}`)
      }
      const waitMs = failureDelay(error, verdict, failures, now() - failingSince, options.random)
      failures++
      const unshortened = askedToWait(error) ? waitMs : Math.min(waitMs, HINTED_RETRY_MS)
      await sleep(unshortened, signal, timers)
      if (waitMs > unshortened) await wake.wait(waitMs - unshortened, signal)
    }
  }
}

function idleInterval({ isLive, pollIntervalMs, random }: PollOptions): number {
  const interval = isLive() ? Math.max(pollIntervalMs, LIVE_INTERVAL_MS) : pollIntervalMs
  return computeJitteredInterval(interval, random === undefined ? {} : { random })
}

/** How long to wait after a failed look, in milliseconds. Pure but for `random`. */
export function failureDelay(
  error: unknown,
  verdict: 'passing' | 'dead',
  failures: number,
  outageMs: number,
  random: () => number = Math.random,
): number {
  if (verdict === 'dead') return computeJitteredInterval(DEAD_INTERVAL_MS, { random })
  if (askedToWait(error)) return error.retryAfterMs
  // A request that is refused will be refused again: no hurry, but the platform may be mended.
  const refused = error instanceof PlatformError && error.kind === 'refused'
  return steadyBackoffDelayMs(refused ? failures + 3 : failures, outageMs, random)
}

/** A `Retry-After` of nothing is no advice: followed to the letter it would have us ask without a pause. */
function askedToWait(error: unknown): error is PlatformError & { readonly retryAfterMs: number } {
  return error instanceof PlatformError && (error.retryAfterMs ?? 0) > 0
}
