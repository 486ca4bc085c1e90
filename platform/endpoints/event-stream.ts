/** One workspace's events as server-sent events (contract: wake-up streams). */
import type { PlatformEvent } from '../base/events.ts'
import type { Call, Route } from '../http/router.ts'
import type { Services } from '../services.ts'

/**
 * At most 64 events wait for a slow reader, fewer when they are large. The rest are dropped: an event is only
 * a hint.
 */
const QUEUE_EVENTS = 64
const QUEUE_CHARS = 512 * 1024
const MIN_CHARS = QUEUE_CHARS / QUEUE_EVENTS

export const eventStreamRoute: Route = {
  method: 'GET',
  path: '/workspaces/:id/events/stream',
  gate: 'workspace',
  handle: openStream,
}

function openStream(services: Services, call: Call): Response {
  const row = services.workspaces.require(call.param('id'))
  call.keepOpen()
  return new Response(eventStream(services, row.id, call.request.headers), {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' },
  })
}

/** A comment at once, then one `data:` line per event, until the reader leaves, its token is revoked or the platform stops. */
function eventStream(
  { events, streams, authentication }: Services,
  workspaceId: string,
  headers: Headers,
): ReadableStream<string> {
  let leave = (): void => {}
  return new ReadableStream<string>(
    {
      start(controller) {
        controller.enqueue(': ping\n\n')
        const unsubscribe = events.subscribe(workspaceId, (event) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(frame(event))
        })
        const end = (): void => {
          leave()
          controller.close()
        }
        const forget = [
          unsubscribe,
          events.onClose(end),
          streams.add({
            caller: authentication.callerOf(headers) ?? '',
            isAllowed: () => authentication.passesWorkspace(headers, workspaceId),
            end,
          }),
        ]
        leave = () => {
          for (const one of forget) one()
        }
      },
      cancel() {
        leave()
      },
    },
    { highWaterMark: QUEUE_CHARS, size: (text = '') => Math.max(text.length, MIN_CHARS) },
  )
}

function frame(event: PlatformEvent): string {
  return `data: {"type":"${event.type}","timestamp":${event.timestamp},"data":${event.data()}}\n\n`
}
