/** Times in which the whole platform does not work, in one of the ways in which platforms do not work. */
import type { Dice } from '../../dice.ts'
import type { SimClock } from '../sim-clock.ts'
import { textResponse } from '../sim-response.ts'

const WAYS = ['refuses connections', 'hangs', 'fails', 'knows no token', 'is not deployed'] as const
const LONGEST_MS = 25_000
/** A token that is refused for over half a minute counts as invalid. */
const LONG_MS = 45_000

export class Outages {
  readonly #clock: SimClock
  readonly #dice: Dice
  readonly #calmAt: number
  #way: (typeof WAYS)[number] = 'fails'
  #until = 0

  constructor(clock: SimClock, dice: Dice, calmAt: number) {
    this.#clock = clock
    this.#dice = dice
    this.#calmAt = calmAt
  }

  begin(): void {
    this.#way = this.#dice.pick(WAYS)
    const longest = this.#dice.chance(0.2) ? LONG_MS : LONGEST_MS
    this.#until = Math.min(this.#calmAt, this.#clock.now() + this.#dice.upTo(longest))
  }

  /** A network that the outages interrupt. */
  through(network: typeof fetch): typeof fetch {
    const send = async (url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> => {
      if (this.#clock.now() >= this.#until) return network(url, init)
      init?.signal?.throwIfAborted()
      return this.#fail(init?.signal ?? undefined)
    }
    return Object.assign(send, { preconnect: () => {} })
  }

  #fail(signal: AbortSignal | undefined): Promise<Response> | Response {
    switch (this.#way) {
      case 'refuses connections':
        throw Object.assign(new TypeError('connection refused'), { code: 'ECONNREFUSED' })
      case 'hangs':
        return new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      case 'fails':
        return textResponse(500, 'oops')
      case 'knows no token':
        return textResponse(401, '{"error":"invalid workspace auth token"}')
      case 'is not deployed':
        return textResponse(404, '404 page not found')
    }
  }
}
