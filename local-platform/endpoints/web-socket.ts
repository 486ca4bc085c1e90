// GET /ws: events of many workspaces on one socket (contract: wake-up streams). An agent gets those of the workspaces it may
// talk to, the person's chat those of all.

import type { Server, ServerWebSocket, WebSocketHandler } from 'bun'
import type { PlatformEvent } from '../basics/events.ts'
import { json } from '../basics/messages.ts'
import { bearerOf } from '../http/authentication.ts'
import type { Services } from '../services.ts'

export interface SocketData {
  /** Undefined for the stream of the whole platform. */
  readonly workspaceId: string | undefined
  leave: () => void
}

/** Bytes waiting for a slow reader, above which events are dropped: the stream is only a hint. */
const MAX_BUFFERED_BYTES = 1024 * 1024

const SUBPROTOCOL = 'molecule-auth.'

export function openSocket(
  services: Services,
  request: Request,
  server: Server<SocketData>,
): Response | undefined {
  const claimed = request.headers.get('X-Workspace-ID')?.toLowerCase() ?? ''
  const offered = request.headers.get('Sec-WebSocket-Protocol')
  const bearer = offered === null ? bearerOf(request.headers) : tokenFromProtocols(offered)
  if (offered !== null && bearer === undefined) return json({ error: 'invalid WebSocket credential' }, 401)
  if (bearer === undefined) return json({ error: 'missing workspace auth token' }, 401)
  const principal = services.authentication.principalOf(bearer)
  const allowed =
    principal?.kind === 'admin' ||
    (principal?.kind === 'workspace' && (claimed === '' ? false : claimed === principal.id))
  if (!allowed) return json({ error: 'invalid workspace auth token' }, 401)
  const workspaceId = claimed === '' ? undefined : claimed
  const data: SocketData = { workspaceId, leave: () => {} }
  // A browser insists on one of the protocols it offered; the one that carries the token is never sent back.
  const plain = protocols(offered ?? '').find((protocol) => !protocol.startsWith(SUBPROTOCOL))
  const headers = plain === undefined ? {} : { 'Sec-WebSocket-Protocol': plain }
  if (server.upgrade(request, { data, headers })) return undefined
  return json({ error: 'websocket upgrade required' }, 426)
}

export function socketHandler(services: Services): WebSocketHandler<SocketData> {
  return {
    // Clients have nothing to say here: what they send is read and forgotten.
    maxPayloadLength: 64 * 1024,
    message: () => {},
    open: (socket) => {
      const own = socket.data.workspaceId
      const unsubscribe = services.events.subscribeToAll((event) => {
        if (own === undefined || services.workspaces.mayTalk(own, event.workspaceId)) send(socket, event)
      })
      const forget = services.events.onClose(() => socket.close(1001, 'platform stops'))
      socket.data.leave = () => {
        unsubscribe()
        forget()
      }
    },
    close: (socket) => socket.data.leave(),
  }
}

function send(socket: ServerWebSocket<SocketData>, event: PlatformEvent): void {
  if (socket.getBufferedAmount() > MAX_BUFFERED_BYTES) return
  socket.send(
    JSON.stringify({
      event: event.type,
      workspace_id: event.workspaceId,
      timestamp: new Date(event.timestamp).toISOString(),
      payload: event.data,
    }),
  )
}

/** Browsers cannot set a header, so the token comes hex-coded as a subprotocol. */
function tokenFromProtocols(offered: string): string | undefined {
  const protocol = protocols(offered).find((entry) => entry.startsWith(SUBPROTOCOL))
  const hex = protocol?.slice(SUBPROTOCOL.length) ?? ''
  return /^([0-9a-f]{2})+$/i.test(hex) ? Buffer.from(hex, 'hex').toString('utf8') : undefined
}

function protocols(offered: string): readonly string[] {
  return offered
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
}
