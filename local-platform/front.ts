// What stands between the socket and the endpoints: origin check, rate limit, gates, and the one place where a refusal or a
// failure becomes an answer.

import type { Authentication } from './authentication.ts'
import { json, Refusal, refusalAnswer } from './http.ts'
import { isUuid } from './random.ts'
import type { RateLimit } from './rate-limit.ts'
import type { Match, Router } from './router.ts'

export interface Front {
  readonly router: Router
  readonly authentication: Authentication
  readonly rateLimit: RateLimit
  readonly log: (line: string) => void
}

export interface Arrival {
  readonly request: Request
  readonly address: string
  readonly keepOpen: () => void
}

/** Answers one request. Never throws, and never tells a client more than the contract does. */
export async function answer(front: Front, arrival: Arrival): Promise<Response> {
  const { headers, refusal } = front.rateLimit.count(arrival.address)
  const response = refusal ?? (await answerWithinLimit(front, arrival))
  for (const [name, value] of Object.entries(headers)) response.headers.set(name, value)
  return response
}

async function answerWithinLimit(front: Front, arrival: Arrival): Promise<Response> {
  const { request } = arrival
  const url = new URL(request.url)
  // An empty 403, as the CORS layer of the hosted platform gives to an origin that is not its own.
  if (!originIsOwn(request.headers)) return new Response(null, { status: 403 })
  const match = front.router.match(request.method, url.pathname)
  if (match === undefined) return json({ error: 'not found' }, 404)
  try {
    passGate(front.authentication, request, match)
    return await match.route.handle({
      request,
      url,
      param: (name) => identifier(match.params.get(name) ?? ''),
      keepOpen: arrival.keepOpen,
    })
  } catch (error) {
    if (error instanceof Refusal) return refusalAnswer(error)
    front.log(
      `${request.method} ${match.route.path} failed: ${error instanceof Error ? error.message : String(error)}`,
    )
    return json({ error: 'internal error' }, 500)
  }
}

function passGate(authentication: Authentication, request: Request, match: Match): void {
  const { gate } = match.route
  if (gate === 'admin') authentication.requireAdmin(request.headers)
  if (gate === 'workspace')
    authentication.requireWorkspace(request.headers, identifier(match.params.get('id') ?? ''))
}

/** UUIDs are compared without regard to case, as a database of UUIDs does. */
function identifier(text: string): string {
  return isUuid(text) ? text.toLowerCase() : text
}

function originIsOwn(headers: Headers): boolean {
  const origin = headers.get('Origin')
  if (origin === null) return true
  const host = headers.get('Host')
  return origin === `http://${host}` || origin === `https://${host}`
}
