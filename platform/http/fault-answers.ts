/** The answers that an injected fault sends in place of an endpoint's own. */
import type { Clock } from '../base/clock.ts'
import { json } from '../base/response.ts'
import type { FaultAnswer } from '../contract/faults.ts'
import type { Services } from '../services.ts'

const HUGE_BYTES = 12 * 1024 * 1024

/** Undefined when the endpoint itself must answer, after a delay. */
export async function faultAnswer(
  fault: FaultAnswer,
  { background, clock }: Pick<Services, 'background' | 'clock'>,
): Promise<Response | undefined> {
  switch (fault.kind) {
    case 'unauthorized':
      return json({ error: 'invalid workspace auth token' }, 401)
    case 'datastore_503':
      return json(
        { error: 'platform datastore unavailable — retry shortly', code: 'platform_unavailable' },
        503,
      )
    case 'empty_404':
      return new Response(null, { status: 404 })
    case 'empty_403':
      return new Response(null, { status: 403 })
    case 'cursor_gone':
      return json(
        {
          error:
            'since_id cursor not found (row may have been pruned or belongs to a different workspace); omit since_id to reset',
        },
        410,
      )
    case 'html':
      return new Response('<!doctype html><title>Molecule</title>', {
        headers: { 'Content-Type': 'text/html' },
      })
    case 'rate_limited':
      return json({ error: 'rate limit exceeded', retry_after: fault.seconds }, 429, {
        'Retry-After': String(fault.seconds),
      })
    case 'error_500':
      return json({ error: 'internal error' }, 500)
    case 'half_json':
      return new Response('[{"id":"', { headers: { 'Content-Type': 'application/json' } })
    case 'null_rows':
      return json([null, 7, 'text', [], {}, { id: 5 }])
    case 'huge':
      return json([{ id: 'x'.repeat(HUGE_BYTES) }])
    case 'cut':
      return new Response(cutStream(clock), { headers: { 'Content-Type': 'application/json' } })
    case 'redirect':
      return new Response(null, { status: 302, headers: { Location: 'http://elsewhere.invalid/' } })
    case 'given':
      return fault.body === undefined
        ? new Response(null, { status: fault.status })
        : json(fault.body, fault.status)
    case 'slow':
      await background.delay(fault.ms)
      return undefined
    case 'hang':
      await background.delay(Number.POSITIVE_INFINITY)
      return new Response(null, { status: 503 })
  }
}

/** A body that breaks off in the middle, together with the connection. */
function cutStream(clock: Clock): ReadableStream<string> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue('[{"id":"')
      clock.after(0, () => controller.error())
    },
  })
}
