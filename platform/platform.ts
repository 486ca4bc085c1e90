/** The embedded Molecule platform: one process, one SQLite file. This file only wires the parts together. */
import { Background } from './base/background.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { Events } from './base/events.ts'
import { newSecret, type RandomBytes, systemRandom } from './base/random.ts'
import { Timestamps } from './base/timestamp.ts'
import { type FaultChange, Faults } from './contract/faults.ts'
import type { Status } from './contract/statuses.ts'
import { deployMode, type GuardSettings } from './contract/url-guard.ts'
import type { ContractVersion } from './contract/versions.ts'
import { a2aRoutes } from './endpoints/a2a.ts'
import { activityRoutes } from './endpoints/activity-routes.ts'
import { chatRoutes } from './endpoints/chat-page.ts'
import { connectionRoutes } from './endpoints/connection-routes.ts'
import { delegationRoutes } from './endpoints/delegation-routes.ts'
import { eventStreamRoute } from './endpoints/event-stream.ts'
import { faultRoutes } from './endpoints/fault-routes.ts'
import { heartbeatRoutes } from './endpoints/heartbeat.ts'
import { memoryRoutes } from './endpoints/memories.ts'
import { notifyRoute } from './endpoints/notify.ts'
import { peerRoutes } from './endpoints/peers.ts'
import { publicRoutes } from './endpoints/public-routes.ts'
import { registerRoute } from './endpoints/register.ts'
import { tokenRoutes } from './endpoints/token-routes.ts'
import { uploadRoutes } from './endpoints/uploads.ts'
import { socketHandler, webSocketRoute } from './endpoints/web-socket.ts'
import { workspaceRoutes } from './endpoints/workspace-routes.ts'
import { Authentication } from './http/authentication.ts'
import { answer, type Front, type RequestRecord } from './http/front.ts'
import { Metrics } from './http/metrics.ts'
import { RateLimit } from './http/rate-limit.ts'
import { type Route, Router } from './http/router.ts'
import type { Services } from './services.ts'
import { ActivityLog, newestTimestamp } from './store/activity.ts'
import type { StoreContext } from './store/context.ts'
import { closeDatabase, openDatabase } from './store/database.ts'
import { Delegations } from './store/delegations.ts'
import { A2aQueue } from './store/queue.ts'
import { Tokens } from './store/tokens.ts'
import { Workspaces } from './store/workspaces.ts'
import { createMember, createTeam, type Member, type WorkspaceWish } from './team.ts'
import { type Resolve, systemResolve } from './work/push.ts'
import { Sweeps } from './work/sweeps.ts'

export interface PlatformOptions {
  /** TCP port; 0, the default, takes a free one. */
  readonly port?: number
  /** Address to listen on; 127.0.0.1 by default. */
  readonly host?: string
  /** Path of the SQLite file; `:memory:` by default. */
  readonly db?: string
  /** Opens every route; made up when absent. */
  readonly adminToken?: string
  /** Drives every timestamp and timer; the system's clock by default. */
  readonly clock?: Clock
  readonly random?: RandomBytes
  /** Receives one line per failure inside the platform; silent by default. */
  readonly log?: (line: string) => void
  /** Requests a minute and client address; 0, the default, is no limit. */
  readonly rateLimit?: number
  /** Generation of the wire contract; v2 by default. */
  readonly contract?: ContractVersion
  /** Milliseconds without a heartbeat until an external agent counts as gone; the contract's value by default. */
  readonly staleAfterMs?: number
  /** With an organisation, requests that do not name it get an empty 404, as on a hosted tenant. */
  readonly orgId?: string
  /** On loopback: names under which the platform may be addressed besides addresses and localhost. */
  readonly allowedHosts?: readonly string[]
  /** Settings of the URL guard, MOLECULE_DEPLOY_MODE and MOLECULE_ORG_ID; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Addresses of a host name; the system's resolver by default. */
  readonly resolve?: Resolve
  /** Receives every request that was answered. */
  readonly requestLog?: (record: RequestRecord) => void
}

export interface RunningPlatform {
  /** Origin of the platform, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly adminToken: string
  /** Runs every background sweep now, besides the times at which each runs by itself. */
  sweep(): void
  /** An external poll workspace with its first token. */
  createWorkspace(wish: WorkspaceWish): Member
  /** lead, builder and reviewer, the latter two under the first. */
  createTeam(): readonly Member[]
  /** Names and ids of the workspaces that are not removed. */
  members(): readonly { readonly id: string; readonly name: string }[]
  /** Turns fault switches, as the admin endpoint does. */
  setFaults(change: FaultChange): void
  resetFaults(): void
  /** Ends every open stream and socket; clients may come back. */
  closeStreams(): void
  /** Puts a workspace into a status that no request leads to, such as paused. */
  setStatus(workspaceId: string, status: Status): void
  /** Ends streams, closes the port and the file. */
  stop(): Promise<void>
}

const BUILD = 'local-platform'

/** Far above the limit that each endpoint has, so that it is the endpoint that refuses, in the words of the contract. */
const MAX_REQUEST_BYTES = 1024 * 1024 * 1024

/** Seconds a silent connection is kept. */
const IDLE_SECONDS = 240

const LOOPBACK: ReadonlySet<string> = new Set(['127.0.0.1', '::1', 'localhost'])

/**
 * Starts a platform in this process.
 *
 * @throws DatabaseRefused when the file cannot be used; an error with code EADDRINUSE when the port is taken
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<RunningPlatform> {
  const adminToken = options.adminToken ?? newSecret(options.random ?? systemRandom)
  const services = assemble(options, adminToken)
  const metrics = new Metrics()
  const front: Front = {
    services,
    router: new Router(allRoutes(services, metrics, onLoopback(options))),
    rateLimit: new RateLimit(options.rateLimit ?? 0, services.clock),
    metrics,
    orgId: options.orgId,
    // On a network any name may be right, and every reader there can ask without the help of a page.
    allowedHosts: onLoopback(options) ? (options.allowedHosts ?? []) : undefined,
    log: options.log ?? (() => {}),
    requestLog: options.requestLog,
  }
  const server = listen(front, options)
  const sweeps = new Sweeps(services, options.staleAfterMs)
  sweeps.start()

  const { background, database, events, faults, tokens, workspaces } = services
  return {
    url: server.url.origin,
    port: server.port ?? 0,
    adminToken,
    sweep: () => sweeps.run(),
    createWorkspace: (wish) => createMember(workspaces, tokens, wish),
    createTeam: () => database.transaction(() => createTeam(workspaces, tokens))(),
    members: () => workspaces.list().map(({ id, name }) => ({ id, name })),
    setFaults: (change) => void faults.change(change),
    resetFaults: () => void faults.reset(),
    closeStreams: () => events.endStreams(),
    setStatus: (id, status) => workspaces.update(id, { status }),
    stop: async () => {
      sweeps.stop()
      events.close()
      await Promise.all([server.stop(true), background.stop()])
      closeDatabase(database)
    },
  }
}

function assemble(options: PlatformOptions, adminToken: string): Services {
  const log = options.log ?? (() => {})
  const guard = guardSettings(options, log)
  const faults = new Faults(options.contract ?? 'v2')
  const rules = () => faults.rules()
  const clock = options.clock ?? systemClock
  const database = openDatabase(options.db ?? ':memory:')
  const context: StoreContext = {
    database,
    clock,
    timestamps: new Timestamps(clock, newestTimestamp(database)),
    random: options.random ?? systemRandom,
    events: new Events(clock, () => faults.eventCopies()),
    faults,
  }
  const activity = new ActivityLog(context)
  const tokens = new Tokens(context)
  const queue = new A2aQueue(context)
  queue.recover()
  return {
    ...context,
    rules,
    background: new Background(clock, (error) => log(`background work failed: ${String(error)}`)),
    tokens,
    activity,
    queue,
    delegations: new Delegations(context, activity),
    workspaces: new Workspaces(context),
    pushSettings: () => ({
      guard: { ...guard, loopbackAllowed: guard.loopbackAllowed && rules().loopbackPushUrls },
      resolve: options.resolve ?? systemResolve,
    }),
    authentication: new Authentication(adminToken, tokens, rules),
  }
}

/** A platform on loopback runs on a developer's machine, where agents are on loopback as well. */
function guardSettings(options: PlatformOptions, log: (line: string) => void): GuardSettings {
  const { MOLECULE_DEPLOY_MODE: mode, MOLECULE_ORG_ID: org } = options.environment ?? {}
  const chosen = deployMode(mode, org)
  if (chosen.warning !== undefined) log(chosen.warning)
  return { deployMode: chosen.mode, loopbackAllowed: onLoopback(options) }
}

function onLoopback(options: PlatformOptions): boolean {
  return LOOPBACK.has(options.host ?? '127.0.0.1')
}

function allRoutes(services: Services, metrics: Metrics, withFaults: boolean): readonly Route[] {
  return [
    ...publicRoutes(services, BUILD, metrics),
    ...chatRoutes(),
    registerRoute(services),
    ...heartbeatRoutes(services),
    ...peerRoutes(services),
    ...workspaceRoutes(services),
    ...connectionRoutes(services),
    ...tokenRoutes(services),
    ...activityRoutes(services),
    eventStreamRoute(services),
    webSocketRoute(services),
    ...a2aRoutes(services),
    notifyRoute(services),
    ...uploadRoutes(services),
    ...delegationRoutes(services),
    ...memoryRoutes(services),
    ...(withFaults ? faultRoutes(services) : []),
  ]
}

function listen(front: Front, options: PlatformOptions) {
  const { services } = front
  try {
    return Bun.serve({
      port: options.port ?? 0,
      hostname: options.host ?? '127.0.0.1',
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      websocket: socketHandler(services),
      // Bun's own page about an error shows source code.
      development: false,
      fetch: (request, server) =>
        answer(front, {
          request,
          address: server.requestIP(request)?.address ?? '',
          keepOpen: () => server.timeout(request, 0),
          upgrade: (data, headers) => server.upgrade(request, { data, headers }),
        }),
    })
  } catch (error) {
    closeDatabase(services.database)
    throw error
  }
}
