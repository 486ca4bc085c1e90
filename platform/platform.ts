/** The local Molecule platform: one process, one SQLite file. This file only wires the parts together. */
import { Background } from './base/background.ts'
import { type Clock, systemClock } from './base/clock.ts'
import { Events } from './base/events.ts'
import { newSecret, type RandomBytes, systemRandom } from './base/random.ts'
import { errorText } from './base/text.ts'
import { isoTimestamp, Timestamps, timestampMs, wireTimestamp } from './base/timestamp.ts'
import { type FaultChange, Faults } from './contract/faults.ts'
import type { Status } from './contract/statuses.ts'
import { deployMode, type GuardSettings } from './contract/url-guard.ts'
import type { ContractVersion } from './contract/versions.ts'
import { routes } from './endpoints/routes.ts'
import { socketHandler } from './endpoints/web-socket.ts'
import { Authentication } from './http/authentication.ts'
import { answer, type Front, type RequestRecord } from './http/front.ts'
import { LargeBodies } from './http/large-bodies.ts'
import { Metrics } from './http/metrics.ts'
import { OpenStreams } from './http/open-streams.ts'
import { isLoopback, listenHost, namedHost } from './http/origin.ts'
import { RateLimit } from './http/rate-limit.ts'
import { Router } from './http/router.ts'
import { Strangers } from './http/strangers.ts'
import type { Services } from './services.ts'
import { ActivityLog, newestTimestamp, raiseSequence } from './store/activity.ts'
import type { StoreContext } from './store/context.ts'
import { closeDatabase, MEMORY, openDatabase } from './store/database.ts'
import { DatabaseFile } from './store/database-file.ts'
import { Delegations } from './store/delegations.ts'
import { Memories } from './store/memories.ts'
import { A2aQueue } from './store/queue.ts'
import { Receipts } from './store/receipts.ts'
import { Requests } from './store/requests.ts'
import { Tokens } from './store/tokens.ts'
import { UploadParts } from './store/upload-parts.ts'
import { Uploads } from './store/uploads.ts'
import { Workspaces } from './store/workspaces.ts'
import { createMember, createTeam, type Member, type NewMember } from './team.ts'
import { InviteCodes } from './work/invite-codes.ts'
import { type Resolve, systemResolve } from './work/push.ts'
import { SentMessages } from './work/sent-messages.ts'
import { Staging } from './work/staging.ts'
import { Sweeps } from './work/sweeps.ts'

export interface PlatformOptions {
  /** The TCP port; 0, the default, takes a free one. */
  readonly port?: number
  /** The address to listen on; 127.0.0.1 by default. */
  readonly host?: string
  /** The path of the SQLite file; `:memory:` by default. */
  readonly db?: string
  /** Opens every route; a new random token by default. */
  readonly adminToken?: string
  /** Opens every route as well, for the programs of this user; none by default. */
  readonly operatorKey?: string
  /** Drives every timestamp and timer; the system's clock by default. */
  readonly clock?: Clock
  /** The source of every id and secret; the system's by default. */
  readonly random?: RandomBytes
  /** Receives one line per failure inside the platform; silent by default. */
  readonly log?: (line: string) => void
  /** Requests per minute and caller; 0, the default, is no limit. */
  readonly rateLimit?: number
  /** The generation of the wire contract; v2 by default. */
  readonly contract?: ContractVersion
  /**
   * Milliseconds without a heartbeat until an external agent counts as gone; the contract's value by default.
   */
  readonly staleAfterMs?: number
  /** Milliseconds until a workspace that was never provisioned counts as failed; the contract's value by default. */
  readonly provisionTimeoutMs?: number
  /** With an organization, a request that does not name it gets an empty 404, as on a hosted tenant. */
  readonly orgId?: string
  /** Host names by which a tunnel, a proxy or a container reaches the platform. */
  readonly allowedHosts?: readonly string[]
  /** The settings of the URL guard, MOLECULE_DEPLOY_MODE and MOLECULE_ORG_ID; none by default. */
  readonly environment?: Readonly<Record<string, string | undefined>>
  /** Resolves host names; the system's resolver by default. */
  readonly resolve?: Resolve
  /** Receives a record of every answered request. */
  readonly requestLog?: (record: RequestRecord) => void
}

export interface RunningPlatform {
  /** The platform's origin, without a trailing slash. */
  readonly url: string
  readonly port: number
  readonly adminToken: string
  /** Runs every background sweep now; each also runs at its own interval. */
  sweep(): void
  /** Creates an external poll workspace with its first token. */
  createWorkspace(member: NewMember): Member
  /** Creates lead, builder and reviewer; the lead is the parent of the other two. */
  createTeam(): readonly Member[]
  /** The workspaces that are not removed. */
  members(): readonly { readonly id: string; readonly name: string }[]
  /** Injects faults, as the admin endpoint does. */
  setFaults(change: FaultChange): void
  resetFaults(): void
  /** Ends every open stream and socket; clients may come back. */
  closeStreams(): void
  /** Puts a workspace into a status that no request leads to, such as paused. */
  setStatus(workspaceId: string, status: Status): void
  /** Ends streams and background work, then closes the port and the file. */
  stop(): Promise<void>
}

/** Far above the limit of any endpoint, so that the endpoint is what refuses, in the contract's words. */
const MAX_REQUEST_BYTES = 1024 * 1024 * 1024

const CLOCK_TOLERANCE_MS = 60_000

/** How long a silent connection is kept. */
const IDLE_SECONDS = 240

/**
 * Starts a platform in this process.
 *
 * @throws DatabaseRefused when the file cannot be used; an error with code EADDRINUSE when the port is taken.
 */
export async function startPlatform(options: PlatformOptions = {}): Promise<RunningPlatform> {
  const adminToken = options.adminToken ?? newSecret(options.random ?? systemRandom)
  const loopback = listensOnLoopback(options)
  const log = options.log ?? (() => {})
  const services = createServices(options, adminToken)
  const server = listen(options, {
    services,
    router: new Router(routes(loopback)),
    rateLimit: new RateLimit(options.rateLimit ?? 0, services.clock),
    largeBodies: new LargeBodies(),
    orgId: options.orgId?.trim() || undefined,
    allowedHosts: (options.allowedHosts ?? []).flatMap((host) => namedHost(host) ?? []),
    // On a network any name may be right, and any client there can send requests without the help of a web
    // page.
    checksHost: loopback,
    strangers: new Strangers(log),
    log,
    requestLog: options.requestLog,
  })
  const sweeps = new Sweeps(services, {
    staleAfterMs: options.staleAfterMs,
    provisionTimeoutMs: options.provisionTimeoutMs,
  })
  sweeps.start()
  const { background, database, events, faults, tokens, workspaces } = services
  return {
    url: server.url.origin,
    port: server.port ?? 0,
    adminToken,
    sweep: () => sweeps.run(),
    createWorkspace: (member) => createMember(workspaces, tokens, member),
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

function createServices(options: PlatformOptions, adminToken: string): Services {
  const operators = [adminToken, ...(options.operatorKey === undefined ? [] : [options.operatorKey])]
  const log = options.log ?? (() => {})
  const guard = guardSettings(options, log)
  const faults = new Faults(options.contract ?? 'v2')
  const rules = () => faults.rules()
  const clock = options.clock ?? systemClock
  const database = openDatabase(options.db ?? MEMORY, clock.now())
  const newest = newestTimestamp(database)
  raiseSequence(database, clock.now())
  warnOfFuture(newest, clock, log)
  const context: StoreContext = {
    database,
    clock,
    timestamps: new Timestamps(clock, newest),
    random: options.random ?? systemRandom,
    events: new Events(clock, () => faults.eventCopies()),
    faults,
  }
  const activity = new ActivityLog(context)
  const streams = new OpenStreams()
  const tokens = new Tokens(context, () => streams.recheck())
  const queue = new A2aQueue(context)
  queue.recover()
  return {
    ...context,
    rules,
    file: new DatabaseFile(options.db ?? MEMORY, log),
    background: new Background(clock, (error) => log(`background work failed: ${errorText(error)}`)),
    activity,
    tokens,
    queue,
    workspaces: new Workspaces(context),
    delegations: new Delegations(context, activity),
    memories: new Memories(context),
    requests: new Requests(context),
    receipts: new Receipts(context),
    uploads: new Uploads(context),
    parts: new UploadParts(context),
    staging: new Staging(),
    pushSettings: () => ({
      guard: { ...guard, loopbackAllowed: guard.loopbackAllowed && rules().loopbackPushUrls },
      noProxy: options.environment?.NO_PROXY || options.environment?.no_proxy,
      resolve: options.resolve ?? systemResolve,
    }),
    authentication: new Authentication(operators, tokens, rules),
    inviteCodes: new InviteCodes(clock, context.random),
    sentMessages: new SentMessages(),
    metrics: new Metrics(),
    streams,
  }
}

/** Either the clock was ahead when the file was last written, or it is behind now. */
function warnOfFuture(newest: string | undefined, clock: Clock, log: (line: string) => void): void {
  if (newest === undefined || timestampMs(newest) - clock.now() < CLOCK_TOLERANCE_MS) return
  log(
    `The newest message is dated ${wireTimestamp(newest)}, but it is ${isoTimestamp(clock.now())} by the clock of this machine: check the clock. New messages carry its time and stay in order.`,
  )
}

/** A platform on loopback runs on a developer's machine, where its agents are on loopback too. */
function guardSettings(options: PlatformOptions, log: (line: string) => void): GuardSettings {
  const { MOLECULE_DEPLOY_MODE: mode, MOLECULE_ORG_ID: org } = options.environment ?? {}
  const chosen = deployMode(mode, org)
  if (chosen.warning !== undefined) log(chosen.warning)
  return { deployMode: chosen.mode, loopbackAllowed: listensOnLoopback(options) }
}

function listensOnLoopback(options: PlatformOptions): boolean {
  return isLoopback(hostOf(options))
}

function hostOf({ host }: PlatformOptions): string {
  return listenHost(host?.trim() || '127.0.0.1')
}

function listen(options: PlatformOptions, front: Front) {
  const { services } = front
  try {
    return Bun.serve({
      port: options.port ?? 0,
      // An empty name would mean every address of the machine.
      hostname: hostOf(options),
      // Where the development mode is off, Bun shares a port by default: two platforms would split the requests.
      reusePort: false,
      idleTimeout: IDLE_SECONDS,
      maxRequestBodySize: MAX_REQUEST_BYTES,
      websocket: socketHandler(services),
      // In development mode Bun's error page shows source code.
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
