/**
 * What stands between the socket and the endpoints: rate limit, host, origin, organisation, fault switches,
 * gates; and the one place where a refusal or a failure becomes an answer.
 */

import { isUuid } from '../base/random.ts'
import { json, Refusal, refuse } from '../base/response.ts'
import { isoTimestamp } from '../base/timestamp.ts'
import type { Services } from '../services.ts'
import { faultAnswer } from './fault-answers.ts'
import type { Metrics } from './metrics.ts'
import { hostIsOurs, organisationKnown, originIsOwn } from './origin.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Call, Match, Router } from './router.ts'

/** One line of the request log. Its path names routes and ids and nothing else: no token, no query, no body. */
export interface RequestRecord {
  readonly time: string
  readonly method: string
  readonly path: string
  readonly status: number
  readonly ms: number
}

export interface Front {
  readonly services: Services
  readonly router: Router
  readonly rateLimit: RateLimit
  readonly metrics: Metrics
  /** Requests to `/workspaces` and the like must name this organisation; undefined for a platform without one. */
  readonly orgId: string | undefined
  /** Host names a request may name besides addresses and localhost; undefined lets in every name. */
  readonly allowedHosts: readonly string[] | undefined
  readonly log: (line: string) => void
  readonly requestLog: ((record: RequestRecord) => void) | undefined
}

export interface Arrival {
  readonly request: Request
  readonly address: string
  readonly keepOpen: Call['keepOpen']
  readonly upgrade: Call['upgrade']
}

/** Answers one request; undefined when it became a socket. Never throws, and never tells a client more than the contract does. */
export async function answer(front: Front, arrival: Arrival): Promise<Response | undefined> {
  const { services, router } = front
  const { method } = arrival.request
  const url = URL.parse(arrival.request.url)
  if (url === null) return json({ error: 'invalid Host header' }, 400)
  const started = services.clock.now()
  const match = router.match(method, url.pathname)
  const { headers, refusal } = front.rateLimit.count(arrival.address)
  const response = refusal ?? (await answerWithinLimit(front, arrival, url, match))
  for (const [name, value] of Object.entries(headers)) response?.headers.set(name, value)
  const ms = services.clock.now() - started
  const status = response?.status ?? 101
  front.metrics.countRequest(match === undefined ? 'other' : method, match?.route.path ?? 'none', status, ms)
  front.requestLog?.({
    time: isoTimestamp(started),
    method,
    path: router.withoutUnknown(url.pathname),
    status,
    ms: Math.round(ms * 1000) / 1000,
  })
  return response
}

async function answerWithinLimit(
  front: Front,
  arrival: Arrival,
  url: URL,
  match: Match | undefined,
): Promise<Response | undefined> {
  const { request } = arrival
  try {
    admit(front, request.headers, url)
    const faulty = await playedFault(front.services, request.method, url.pathname)
    if (faulty !== undefined) return faulty
    if (match === undefined) throw refuse(404, 'not found')
    const { authentication } = front.services
    const { gate } = match.route
    const id = identifier(match.params.get('id') ?? '')
    if (gate === 'admin') authentication.requireAdmin(request.headers)
    if (gate === 'workspace') authentication.requireWorkspace(request.headers, id)
    return await match.route.handle({
      request,
      url,
      param: (name) => identifier(match.params.get(name) ?? ''),
      keepOpen: arrival.keepOpen,
      upgrade: arrival.upgrade,
    })
  } catch (error) {
    if (error instanceof Refusal) return error.response()
    const reason = error instanceof Error ? error.message : String(error)
    front.log(`${request.method} ${match?.route.path ?? 'of no route'} failed: ${reason}`)
    return json({ error: 'internal error' }, 500)
  }
}

/** @throws Refusal for a request that may not reach any endpoint, whatever token it brings */
function admit(front: Front, headers: Headers, url: URL): void {
  if (front.allowedHosts !== undefined && !hostIsOurs(url.hostname, front.allowedHosts)) {
    throw refuse(
      403,
      'this platform answers on this machine only; start it with --allow-host to let this name in',
    )
  }
  // An empty 403, as the CORS layer of the hosted platform gives to an origin that is not its own.
  if (!originIsOwn(headers)) throw new Refusal(403, undefined)
  if (!organisationKnown(front.orgId, headers, url.pathname)) throw new Refusal(404, undefined)
}

/** The switches themselves are always in reach. */
async function playedFault(services: Services, method: string, path: string): Promise<Response | undefined> {
  const fault = path.startsWith('/admin/') ? undefined : services.faults.answerFor(method, path)
  return fault === undefined ? undefined : faultAnswer(fault, services)
}

/** UUIDs are compared without regard to case, as a database of UUIDs does. */
function identifier(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text
}
