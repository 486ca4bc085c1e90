/** Whether a platform answers at the configured address, by the route that needs no token: none is sent to a stranger. */
import type { Clock } from '../../base/clock.ts'
import { codeOf, describeError } from '../../base/errors.ts'
import { exchange } from '../../base/http.ts'
import { isLoopback } from '../../base/loopback.ts'
import { type ProxyRoute, proxyOf } from '../../base/proxy.ts'
import { kindOfStatus } from '../client/failure.ts'
import { explainNetworkError } from '../client/network-error.ts'
import type { Environment } from '../settings/config.ts'
import { type Check, fail, type Outcome, ok, warn } from './check.ts'

export interface PlatformPlace {
  readonly network: typeof fetch
  readonly clock: Clock
  /** Which may name a proxy. */
  readonly environment: Environment
  /** Milliseconds until an answer must begin. */
  readonly timeoutMs: number
}

/** What one request to `/health` came to. */
type HealthFacts =
  | { readonly state: 'error'; readonly error: unknown }
  | {
      readonly state: 'answer'
      readonly status: number
      readonly isHealth: boolean
      /** Milliseconds by which its clock is ahead of ours; undefined when it does not say. */
      readonly aheadMs: number | undefined
    }

/** What a request takes is far less. */
const MAX_AHEAD_MS = 60_000
const MAX_BYTES = 64 * 1024

/**
 * Two checks of one address: a platform answers; its clock.
 *
 * @param setting names where the address is set.
 */
export function platformChecks(
  place: PlatformPlace,
  platformUrl: string,
  suffix: string,
  setting: string,
): readonly Check[] {
  const name = `platform${suffix}`
  let facts: HealthFacts | undefined
  return [
    {
      name,
      needs: ['settings', 'proxy'],
      probe: async () => {
        facts = await health(place, platformUrl)
        const { origin } = new URL(platformUrl)
        const isAtOrigin =
          origin !== platformUrl && !isPlatform(facts) && isPlatform(await health(place, origin))
        const proxy = proxyOf(platformUrl, place.environment)
        return judgePlatform(platformUrl, facts, { isAtOrigin, setting, proxy })
      },
    },
    { name: `clock${suffix}`, needs: [name], probe: () => judgeClock(facts) },
  ]
}

interface Circumstances {
  /** A platform answers at the same address without its path. */
  readonly isAtOrigin: boolean
  readonly setting: string
  readonly proxy: ProxyRoute | undefined
}

/** Pure. */
function judgePlatform(
  platformUrl: string,
  facts: HealthFacts,
  { isAtOrigin, setting, proxy }: Circumstances,
): Outcome {
  const { origin, hostname } = new URL(platformUrl)
  if (isPlatform(facts)) return ok(`${platformUrl} answers`)
  if (isAtOrigin) {
    return fail(`the platform is at ${origin}, and not at ${platformUrl}`, `Set ${setting} to ${origin}`)
  }
  if (facts.state === 'error') {
    const words = explainNetworkError(facts.error, proxy) ?? describeError(facts.error)
    const [why, advice = ''] = words.split('; ', 2)
    const known = proxy === undefined ? knownRemedy(codeOf(facts.error), hostname, setting) : undefined
    return fail(
      `${platformUrl} cannot be reached: ${why}`,
      known ?? (adviceIn(advice) || `Check the network, and the address in ${setting}`),
    )
  }
  const { status } = facts
  if (status >= 300 && status < 400) {
    return fail(
      `${platformUrl} redirects (${status}), and redirects are not followed`,
      `Set ${setting} to the address it redirects to, if you trust that`,
    )
  }
  if (kindOfStatus(status) === 'retry') {
    return fail(`the platform is unwell: it answers ${status}`, 'Try again later, or look at its log')
  }
  return fail(
    `what answers at ${platformUrl} is another web server, and no Molecule platform (GET /health: ${status})`,
    `Correct the address or the port in ${setting}`,
  )
}

function isPlatform(facts: HealthFacts): boolean {
  return facts.state === 'answer' && facts.isHealth
}

/** Pure. */
function judgeClock(facts: HealthFacts | undefined): Outcome {
  const aheadMs = facts?.state === 'answer' ? facts.aheadMs : undefined
  if (aheadMs === undefined) return ok('the platform does not tell its time')
  const seconds = Math.round(Math.abs(aheadMs) / 1000)
  if (Math.abs(aheadMs) <= MAX_AHEAD_MS) return ok(`within ${Math.max(1, seconds)} s of the platform's`)
  return warn(
    `this machine's clock is ${seconds} s ${aheadMs > 0 ? 'behind' : 'ahead of'} the platform's`,
    'Set the clock of whichever is wrong, so that times in messages agree',
  )
}

function knownRemedy(code: string | undefined, hostname: string, setting: string): string | undefined {
  if (isLoopback(hostname)) return `Start the platform, or correct the port in ${setting}`
  return code === 'ENOTFOUND' ? `Check the spelling of the host in ${setting}` : undefined
}

/** The explanation of an error may end in a question, which is no remedy. */
function adviceIn(words: string): string {
  return words.endsWith('?') ? '' : words.charAt(0).toUpperCase() + words.slice(1)
}

async function health({ network, clock, timeoutMs }: PlatformPlace, url: string): Promise<HealthFacts> {
  try {
    const { status, headers, text } = await exchange({
      method: 'GET',
      url: `${url}/health`,
      headers: { Accept: 'application/json', 'Accept-Encoding': 'identity' },
      timeoutMs,
      maxBytes: MAX_BYTES,
      fetchImpl: network,
      clock,
    })
    const at = Date.parse(headers.get('date') ?? '')
    return {
      state: 'answer',
      status,
      isHealth: kindOfStatus(status) === undefined && saysStatus(text),
      aheadMs: Number.isNaN(at) ? undefined : at - clock.now(),
    }
  } catch (error) {
    return { state: 'error', error }
  }
}

function saysStatus(text: string): boolean {
  try {
    const json: unknown = JSON.parse(text)
    return typeof json === 'object' && json !== null && 'status' in json
  } catch {
    // A web page, or half an answer.
    return false
  }
}
