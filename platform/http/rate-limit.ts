/**
 * Limits the requests of each caller in a fixed window (contract: rate limits). A caller is whom a token belongs to; all
 * strangers at one address share a budget, so that no page in a browser uses up that of the agents beside it.
 */
import type { Clock } from '../base/clock.ts'
import { json } from '../base/response.ts'

const WINDOW_MS = 60_000

export class RateLimit {
  readonly #limit: number
  readonly #clock: Clock
  readonly #counts = new Map<string, number>()
  #windowEnds = 0

  /** @param limit requests per minute and caller; 0 for no limit. */
  constructor(limit: number, clock: Clock) {
    this.#limit = limit
    this.#clock = clock
  }

  /** Counts a request. Returns the headers of its response, and the refusal when it is over the limit. */
  count(caller: string): {
    readonly headers: Readonly<Record<string, string>>
    readonly refusal?: Response
  } {
    if (this.#limit === 0) return { headers: UNLIMITED }
    const now = this.#clock.now()
    // A window that ends later than a new one would began before the clock was set back.
    if (now >= this.#windowEnds || this.#windowEnds > now + WINDOW_MS) {
      this.#counts.clear()
      this.#windowEnds = now + WINDOW_MS
    }
    const used = (this.#counts.get(caller) ?? 0) + 1
    this.#counts.set(caller, used)
    const reset = Math.ceil((this.#windowEnds - now) / 1000)
    const headers = {
      'X-RateLimit-Limit': String(this.#limit),
      'X-RateLimit-Remaining': String(Math.max(0, this.#limit - used)),
      'X-RateLimit-Reset': String(reset),
    }
    if (used <= this.#limit) return { headers }
    const refusal = json({ error: 'rate limit exceeded', retry_after: reset }, 429, {
      'Retry-After': String(reset),
    })
    return { headers, refusal }
  }
}

const UNLIMITED = {
  'X-RateLimit-Limit': 'unlimited',
  'X-RateLimit-Remaining': 'unlimited',
  'X-RateLimit-Reset': '0',
}
