/**
 * The life of this process after the handshake.
 *
 * - inert: nothing shared is touched, because the host also starts this program for one-shot runs that must leave no
 *   trace. Left for `active` once the host listens.
 * - active: the state folder is in use and the configuration file is watched. While the configuration is valid the
 *   session has a {@link Role}. Left for `stopped`.
 * - stopped: reached from anywhere on one path, synchronous and quick. Final.
 */
import type { Clock } from '../../base/clock.ts'
import { SecretSearch } from '../../base/secret-search.ts'
import { waitUntil } from '../../base/sleep.ts'
import type { Disk } from '../../base/sqlite.ts'
import type { Finding } from '../../member/check/check.ts'
import { PlatformClient } from '../../member/client/client.ts'
import type { IncomingFiles } from '../../member/files/incoming-files.ts'
import type { OutgoingRules } from '../../member/files/outgoing-files.ts'
import { Configuration } from '../../member/folder/configuration.ts'
import { exists } from '../../member/folder/file-stat.ts'
import type { Holder } from '../../member/folder/holder-record.ts'
import type { HolderWatch } from '../../member/folder/holder-watch.ts'
import type { Log } from '../../member/folder/log.ts'
import { type StatePaths, statePaths } from '../../member/folder/state-folder.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import { SessionLedger } from '../../member/ledger/session-ledger.ts'
import { type Config, type Environment, resolveStateDir, type Target } from '../../member/settings/config.ts'
import type { AllowedSenders } from '../../member/settings/single-settings.ts'
import { FOLDER_REPLACED, FolderOpening, LOCK_REPLACED } from '../../member/workspace/folder-opening.ts'
import type { HostInbox } from '../host/doorbell/host-inbox.ts'
import type { Taken } from '../host/doorbell/reading-desk.ts'
import type { HearingEvidence } from '../host/hearing/listener.ts'
import { PermissionDesk } from '../host/permission/permission-desk.ts'
import { neverReads } from '../host/report/remark.ts'
import { ListedMessages } from '../host/tools/listed-messages.ts'
import { PeerExchanges } from '../host/tools/peer-exchanges.ts'
import { SetUp } from '../host/tools/set-up.ts'
import { ToolFailure } from '../host/tools/tool.ts'
import type { Arrival, Claimed, ToolContext } from '../host/tools/tool-context.ts'
import { claimWorkspaces, notThePerson } from './claims.ts'
import type { Client } from './host-judgement.ts'
import { outgoingRules } from './outgoing-rules.ts'
import { Role } from './role.ts'
import { SessionChecks } from './session-checks.ts'
import { SessionReport } from './session-report.ts'
import { StoppedNotice } from './stopped-notice.ts'

export interface SessionOptions {
  readonly environment: Environment
  /** Undefined when there is none. */
  readonly home: string | undefined
  readonly version: string
  readonly clock: Clock
  readonly network: typeof fetch
  readonly disk: Disk
  readonly log: Log
  /** This process, as holder records name it. */
  readonly holder: Holder
  /** The command lines of the ancestors of this process, nearest first. */
  readonly ancestors: () => HearingEvidence['ancestors']
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
  readonly holders: HolderWatch
  /** The inbox of the host, into which a bell goes. */
  readonly inbox: HostInbox
}

/** How often the configuration file is checked. A watch on the folder would miss the folder itself being replaced. */
const CONFIG_INTERVAL_MS = 2_000
/** How long a claim waits for the host to have finished connecting: a person may ask for one with the first prompt. */
const CONNECTING = { everyMs: 100, forMs: 5_000 } as const
export class Session implements ToolContext {
  readonly clock: Clock
  readonly permissions: PermissionDesk
  readonly exchanges: PeerExchanges
  readonly setUp: SetUp
  readonly #options: SessionOptions
  readonly #paths: StatePaths
  readonly #configuration: Configuration
  readonly #ledger: SessionLedger
  readonly #opening: FolderOpening
  readonly #checks = new SessionChecks()
  readonly #role: Role
  readonly #stoppedNotice = new StoppedNotice()
  readonly #report: SessionReport
  #stopped = false
  /** Undefined until the host listens. */
  #client: Client | undefined
  #stopWatching: (() => void) | undefined

  constructor(options: SessionOptions) {
    const { environment, home, log, write, clock, disk, holder } = options
    this.#options = options
    this.clock = clock
    this.#paths = statePaths(resolveStateDir(environment, home))
    this.setUp = new SetUp({ ...options, paths: this.#paths })
    this.#ledger = new SessionLedger(this.#paths.ledger, { disk, clock, holder, onDamage: log.error })
    this.#opening = new FolderOpening({ paths: this.#paths, ledger: this.#ledger, log, clock })
    this.#configuration = new Configuration({ environment, home, envFile: this.#paths.envFile, log })
    this.permissions = new PermissionDesk({
      chat: () =>
        this.#configuration.valid?.permissionRelay === 'canvas' ? this.workspaceIds()[0] : undefined,
      client: this.client,
      ledger: this.ledger,
      opening: this.opening,
      write,
      redact: (text) => log.redact(text),
      log: log.warn,
      clock,
    })
    const { ledger, onStored, allowedSenders } = this
    this.exchanges = new PeerExchanges({ ledger, onStored, allowedSenders, log: log.warn, clock })
    this.#role = new Role({
      ...options,
      paths: this.#paths,
      session: crypto.randomUUID(),
      clientOf: this.#clientOf,
      intercept: this.permissions.intercept,
      onTakenBack: onStored,
    })
    this.#report = new SessionReport({
      ...options,
      pid: holder.pid,
      paths: this.#paths,
      configuration: this.#configuration,
      ledger: this.#ledger,
      opening: this.#opening,
      role: this.#role,
      // Which can be said only once, at the start.
      relays: this.permissions.on,
      now: clock.now,
    })
  }

  /** The host listens now: from here on the session may leave traces. Called once. */
  activate(client: Client): void {
    this.#client = client
    this.#begin()
    void this.#open()
    this.#stopWatching = this.clock.every(CONFIG_INTERVAL_MS, () => this.#check())
  }

  /** Ends everything at once, without waiting. */
  stop(): void {
    this.#stopWatching?.()
    this.#stopped = true
    this.permissions.stop()
    this.#opening.stop()
    this.exchanges.end()
    this.#role.end()
  }

  /** Right before the process ends: Bun would move the log of an open ledger then, which takes long on a slow disk. */
  close(): void {
    this.#opening.close()
  }

  // What tools see.

  readonly problems = (): readonly string[] => {
    const { result } = this.#configuration
    return result.ok ? [] : result.problems
  }

  readonly workspaceIds = (): readonly string[] => this.#targets().map((target) => target.workspaceId)

  readonly client = (workspaceId: string): PlatformClient | undefined => {
    const target = this.#targets().find((candidate) => candidate.workspaceId === workspaceId)
    return target === undefined ? undefined : this.#clientOf(target)
  }

  readonly ledger = (): Ledger | undefined => {
    void this.#opening.open()
    return this.#ledger.current
  }

  readonly opening = (): Promise<void> | undefined => {
    void this.#opening.open()
    return this.#opening.underWay()
  }

  readonly submitted: ToolContext['submitted'] = (receipt, mode, isTyped) => {
    this.clock.after(0, () => this.permissions.prompted())
    if (receipt === undefined && isTyped !== false) this.setUp.personSpoke()
    const notice = this.#role.submitted(receipt, mode, isTyped)
    if (notice !== undefined || receipt !== undefined || this.#role.memberships.length === 0) return notice
    return this.#stoppedNotice.next(this.#report.standbys())
  }

  readonly turnEnded = (): void => this.#role.turnEnded()
  readonly onStored = (): void => this.#role.stored()
  readonly toolCalled = (): void => this.#role.toolCalled()

  readonly update = (signal: AbortSignal): Promise<void> => this.#role.update(signal)

  readonly files = (): IncomingFiles | undefined => this.#role.files

  readonly claim = async (
    wanted: string | undefined,
    signal: AbortSignal,
    acceptsBypass = false,
  ): Promise<readonly Claimed[]> => {
    if (this.#client === undefined)
      await waitUntil(() => this.#stopped || this.#client !== undefined, CONNECTING, signal, this.clock)
    if (this.#client === undefined || this.#stopped) {
      throw new ToolFailure('The host has not finished connecting: try again in some seconds.')
    }
    if (this.setUp.othersSpokeLast && this.#role.judgement.lacksOnlyWord) throw notThePerson(this.setUp)
    const own = this.workspaceIds()
    const session = { role: this.#role, opening: this.#opening, begin: () => this.#begin(), own }
    return claimWorkspaces(session, acceptsBypass ? 'receive in any mode' : 'receive', wanted, signal)
  }

  readonly release = (): void => void this.#role.say('stop')

  readonly isRung = (): boolean => this.#role.hearing.verdict.route === 'doorbell'

  readonly read = async (signal: AbortSignal): Promise<Taken | undefined> => {
    if (this.isRung()) return this.#role.read(signal)
    throw new ToolFailure(neverReads(this.#role.hearing.verdict))
  }

  readonly unread = (): number => this.#role.doorbell?.waiting ?? 0

  readonly allowedSenders = (): AllowedSenders => this.#configuration.valid?.allowedSenders

  readonly ownSecrets = (): SecretSearch => new SecretSearch(this.#options.log.secrets)

  readonly outgoing = (): OutgoingRules =>
    outgoingRules(this.#configuration.valid, this.#paths, this.ownSecrets())

  readonly check = async (signal: AbortSignal): Promise<readonly Finding[]> => {
    if (this.#client === undefined) return []
    const { memberships } = this.#role
    const targets = this.#targets()
    const setUp = { ...this.#options, paths: this.#paths, clientOf: this.#clientOf, targets, memberships }
    return this.#checks.make(setUp, signal)
  }

  readonly statusReport = (findings: readonly Finding[]): string =>
    this.#report.status(this.#client, findings)

  readonly listed = new ListedMessages()

  readonly remark = (): string | undefined => (this.#client === undefined ? undefined : this.#report.remark())

  readonly arrival = (): Arrival => (this.#client === undefined ? 'here' : this.#report.arrival())

  readonly #clientOf = (target: Target): PlatformClient => new PlatformClient(target, this.#options)

  #targets(): Config['targets'] {
    return this.#configuration.valid?.targets ?? []
  }

  /** Opens the state folder and begins to work with it. Never rejects. */
  async #open(): Promise<void> {
    await this.#opening.open()
    this.#begin()
  }

  #begin(): void {
    const config = this.#configuration.valid
    const ledger = this.#ledger.current
    if (config === undefined || this.#client === undefined || this.#role.begun || this.#stopped) return
    this.#role.judge(config, this.#client)
    if (ledger !== undefined) this.#role.begin(config, ledger)
  }

  /**
   * A state folder that was deleted or replaced leaves this process with a ledger and locks that no other process sees:
   * another session could hold the same workspaces. So everything starts over in the folder that exists now. The same
   * applies to a damaged ledger.
   */
  #checkFolder(): void {
    if (this.#ledger.current === undefined) return
    const loss = this.#ledger.loss()
    if (loss === undefined && !this.#role.memberships.some(({ lockLost }) => lockLost)) return
    if (loss !== 'damaged') this.#options.log.warn(loss === undefined ? LOCK_REPLACED : FOLDER_REPLACED)
    this.#role.end()
    // A ledger that stays open still knows what was written to this host.
    if (loss === undefined && exists(this.#paths.locks)) this.#begin()
    else this.#opening.close()
  }

  /** A repaired file restarts what a broken one stopped; a changed one replaces everything. */
  #check(): void {
    this.#checkFolder()
    // Restarting for a comment would register again, and release the locks for a moment.
    if (this.#configuration.update() === 'changed') {
      this.#options.log.info('the configuration changed; reading it again')
      this.#role.end()
      this.#begin()
    }
    if (this.#ledger.current !== undefined) this.#ledger.tidy()
    // A tool may have opened the folder: the work with it begins here all the same.
    void this.#open()
  }
}
