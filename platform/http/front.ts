/**
 * What stands between the socket and the endpoints: rate limit, host, origin, organization, injected faults,
 * gates. It is also the one place where a refusal or a failure becomes a response.
 */
import { isUuid } from '../base/random.ts'
import { json, Refusal, refuse } from '../base/response.ts'
import { errorText } from '../base/text.ts'
import { isoTimestamp } from '../base/timestamp.ts'
import type { Services } from '../services.ts'
import { faultAnswer } from './fault-answers.ts'
import type { LargeBodies } from './large-bodies.ts'
import { isOwnHost, isOwnOrigin, passesTenantGuard } from './origin.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Call, Handled, Match, Router } from './router.ts'
import type { Strangers } from './strangers.ts'

/** One line of the request log. Its path holds only routes and ids: no token, no query, no body. */
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
  readonly largeBodies: LargeBodies
  /**
   * The organization that requests to `/workspaces` and the like must name; undefined for a platform without
   * one.
   */
  readonly orgId: string | undefined
  /** Host names that the operator vouches for, in the form of `namedHost`. */
  readonly allowedHosts: readonly string[]
  /** Whether a request may be addressed only to those, an address of this machine or localhost. */
  readonly checksHost: boolean
  readonly strangers: Strangers
  readonly log: (line: string) => void
  readonly requestLog: ((record: RequestRecord) => void) | undefined
}

const UNLIMITED = { headers: {}, refusal: undefined }

/** A request as it arrives, before it has a route. */
type Arrival = Pick<Call, 'request' | 'address' | 'keepOpen' | 'upgrade'>

/**
 * Answers one request; undefined once it has become a socket. Never throws, and tells a client no more than
 * the contract does.
 */
export async function answer(front: Front, arrival: Arrival): Promise<Response | undefined> {
  const { services, router } = front
  const { method } = arrival.request
  const url = URL.parse(arrival.request.url)
  if (url === null) return json({ error: 'invalid Host header' }, 400)
  const started = services.clock.now()
  const match = router.match(method, url.pathname)
  const caller = services.authentication.callerOf(arrival.request.headers) ?? `at ${arrival.address}`
  const { headers, refusal } = match?.route.isFile ? UNLIMITED : front.rateLimit.count(caller)
  const response =
    refusal ??
    (await front.largeBodies.within(
      () => knownCaller(services, caller),
      arrival.request,
      () => answerWithinLimit(front, arrival, url, match),
    ))
  for (const [name, value] of Object.entries(headers)) response?.headers.set(name, value)
  const ms = services.clock.now() - started
  const status = response?.status ?? 101
  const labelled = match === undefined ? 'other' : method
  services.metrics.countRequest(labelled, match?.route.path ?? 'none', status, ms)
  front.requestLog?.({
    time: isoTimestamp(started),
    method,
    path: router.withoutUnknown(url.pathname),
    status,
    ms: Math.round(ms * 1000) / 1000,
  })
  return response
}

/** All whom nobody let in are one caller: anyone can register under any number of names. */
function knownCaller({ workspaces }: Services, caller: string): string {
  const row = workspaces.find(caller)
  return caller === 'admin' || (row !== undefined && row.name !== row.id) ? caller : 'strangers'
}

async function answerWithinLimit(
  front: Front,
  arrival: Arrival,
  url: URL,
  match: Match | undefined,
): Promise<Response | undefined> {
  const { services } = front
  const { request } = arrival
  try {
    admit(front, request.headers, url)
    const faulty = await injectedAnswer(services, request.method, url.pathname)
    if (faulty !== undefined) return faulty
    if (match === undefined) throw refuse(404, 'not found')
    const { gate, handle } = match.route
    const param = (name: string) => identifier(match.params.get(name) ?? '')
    if (gate === 'admin') services.authentication.requireAdmin(request.headers)
    if (gate === 'workspace') services.authentication.requireWorkspace(request.headers, param('id'))
    const { address, keepOpen, upgrade } = arrival
    const turn = () => services.background.turn()
    const call = { request, url, address, param, turn, keepOpen, upgrade }
    return request.method === 'GET'
      ? await handle(services, call)
      : await stored(services, () => handle(services, call))
  } catch (error) {
    if (error instanceof Refusal) return error.response()
    // Its sender hung up before all of it had come: no failure of ours, and nobody reads the answer.
    if (request.signal.aborted && error instanceof DOMException && error.name === 'AbortError')
      return json({ error: 'the request broke off' }, 400)
    front.log(`${request.method} ${match?.route.path ?? 'without a route'} failed: ${errorText(error)}`)
    return json({ error: 'internal error' }, 500)
  }
}

/**
 * Runs a handler that may store something. Looks at the file before, so that nothing is announced that cannot be
 * stored, and after, so that nothing counts as stored that is lost.
 *
 * @throws Refusal 503
 */
async function stored({ file }: Services, handle: () => Handled | Promise<Handled>): Promise<Handled> {
  if (!file.isInPlace()) throw unavailable(LOST)
  try {
    const response = await handle()
    file.noteStored()
    if (!file.isInPlace()) throw unavailable(LOST)
    return response
  } catch (error) {
    if (!file.isFull(error)) throw error
    throw unavailable('the disk of the platform is full; what it has stored is safe')
  }
}

const LOST = 'the database file of the platform was removed or replaced; its log says which'

function unavailable(hint: string): Refusal {
  return refuse(503, 'platform datastore unavailable — retry shortly', { code: 'platform_unavailable', hint })
}

/** @throws Refusal for a request that may reach no endpoint, whatever token it carries. */
function admit(front: Front, headers: Headers, url: URL): void {
  const { allowedHosts, checksHost, orgId, strangers } = front
  if (checksHost && !isOwnHost(url.hostname, allowedHosts)) {
    throw refuse(
      403,
      'this platform only answers requests to this machine; start it with --allow-host to allow this host name',
    )
  }
  if (!isOwnOrigin(headers, allowedHosts)) {
    strangers.refused(headers.get('Origin') ?? '')
    // An empty 403, like the one that the hosted platform's CORS layer sends to a foreign origin.
    throw new Refusal(403, undefined)
  }
  if (!passesTenantGuard(orgId, headers, url.pathname, allowedHosts)) throw new Refusal(404, undefined)
}

/** No fault reaches `/admin/`, so that faults can always be taken back. */
async function injectedAnswer(
  services: Services,
  method: string,
  path: string,
): Promise<Response | undefined> {
  const fault = path.startsWith('/admin/') ? undefined : services.faults.answerFor(method, path)
  return fault === undefined ? undefined : faultAnswer(fault, services)
}

/** UUIDs are compared case-insensitively, as in a database with a UUID type. */
function identifier(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text
}
