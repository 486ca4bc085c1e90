/** Decides when to read the inbox of one workspace. Only polling delivers; everything else affects only when it happens. */
import { steadyBackoffDelayMs } from './base/backoff.ts'
import type { Clock } from './base/clock.ts'
import { describeError } from './base/errors.ts'
import { computeJitteredInterval } from './base/jitter.ts'
import { Pace } from './base/pace.ts'
import { sleep } from './base/sleep.ts'
import type { Wake } from './base/wake.ts'
import { PlatformError } from './member/client/errors.ts'

/** How a failed look was judged: `dead` means that the platform confirmed the refusal. */
export type Verdict = 'passing' | 'dead'

export interface PollOptions {
  /**
   * Reads everything available. Returns the number of new messages.
   *
   * @param announced an event announced something that the last look did not find.
   */
  readonly look: (announced: boolean) => Promise<number>
  /** Milliseconds between two looks while no event stream is live. */
  readonly intervalMs: number
  /** Ends the wait between two looks. */
  readonly wake: Wake
  /** True while events come through a stream, so that looks can be rarer. */
  readonly isLive: () => boolean
  readonly onRead: () => void
  readonly onFailure: (error: unknown) => Promise<Verdict>
  readonly log: (sentence: string) => void
  /** The same, for failures. */
  readonly warn: (sentence: string) => void
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** With a live stream, polling is only the safety net for lost events. */
const LIVE_INTERVAL_MS = 60_000
/** How often to check whether a dead workspace has come back. */
const DEAD_INTERVAL_MS = 5 * 60_000
/** A row may become visible a moment after its event, so an empty look after a hint is repeated once. */
const SECOND_LOOK_MS = 120
/** A platform can send hints at any rate; all its clients share a budget of about 600 requests a minute. */
const HINTED_BURST = 400
const HINTED_PER_SECOND = 5
/** A hint may mean that a failing platform is back, but hints must not make us ask more often than this. */
const HINTED_RETRY_MS = 1_000

/** Polls until the signal aborts. Never throws. */
export async function pollInbox(options: PollOptions): Promise<void> {
  const { look, signal, wake, clock } = options
  const pace = new Pace(HINTED_BURST, HINTED_PER_SECOND, clock.now)
  let hinted = false
  let failures = 0
  let failingSince = 0
  while (!signal.aborted) {
    try {
      let found = await look(false)
      while (hinted && found === 0 && !signal.aborted) {
        // A hint that arrives during this wait gets a second look of its own.
        hinted = await wake.wait(SECOND_LOOK_MS, signal)
        if (hinted) await sleep(pace.waitMs(), signal, clock)
        found = await look(true)
      }
      if (failures > 0) options.log(`reads its inbox again after ${failures} failed attempts`)
      failures = 0
      options.onRead()
      hinted = await wake.wait(idleInterval(options), signal)
      if (hinted) await sleep(pace.waitMs(), signal, clock)
    } catch (error) {
      if (signal.aborted) return
      if (failures === 0) failingSince = clock.now()
      const verdict = await options.onFailure(error)
      if (failures === 0 || failures % 10 === 9) {
        options.warn(`cannot read its inbox (attempt ${failures + 1}): ${describeError(error)}`)
      }
      const waitMs = failureDelay(error, verdict, failures, clock.now() - failingSince, clock.random)
      failures++
      const uninterrupted = askedToWait(error) ? waitMs : Math.min(waitMs, HINTED_RETRY_MS)
      await sleep(uninterrupted, signal, clock)
      if (waitMs > uninterrupted) await wake.wait(waitMs - uninterrupted, signal)
    }
  }
}

function idleInterval({ isLive, intervalMs, clock }: PollOptions): number {
  const interval = isLive() ? Math.max(intervalMs, LIVE_INTERVAL_MS) : intervalMs
  return computeJitteredInterval(interval, clock)
}

/** How long to wait after a failed look, in milliseconds. Pure but for `random`. */
export function failureDelay(
  error: unknown,
  verdict: Verdict,
  failures: number,
  outageMs: number,
  random: () => number,
): number {
  if (verdict === 'dead') return computeJitteredInterval(DEAD_INTERVAL_MS, { random })
  if (askedToWait(error)) return error.retryAfterMs
  // A refused request will most likely be refused again, so retry slowly; but the platform may recover.
  const refused = error instanceof PlatformError && error.kind === 'refused'
  return steadyBackoffDelayMs(refused ? failures + 3 : failures, outageMs, random)
}

/** A `Retry-After` of zero is ignored: taken literally, it would make us ask without a pause. */
function askedToWait(error: unknown): error is PlatformError & { readonly retryAfterMs: number } {
  return error instanceof PlatformError && (error.retryAfterMs ?? 0) > 0
}
