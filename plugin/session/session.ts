/**
 * The life of this process after the handshake.
 *
 * inert -> active -> stopped. Inert: nothing that is shared is touched, since the host also starts this program for
 * one-shot runs that must leave no trace. Active: the state folder is in use, the configuration file is watched, and
 * this session receives as long as the configuration is valid and somebody listens; else it stands by and tells what
 * waits. Stopped: one path, synchronous, quick.
 */

import { type Clock, systemClock } from '../../base/clock.ts'
import { describeError } from '../../base/errors.ts'
import { PlatformClient } from '../../member/client/client.ts'
import type { PeekedMessage } from '../../member/feed/peek.ts'
import type { OutgoingRules } from '../../member/files/outgoing-files.ts'
import { tightenEnvFile } from '../../member/folder/env-file.ts'
import type { Log } from '../../member/folder/log.ts'
import { ensureStateFolder, type StatePaths, statePaths } from '../../member/folder/state-folder.ts'
import type { Ledger } from '../../member/ledger/ledger.ts'
import { SessionLedger } from '../../member/ledger/session-ledger.ts'
import { type Config, type Environment, resolveStateDir } from '../../member/settings/config.ts'
import type { AllowedSenders } from '../../member/settings/single-settings.ts'
import type { Receipt } from '../host/hearing/receipt.ts'
import { PermissionDesk } from '../host/permission/permission-desk.ts'
import { remarkOf } from '../host/report/remark.ts'
import { statusReport } from '../host/report/status-report.ts'
import { ToolFailure } from '../host/tools/tool.ts'
import type { Claimed, ToolContext } from '../host/tools/tool-context.ts'
import { Attendance } from './attendance.ts'
import { Configuration } from './configuration.ts'
import { type OverviewOptions, standbys, workspaceViews } from './overview.ts'

export interface SessionOptions {
  readonly environment: Environment
  readonly home: string
  readonly version: string
  readonly log: Log
  /** Writes one line to the host; resolves when its bytes have left the process. */
  readonly write: (line: string) => Promise<void>
}

/** How often the configuration file is looked at. A watch on the folder would miss the folder itself being replaced. */
const CONFIG_INTERVAL_MS = 2_000
const MEGABYTE = 1024 * 1024

export class Session implements ToolContext {
  readonly clock: Clock = systemClock
  readonly permissions: PermissionDesk
  readonly #o: SessionOptions
  readonly #paths: StatePaths
  readonly #configuration: Configuration
  readonly #attendance: Attendance
  #active = false
  #folderProblem: string | undefined
  #clientName: string | undefined
  /** The host was told that permission requests are taken, which it is told once. */
  readonly #relays: boolean
  readonly #ledger: SessionLedger
  #timer: ReturnType<typeof setInterval> | undefined

  constructor(options: SessionOptions) {
    this.#o = options
    const { environment, home, log, write, version } = options
    this.#paths = statePaths(resolveStateDir(environment, home))
    this.#ledger = new SessionLedger(this.#paths.ledger, log.error)
    this.#configuration = new Configuration({ environment, home, envFile: this.#paths.envFile, log })
    this.permissions = new PermissionDesk({
      chat: () =>
        this.#configuration.valid?.permissionRelay === 'canvas' ? this.workspaceIds()[0] : undefined,
      client: this.client,
      ledger: this.ledger,
      write,
      redact: (text) => log.redact(text),
      log: log.warn,
    })
    this.#relays = this.permissions.on
    this.#attendance = new Attendance({
      paths: this.#paths,
      holder: {
        pid: process.pid,
        startedAt: Math.round(performance.timeOrigin),
        project: environment.CLAUDE_PROJECT_DIR ?? process.cwd(),
      },
      session: crypto.randomUUID(),
      version,
      write,
      log,
      intercept: this.permissions.intercept,
    })
  }

  /** The host listens now: from here on the session may leave traces. Called once. */
  activate(clientName: string | undefined): void {
    if (this.#active) return
    this.#active = true
    this.#clientName = clientName
    this.#prepareFolder()
    this.#start()
    this.#timer = setInterval(() => this.#lookAround(), CONFIG_INTERVAL_MS)
  }

  /** Ends everything, at once: nothing here waits for anybody. */
  stop(): void {
    clearInterval(this.#timer)
    this.permissions.stop()
    this.#attendance.end()
  }

  // What tools see.

  readonly problems = (): readonly string[] => {
    const { result } = this.#configuration
    return result.ok ? [] : result.problems
  }

  readonly workspaceIds = (): readonly string[] => this.#targets().map((target) => target.workspaceId)

  readonly client = (workspaceId: string): PlatformClient | undefined => {
    const target = this.#targets().find((candidate) => candidate.workspaceId === workspaceId)
    if (target === undefined) return undefined
    return new PlatformClient({ ...target, orgId: this.#configuration.valid?.orgId })
  }

  readonly ledger = (): Ledger | undefined => {
    this.#prepareFolder()
    return this.#ledger.current
  }

  readonly submitted = (receipt: Receipt | undefined): string | undefined => {
    setImmediate(() => this.permissions.prompted())
    return this.#attendance.submitted(receipt)
  }

  readonly toolCalled = (): void => this.#attendance.hearing.toolCalled()

  readonly unread = (signal: AbortSignal): Promise<readonly PeekedMessage[]> =>
    this.#attendance.unread(signal)

  readonly claim = async (wanted: string | undefined, signal: AbortSignal): Promise<readonly Claimed[]> => {
    if (!this.#active) {
      throw new ToolFailure('The host has not finished connecting: try again in some seconds.')
    }
    const { mayHold, because, remedy } = this.#attendance.hearing.verdict
    if (!mayHold) {
      throw new ToolFailure(
        `This session cannot receive messages: ${because}. To have one that can, ${remedy}.`,
      )
    }
    if (this.#folderProblem !== undefined) {
      throw new ToolFailure(`Nothing can be received: ${this.#folderProblem}`)
    }
    const own = this.workspaceIds()
    const ids = own.filter((id) => wanted === undefined || id === wanted)
    if (ids.length > 0) return this.#attendance.claim(ids, signal)
    throw new ToolFailure(`That is not one of this session's workspaces. They are: ${own.join(', ')}.`)
  }

  readonly allowedSenders = (): AllowedSenders => this.#configuration.valid?.allowedSenders

  readonly outgoing = (): OutgoingRules => {
    const config = this.#configuration.valid
    return {
      maxBytes: (config?.attachmentMaxMb ?? 0) * MEGABYTE,
      stateFolder: this.#paths.folder,
      roots: config?.attachmentRoots,
    }
  }

  readonly statusReport = (): string => {
    const { version, log } = this.#o
    return statusReport({
      version,
      envFile: this.#paths.envFile,
      hasEnvFile: this.#configuration.hasFile,
      relays: this.#relays,
      logFile: this.#paths.logFile,
      redact: (text) => log.redact(text),
      config: this.#configuration.result,
      folderProblem: this.#folderProblem,
      active: this.#active,
      clientName: this.#clientName,
      hearing: this.#attendance.hearing.verdict,
      unproven: this.#attendance.hearing.unproven,
      workspaces: this.#active ? workspaceViews(this.#overview(), this.#ledger.current) : [],
      pid: process.pid,
      now: Date.now(),
    })
  }

  readonly remark = (): string | undefined => {
    if (!this.#active || this.#configuration.valid === undefined) return undefined
    return remarkOf(this.#attendance.hearing.verdict, standbys(this.#overview()))
  }

  #overview(): OverviewOptions {
    return {
      targets: this.#targets(),
      memberships: this.#attendance.memberships,
      locks: this.#paths.locks,
    }
  }

  #targets(): Config['targets'] {
    return this.#configuration.valid?.targets ?? []
  }

  /** Opens what lies in the state folder, as far as that is not done yet. */
  #prepareFolder(): void {
    if (this.#ledger.current !== undefined) return
    const { log } = this.#o
    try {
      const warnings = [ensureStateFolder(this.#paths), tightenEnvFile(this.#paths.envFile)]
      log.openFile(this.#paths.logFile)
      for (const warning of warnings) if (warning !== undefined) log.warn(warning)
      this.#ledger.open()
      this.#folderProblem = undefined
    } catch (error) {
      const problem = `the state folder ${this.#paths.folder} cannot be used: ${describeError(error)}`
      if (problem !== this.#folderProblem) log.error(problem)
      this.#folderProblem = problem
    }
  }

  #start(): void {
    const config = this.#configuration.valid
    const ledger = this.#ledger.current
    if (config !== undefined && ledger !== undefined) {
      this.#attendance.begin(config, ledger, this.#clientName)
    }
  }

  /**
   * A state folder that was deleted, or replaced, leaves this process with a ledger and locks that nobody else sees:
   * another session would hold the same workspaces. So everything is begun anew in the folder that is there now. So
   * it is with a damaged ledger.
   */
  #lookAtFolder(): void {
    if (this.#ledger.current === undefined) return
    const lostLock = this.#attendance.memberships.some(({ lockLost }) => lockLost)
    const loss = this.#ledger.look() ?? (lostLock ? 'replaced' : undefined)
    if (loss === undefined) return
    if (loss === 'replaced') {
      this.#o.log.warn('the state folder was replaced; everything is begun anew in the new one')
    }
    this.#attendance.end()
    this.#ledger.close()
    this.#prepareFolder()
    this.#start()
  }

  /** A repaired file starts what a broken one stopped; a changed one replaces everything. */
  #lookAround(): void {
    this.#lookAtFolder()
    const news = this.#configuration.look()
    const hadNoFolder = this.#folderProblem !== undefined
    if (hadNoFolder) this.#prepareFolder()
    const hasFolderNow = hadNoFolder && this.#folderProblem === undefined
    // Starting anew for a comment would repeat to this host what it has already been given.
    if (news !== 'changed' && !hasFolderNow) return
    if (news === 'changed') {
      this.#o.log.info('the configuration changed and is read again')
    }
    this.#attendance.end()
    this.#start()
  }
}
