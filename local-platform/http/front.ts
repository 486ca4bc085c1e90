// What stands between the socket and the endpoints: rate limit, origin, organisation, fault switches, gates; and the one place
// where a refusal or a failure becomes an answer.

import { json, Refusal, refusalAnswer } from '../basics/messages.ts'
import { isUuid } from '../basics/random.ts'
import type { Services } from '../services.ts'
import { faultAnswer } from './fault-answers.ts'
import type { Metrics } from './metrics.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Match, Router } from './router.ts'

/** One line of the request log. It names the route and never a token, a query or a body. */
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
  readonly log: (line: string) => void
  readonly requestLog: ((record: RequestRecord) => void) | undefined
}

export interface Arrival {
  readonly request: Request
  readonly address: string
  readonly keepOpen: () => void
}

/** Answers one request. Never throws, and never tells a client more than the contract does. */
export async function answer(front: Front, arrival: Arrival): Promise<Response> {
  const { services } = front
  const { method } = arrival.request
  const started = services.time.nowMs()
  const url = new URL(arrival.request.url)
  const match = front.router.match(method, url.pathname)
  const { headers, refusal } = front.rateLimit.count(arrival.address)
  const response = refusal ?? (await answerWithinLimit(front, arrival, url, match))
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  const ms = services.time.nowMs() - started
  front.metrics.countRequest(
    match === undefined ? 'other' : method,
    match?.route.path ?? 'none',
    response.status,
    ms,
  )
  front.requestLog?.({
    time: new Date(started).toISOString(),
    method,
    path: url.pathname,
    status: response.status,
    ms: Math.round(ms * 1000) / 1000,
  })
  return response
}

async function answerWithinLimit(
  front: Front,
  arrival: Arrival,
  url: URL,
  match: Match | undefined,
): Promise<Response> {
  const { request } = arrival
  const { authentication, background, faults } = front.services
  // An empty 403, as the CORS layer of the hosted platform gives to an origin that is not its own.
  if (!originIsOwn(request.headers)) return new Response(null, { status: 403 })
  if (!organisationKnown(front.orgId, request.headers, url.pathname))
    return new Response(null, { status: 404 })
  try {
    const fault = url.pathname.startsWith('/admin/')
      ? undefined
      : faults.answerFor(request.method, url.pathname)
    const faulty = fault === undefined ? undefined : await faultAnswer(fault, background)
    if (faulty !== undefined) return faulty
    if (match === undefined) return json({ error: 'not found' }, 404)
    const { gate } = match.route
    const id = identifier(match.params.get('id') ?? '')
    if (gate === 'admin') authentication.requireAdmin(request.headers)
    if (gate === 'workspace') authentication.requireWorkspace(request.headers, id)
    return await match.route.handle({
      request,
      url,
      param: (name) => identifier(match.params.get(name) ?? ''),
      keepOpen: arrival.keepOpen,
    })
  } catch (error) {
    if (error instanceof Refusal) return refusalAnswer(error)
    const reason = error instanceof Error ? error.message : String(error)
    front.log(`${request.method} ${match?.route.path ?? url.pathname} failed: ${reason}`)
    return json({ error: 'internal error' }, 500)
  }
}

/** UUIDs are compared without regard to case, as a database of UUIDs does. */
function identifier(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text
}

export function originIsOwn(headers: Headers): boolean {
  const origin = headers.get('Origin')
  return origin === null || origin === originOf(headers, 'http') || origin === originOf(headers, 'https')
}

function originOf(headers: Headers, scheme: string): string {
  return `${scheme}://${headers.get('Host')}`
}

const WITHOUT_ORGANISATION = ['/health', '/metrics', '/registry/register', '/registry/heartbeat']

/** The guard of a tenant: the organisation's id, or the tenant's own web page (contract: hosted tenants). */
function organisationKnown(orgId: string | undefined, headers: Headers, path: string): boolean {
  if (orgId === undefined || WITHOUT_ORGANISATION.includes(path)) return true
  if (path === '/' || path.startsWith('/chat/')) return true
  return (
    headers.get('X-Molecule-Org-Id') === orgId || (headers.get('Origin') !== null && originIsOwn(headers))
  )
}
