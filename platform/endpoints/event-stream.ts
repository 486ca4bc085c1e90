/** One workspace's events as a server-sent event stream (contract: wake-up streams). */
import type { Events, PlatformEvent } from '../base/events.ts'
import { refuse } from '../base/response.ts'
import type { Route } from '../http/router.ts'
import type { Services } from '../services.ts'

/**
 * What waits for a slow reader: at most 64 events, and fewer when they are large. What comes on top is dropped, since the stream is
 * only a hint.
 */
const QUEUE_EVENTS = 64
const QUEUE_CHARS = 512 * 1024
const MIN_CHARS = QUEUE_CHARS / QUEUE_EVENTS

export function eventStreamRoute(services: Services): Route {
  return {
    method: 'GET',
    path: '/workspaces/:id/events/stream',
    gate: 'workspace',
    handle: (call) => {
      const row = services.workspaces.find(call.param('id'))
      if (row === undefined || row.status === 'removed') throw refuse(404, 'workspace not found')
      call.keepOpen()
      return eventStream(services.events, row.id)
    },
  }
}

/** An open stream: a comment at once, then one `data:` line per event, until the reader leaves or the platform stops. */
function eventStream(events: Events, workspaceId: string): Response {
  let leave = (): void => {}
  const stream = new ReadableStream<string>(
    {
      start(controller) {
        controller.enqueue(': ping\n\n')
        const unsubscribe = events.subscribe(workspaceId, (event) => {
          if ((controller.desiredSize ?? 0) > 0) controller.enqueue(frame(event))
        })
        const forget = events.onClose(() => {
          leave()
          controller.close()
        })
        leave = () => {
          unsubscribe()
          forget()
        }
      },
      cancel() {
        leave()
      },
    },
    { highWaterMark: QUEUE_CHARS, size: (text = '') => Math.max(text.length, MIN_CHARS) },
  )
  return new Response(stream, {
    headers: { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-cache', 'X-Accel-Buffering': 'no' },
  })
}

function frame(event: PlatformEvent): string {
  return `data: ${JSON.stringify({ type: event.type, timestamp: event.timestamp, data: event.data })}\n\n`
}
