// The embedded Molecule platform: one process, one SQLite file. This file only wires the parts together.

import { a2aRoute } from './a2a.ts'
import { ActivityLog, newestStamp } from './activity.ts'
import { activityRoutes } from './activity-routes.ts'
import { Authentication } from './authentication.ts'
import { chatRoutes } from './chat.ts'
import { CONTRACTS, type ContractVersion } from './contract.ts'
import { openDatabase } from './database.ts'
import { eventStreamRoute } from './event-stream.ts'
import { Events } from './events.ts'
import { answer } from './front.ts'
import { heartbeatRoutes } from './heartbeat.ts'
import { notifyRoute } from './notify.ts'
import { peerRoutes } from './peers.ts'
import { publicRoutes } from './public-routes.ts'
import { newSecret, type RandomBytes, systemRandom } from './random.ts'
import { RateLimit } from './rate-limit.ts'
import { registerRoute } from './register.ts'
import { Router } from './router.ts'
import type { Services } from './services.ts'
import { Sweeper } from './sweeps.ts'
import { createMember, createTeam, type Member, type WorkspaceWish } from './team.ts'
import { type Clock, systemClock, Timekeeper } from './time.ts'
import { tokenRoutes } from './token-routes.ts'
import { Tokens } from './tokens.ts'
import { openSocket, socketHandler } from './web-socket.ts'
import { workspaceRoutes } from './workspace-routes.ts'
import { Workspaces } from './workspaces.ts'

export interface PlatformOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string
  /** Path of the SQLite file; `:memory:` by default. */
  readonly db?: string
  /** Opens every route; made up when absent. */
  readonly adminToken?: string
  /** Milliseconds since the epoch. With a clock of its own the platform runs no timers: call `tick()`. */
  readonly clock?: Clock
  readonly random?: RandomBytes
  /** Receives one line per failure inside the platform; silent by default. */
  readonly log?: (line: string) => void
  /** Requests a minute and client address; 0, the default, is no limit. */
  readonly rateLimit?: number
  readonly contract?: ContractVersion
  /** Milliseconds without a heartbeat until an external agent counts as gone; the contract's value by default. */
  readonly staleAfterMs?: number
}

export interface RunningPlatform {
  /** Origin of the platform, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly adminToken: string
  /** Runs the background sweeps that are due by the clock. */
  tick(): void
  /** An external poll workspace with its first token. */
  createWorkspace(wish: WorkspaceWish): Member
  /** lead, builder and reviewer, the latter two under the first. */
  createTeam(): readonly Member[]
  /** Names and ids of the workspaces that are not removed. */
  members(): readonly { readonly id: string; readonly name: string }[]
  /** Ends streams, closes the port and the file. */
  stop(): Promise<void>
}

const BUILD = 'local-platform'

/** Requests above this are cut off by the server itself; each endpoint has its own, smaller limit. */
const MAX_REQUEST_BYTES = 128 * 1024 * 1024

/** Seconds a silent connection is kept. */
const IDLE_SECONDS = 240

/**
 * Starts a platform in this process.
 *
 * @throws DatabaseRefused when the file cannot be used; an error with code EADDRINUSE when the port is taken
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<RunningPlatform> {
  const adminToken = options.adminToken ?? newSecret(options.random ?? systemRandom)
  const services = assemble(options, adminToken)
  const log = options.log ?? (() => {})
  const front = {
    router: new Router(allRoutes(services)),
    authentication: services.authentication,
    rateLimit: new RateLimit(options.rateLimit ?? 0, services.time),
    log,
  }
  const sweeper = new Sweeper(services, () => ({
    staleAfterMs: options.staleAfterMs ?? services.rules().staleAfterMs,
  }))
  const server = listen(services, options, (request, address, keepOpen) =>
    answer(front, { request, address, keepOpen }),
  )
  if (options.clock === undefined) sweeper.start()
  const { database, events, tokens, workspaces } = services
  return {
    url: server.url.origin,
    port: server.port ?? 0,
    adminToken,
    tick: () => sweeper.tick(),
    createWorkspace: (wish) => createMember(workspaces, tokens, wish),
    createTeam: () => database.transaction(() => createTeam(workspaces, tokens))(),
    members: () => workspaces.list().map(({ id, name }) => ({ id, name })),
    stop: async () => {
      sweeper.stop()
      events.close()
      await server.stop(true)
      database.close()
    },
  }
}

function assemble(options: PlatformOptions, adminToken: string): Services {
  const random = options.random ?? systemRandom
  const contract = CONTRACTS[options.contract ?? 'v2']
  const rules = () => contract
  const database = openDatabase(options.db ?? ':memory:')
  const time = new Timekeeper(options.clock ?? systemClock, newestStamp(database))
  const events = new Events(time)
  const tokens = new Tokens(database, time, random)
  return {
    database,
    time,
    random,
    rules,
    events,
    tokens,
    activity: new ActivityLog(database, time, random, events, rules),
    workspaces: new Workspaces(database, time, random, rules),
    authentication: new Authentication(adminToken, tokens, rules),
  }
}

function allRoutes(services: Services) {
  return [
    ...publicRoutes(services, BUILD),
    ...chatRoutes(),
    registerRoute(services),
    ...heartbeatRoutes(services),
    ...peerRoutes(services),
    ...workspaceRoutes(services),
    ...tokenRoutes(services),
    ...activityRoutes(services),
    eventStreamRoute(services),
    a2aRoute(services),
    notifyRoute(services),
  ]
}

type Handle = (request: Request, address: string, keepOpen: () => void) => Promise<Response>

function listen(services: Services, options: PlatformOptions, handle: Handle) {
  try {
    return Bun.serve({
      port: options.port ?? 0,
      hostname: options.host ?? '127.0.0.1',
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      websocket: socketHandler(services),
      fetch: (request, server) => {
        if (new URL(request.url).pathname === '/ws') return openSocket(services, request, server)
        const address = server.requestIP(request)?.address ?? ''
        return handle(request, address, () => server.timeout(request, 0))
      },
    })
  } catch (error) {
    services.database.close()
    throw error
  }
}
