/** Every route of the platform. */
import type { Route } from '../http/router.ts'
import { a2aRoutes } from './a2a.ts'
import { activityRoutes } from './activity-routes.ts'
import { chatRoutes } from './chat-page.ts'
import { connectionRoutes } from './connection-routes.ts'
import { delegationRoutes } from './delegation-routes.ts'
import { eventStreamRoute } from './event-stream.ts'
import { faultRoutes } from './fault-routes.ts'
import { heartbeatRoutes } from './heartbeat.ts'
import { inviteRoutes } from './invite-routes.ts'
import { lifecycleRoutes } from './lifecycle-routes.ts'
import { memoryRoutes } from './memories.ts'
import { notifyRoute } from './notify.ts'
import { peerRoutes } from './peers.ts'
import { publicRoutes } from './public-routes.ts'
import { receiptRoute } from './receipt-routes.ts'
import { registerRoute } from './register.ts'
import { requestRoutes } from './request-routes.ts'
import { tokenRoutes } from './token-routes.ts'
import { uploadRoutes } from './uploads.ts'
import { webSocketRoute } from './web-socket.ts'
import { workspaceRoutes } from './workspace-routes.ts'

/** @param loopback whether only this machine can reach the platform: nobody else may inject faults. */
export function routes(loopback: boolean): readonly Route[] {
  return [
    ...publicRoutes,
    ...chatRoutes,
    registerRoute,
    ...heartbeatRoutes,
    ...peerRoutes,
    ...workspaceRoutes,
    ...lifecycleRoutes,
    ...connectionRoutes,
    ...tokenRoutes,
    ...inviteRoutes,
    ...activityRoutes,
    eventStreamRoute,
    webSocketRoute,
    ...a2aRoutes,
    notifyRoute,
    ...uploadRoutes,
    ...delegationRoutes,
    ...memoryRoutes,
    ...requestRoutes,
    receiptRoute,
    ...(loopback ? faultRoutes : []),
  ]
}
