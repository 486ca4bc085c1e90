/**
 * GET /ws: the events of many workspaces on one socket (contract: wake-up streams). An agent receives those
 * of the workspaces it may talk to, the person's chat those of all.
 */
import type { ServerWebSocket, WebSocketHandler } from 'bun'
import type { PlatformEvent } from '../base/events.ts'
import { json, Refusal, refuse } from '../base/response.ts'
import { isoTimestamp } from '../base/timestamp.ts'
import { bearerOf } from '../http/authentication.ts'
import type { Call, Handled, Route, SocketData } from '../http/router.ts'
import type { Services } from '../services.ts'

/** Once this many bytes wait for a slow reader, events are dropped: an event is only a hint. */
const MAX_BUFFERED_BYTES = 1024 * 1024

/** Messages of a client, which are pings of its own at most: far fewer than this. */
const MAX_HEARD = 100

const SUBPROTOCOL = 'molecule-auth.'

export const webSocketRoute: Route = { method: 'GET', path: '/ws', gate: 'open', handle: openSocket }

function openSocket(services: Services, call: Call): Handled {
  const { headers } = call.request
  // A hosted platform with an origin allowlist also refuses a client that names no origin.
  if (services.faults.state().ws_origin_required && headers.get('Origin') === null)
    throw new Refusal(403, undefined)
  const claimed = headers.get('X-Workspace-ID')?.toLowerCase() ?? ''
  const offered = protocols(headers.get('Sec-WebSocket-Protocol') ?? '')
  const bearer = credential(headers, offered)
  const caller = callerOf(services, bearer, claimed)
  if (caller === undefined) throw refuse(401, 'invalid workspace auth token')
  const data: SocketData = {
    workspaceId: claimed === '' ? undefined : claimed,
    caller,
    isAllowed: () => callerOf(services, bearer, claimed) !== undefined,
    heard: 0,
    leave: () => {},
  }
  // A browser insists on one of the protocols it offered; the one that carries the token is never sent back.
  const plain = offered.find((protocol) => !protocol.startsWith(SUBPROTOCOL))
  if (call.upgrade(data, plain === undefined ? {} : { 'Sec-WebSocket-Protocol': plain })) return undefined
  return json({ error: 'websocket upgrade required' }, 426)
}

/** Whose token this is; undefined when it does not open the socket that it asks for. */
function callerOf({ authentication }: Services, bearer: string, claimed: string): string | undefined {
  const principal = authentication.principalOf(bearer)
  if (principal?.kind === 'admin') return principal.kind
  return principal !== undefined && claimed === principal.id ? principal.id : undefined
}

export function socketHandler(services: Services): WebSocketHandler<SocketData> {
  return {
    // Clients have nothing to say here; the little that they send is read and ignored.
    maxPayloadLength: 64 * 1024,
    message: (socket) => {
      if (++socket.data.heard > MAX_HEARD) socket.close(1008, 'this socket takes no messages')
    },
    open: (socket) => {
      const own = socket.data.workspaceId
      const unsubscribe = services.events.subscribeToAll((event) => {
        if (own === undefined || services.workspaces.mayTalk(own, event.workspaceId)) send(socket, event)
      })
      const { caller, isAllowed } = socket.data
      const forget = [
        unsubscribe,
        services.events.onClose(() => socket.close(1001, 'platform stops')),
        services.streams.add({
          caller,
          isAllowed,
          end: () => socket.close(1008, 'its token was revoked, or the same caller opened too many'),
        }),
      ]
      socket.data.leave = () => {
        for (const one of forget) one()
      }
    },
    close: (socket) => socket.data.leave(),
  }
}

function send(socket: ServerWebSocket<SocketData>, event: PlatformEvent): void {
  if (socket.getBufferedAmount() > MAX_BUFFERED_BYTES) return
  const head = JSON.stringify({
    event: event.type,
    workspace_id: event.workspaceId,
    timestamp: isoTimestamp(event.timestamp),
  })
  socket.send(`${head.slice(0, -1)},"payload":${event.data()}}`)
}

/** A browser cannot set headers, so its token arrives hex-encoded as a subprotocol. */
function credential(headers: Headers, offered: readonly string[]): string {
  const coded = offered.find((protocol) => protocol.startsWith(SUBPROTOCOL))
  const bearer = bearerOf(headers)
  if (coded === undefined && bearer === undefined) throw refuse(401, 'missing workspace auth token')
  if (coded === undefined) return bearer ?? ''
  const hex = coded.slice(SUBPROTOCOL.length)
  if (!/^([0-9a-f]{2})+$/i.test(hex)) throw refuse(401, 'invalid WebSocket credential')
  return Buffer.from(hex, 'hex').toString('utf8')
}

function protocols(offered: string): readonly string[] {
  return offered
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}
