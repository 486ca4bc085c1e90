/** The platform and the line to it: what is asked is delayed, refused, garbled, answered twice over, or never answered. */
import { PlatformClient } from '../../member/client/client.ts'
import type { Dice } from './dice.ts'
import type { Life } from './life.ts'
import type { ModelFeed } from './model-feed.ts'
import type { SimClock } from './sim-clock.ts'
import { jsonResponse, textResponse } from './sim-response.ts'

const TIMEOUT_MS = 15_000

export interface LineOptions {
  readonly feed: ModelFeed
  readonly workspaceId: string
  readonly clock: SimClock
  readonly dice: Dice
  readonly life: Life
  /** Milliseconds since the epoch from which on nothing goes wrong. */
  readonly calmAt: number
  /** Told before each request is made. */
  readonly onRequest: (query: URLSearchParams) => void
  readonly onFault: (sentence: string) => void
}

/** A client as one session has it. */
export function simClient(options: LineOptions): PlatformClient {
  const { workspaceId, clock, dice, life, onRequest, onFault } = options
  let inFlight = 0
  const fetchImpl = (url: string, signal: AbortSignal | undefined): Promise<Response> => {
    life.half()
    onRequest(new URL(url).searchParams)
    if (++inFlight > 1) onFault('two requests for one feed at a time')
    return new Promise<Response>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      travel(options, url, resolve, reject)
    }).finally(() => {
      inFlight--
    })
  }
  return new PlatformClient(
    { platformUrl: 'http://127.0.0.1:1', workspaceId, token: 'a-token-of-the-simulation' },
    {
      fetchImpl: Object.assign(
        (url: unknown, init?: RequestInit) => fetchImpl(String(url), init?.signal ?? undefined),
        { preconnect: () => {} },
      ),
      clock: { ...clock.of(() => life.dead), random: dice.random },
    },
  )
}

function travel(
  options: LineOptions,
  url: string,
  resolve: (response: Response) => void,
  reject: (error: unknown) => void,
): void {
  const { clock, dice, life, calmAt } = options
  const trouble = clock.now() < calmAt
  const later = (ms: number, work: () => void): void => {
    clock.at(clock.now() + ms, () => {
      if (!life.dead) work()
    })
  }
  if (trouble && dice.chance(0.03)) {
    later(TIMEOUT_MS, () => reject(new DOMException('no answer', 'TimeoutError')))
    return
  }
  // What is answered is what is there when the request arrives; the answer needs time of its own.
  later(trouble && dice.chance(0.05) ? dice.upTo(8_000) : dice.upTo(100), () => {
    const response = answer(options, url)
    later(dice.upTo(100), () => {
      if (trouble && dice.chance(0.03)) reject(new TypeError('connection reset'))
      else resolve(response)
    })
  })
}

function answer({ feed, clock, dice, calmAt, onFault }: LineOptions, url: string): Response {
  const { status, body } = feed.answer(url)
  if (status === 400) onFault(`a bad request was made: ${url}`)
  if (clock.now() >= calmAt || dice.chance(0.75)) return jsonResponse(status, body)
  return dice.pick([
    () => textResponse(500, 'oops'),
    () => jsonResponse(429, { error: 'slow down' }, { 'retry-after': '2' }),
    () => jsonResponse(503, {}, { 'retry-after': '0' }),
    () => textResponse(200, '<html>welcome</html>'),
    () => textResponse(200, JSON.stringify(body).slice(0, -3)),
    () => textResponse(404, ''),
    () => jsonResponse(410, { error: 'since_id cursor not found' }),
    () => jsonResponse(status, twice(body, dice)),
    () => jsonResponse(status, twice(body, dice)),
  ])()
}

/** Some rows stand in the page a second time. */
function twice(body: unknown, dice: Dice): unknown {
  return Array.isArray(body) ? body.flatMap((row: unknown) => (dice.chance(0.3) ? [row, row] : [row])) : body
}
