/**
 * The life of this process after the handshake.
 *
 * inert -> active -> stopped. Inert: nothing that is shared is touched, since the host also starts this program for
 * one-shot runs that must leave no trace. Active: the state folder is in use, the configuration file is watched, and
 * each workspace has its membership as long as the configuration is valid. Stopped: one path, synchronous, quick.
 */
import { type Hearing, judgeHearing, readAncestors } from './channel/listener.ts'
import { PermissionDesk } from './channel/permission-desk.ts'
import { type SessionView, statusReport } from './channel/status-report.ts'
import type { ToolContext } from './channel/tools/tool.ts'
import type { AllowedSenders } from './config/settings.ts'
import { type Config, type ConfigResult, type Environment, parseConfig, resolveStateDir } from './config.ts'
import { PlatformClient } from './platform/client.ts'
import { describeError } from './platform/errors.ts'
import { Reception } from './reception.ts'
import type { Ledger } from './state/ledger.ts'
import { type Holder, readPidFile } from './state/lock.ts'
import type { Log } from './state/log.ts'
import type { OutgoingRules } from './state/outgoing-files.ts'
import { SessionLedger } from './state/session-ledger.ts'
import {
  ensureStateFolder,
  readEnvFile,
  type StatePaths,
  stampOf,
  statePaths,
  tightenEnvFile,
} from './state/state-folder.ts'

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
  readonly permissions: PermissionDesk
  readonly #o: SessionOptions
  readonly #paths: StatePaths
  readonly #holder: Holder
  #config: ConfigResult
  #configStamp: string
  #active = false
  #folderProblem: string | undefined
  #hearing: Hearing = { mayHold: false, because: 'the host has not been heard yet' }
  #clientName: string | undefined
  readonly #ledger: SessionLedger
  #reception: Reception | undefined
  #configTimer: ReturnType<typeof setInterval> | undefined

  constructor(options: SessionOptions) {
    this.#o = options
    const { environment, home } = options
    this.#paths = statePaths(resolveStateDir(environment, home))
    this.#ledger = new SessionLedger(this.#paths.ledger, (damage) =>
      options.log.error(`molecule channel: ${damage}`),
    )
    this.#holder = {
      pid: process.pid,
      startedAt: Math.round(performance.timeOrigin),
      project: environment.CLAUDE_PROJECT_DIR ?? process.cwd(),
    }
    this.#configStamp = stampOf(this.#paths.envFile)
    this.#config = this.#readConfig()
    const { log, write } = options
    this.permissions = new PermissionDesk({
      chat: () =>
        this.#config.ok && this.#config.config.permissionRelay === 'canvas'
          ? this.workspaceIds()[0]
          : undefined,
      client: this.client,
      ledger: this.ledger,
      write,
      redact: (text) => log.redact(text),
      log: (line) => log.warn(`molecule channel: ${line}`),
    })
  }

  /** The host listens now: from here on the session may leave traces. Called once. */
  activate(clientName: string | undefined): void {
    if (this.#active) return
    this.#active = true
    this.#clientName = clientName
    this.#prepareFolder()
    this.#start()
    this.#configTimer = setInterval(() => this.#lookAtConfig(), CONFIG_INTERVAL_MS)
  }

  /** Ends everything, at once: nothing here waits for anybody. */
  stop(): void {
    clearInterval(this.#configTimer)
    this.permissions.stop()
    this.#reception?.stop()
  }

  // What tools see.

  readonly problems = (): readonly string[] => (this.#config.ok ? [] : this.#config.problems)

  readonly workspaceIds = (): readonly string[] => this.#targets().map((target) => target.workspaceId)

  readonly client = (workspaceId: string): PlatformClient | undefined => {
    const target = this.#targets().find((candidate) => candidate.workspaceId === workspaceId)
    if (target === undefined || !this.#config.ok) return undefined
    return new PlatformClient({ ...target, orgId: this.#config.config.orgId })
  }

  readonly ledger = (): Ledger | undefined => {
    this.#prepareFolder()
    return this.#ledger.current
  }

  readonly confirm = (workspaceId: string, activityId: string): void => {
    try {
      this.#ledger.current?.markConfirmed(workspaceId, activityId)
    } catch (error) {
      // A receipt is extra certainty: without it the message is at worst shown once more, marked.
      this.#o.log.debug(`molecule channel: cannot record a receipt: ${describeError(error)}`)
    }
  }

  readonly allowedSenders = (): AllowedSenders =>
    this.#config.ok ? this.#config.config.allowedSenders : undefined

  readonly prompted = (): void => this.permissions.prompted()

  readonly outgoing = (): OutgoingRules => {
    const config = this.#config.ok ? this.#config.config : undefined
    return {
      maxBytes: (config?.attachmentMaxMb ?? 0) * MEGABYTE,
      stateFolder: this.#paths.folder,
      roots: config?.attachmentRoots,
    }
  }

  readonly statusReport = (): string => statusReport(this.#view())

  readonly remark = (): string | undefined => {
    if (!this.#active || this.#hearing.mayHold || !this.#config.ok) return undefined
    return `Note: this session can send but does not receive messages (${this.#hearing.because}).`
  }

  #view(): SessionView {
    const { version, log } = this.#o
    return {
      version,
      envFile: this.#paths.envFile,
      logFile: this.#paths.logFile,
      redact: (text) => log.redact(text),
      config: this.#config,
      folderProblem: this.#folderProblem,
      active: this.#active,
      clientName: this.#clientName,
      hearing: this.#hearing,
      holder: readPidFile(this.#paths.pidFile),
      memberships: (this.#reception?.memberships ?? []).map((membership) => {
        const report = membership.report()
        return { ...report, counts: this.#counts(report.workspaceId) }
      }),
      pid: process.pid,
      now: Date.now(),
    }
  }

  #counts(workspaceId: string): ReturnType<Ledger['inbox']['counts']> {
    try {
      return this.#ledger.current?.inbox.counts(workspaceId) ?? {}
    } catch {
      // The report is most needed when the disk fails, and its last error tells of that.
      return {}
    }
  }

  #targets(): Config['targets'] {
    return this.#config.ok ? this.#config.config.targets : []
  }

  #readConfig(): ConfigResult {
    const { environment, home, log } = this.#o
    const file = readEnvFile(this.#paths.envFile)
    const result = parseConfig(environment, file.state === 'read' ? file.text : undefined, home)
    const targets = result.ok ? result.config.targets : []
    log.addSecrets(targets.map((target) => target.token))
    log.setLevel(result.ok ? result.config.logLevel : result.logLevel)
    for (const warning of result.warnings) log.warn(`molecule channel: ${warning}`)
    if (result.ok) return result
    const problems = file.state === 'unreadable' ? [file.reason, ...result.problems] : result.problems
    for (const problem of problems) log.error(`molecule channel: ${problem}`)
    return { ...result, problems }
  }

  /** Opens what lies in the state folder, as far as that is not done yet. */
  #prepareFolder(): void {
    if (this.#ledger.current !== undefined) return
    const { log } = this.#o
    try {
      const warnings = [ensureStateFolder(this.#paths), tightenEnvFile(this.#paths.envFile)]
      log.openFile(this.#paths.logFile)
      for (const warning of warnings) if (warning !== undefined) log.warn(`molecule channel: ${warning}`)
      this.#ledger.open()
      this.#folderProblem = undefined
    } catch (error) {
      const problem = `the state folder ${this.#paths.folder} cannot be used: ${describeError(error)}`
      if (problem !== this.#folderProblem) log.error(`molecule channel: ${problem}`)
      this.#folderProblem = problem
    }
  }

  /** Starts to receive, if the configuration is valid and this session can hear. */
  #start(): void {
    const { log, write, version } = this.#o
    const ledger = this.#ledger.current
    if (!this.#config.ok || ledger === undefined) return
    const { config } = this.#config
    this.#hearing = judgeHearing({
      mode: config.channelMode,
      clientName: this.#clientName,
      ancestors: this.#clientName === 'claude-code' ? readAncestors() : [],
    })
    if (!this.#hearing.mayHold) {
      log.info(`molecule channel: does not receive messages: ${this.#hearing.because}`)
      return
    }
    this.#reception = new Reception({
      config,
      paths: this.#paths,
      ledger,
      holder: this.#holder,
      version,
      write,
      log,
      intercept: this.permissions.intercept,
    })
    this.#reception.start()
  }

  /**
   * A state folder that was deleted, or replaced, leaves this process with a ledger and locks that nobody else sees:
   * another session would hold the same workspaces. So everything is begun anew in the folder that is there now. So
   * it is with a damaged ledger.
   */
  #lookAtFolder(): void {
    const loss = this.#ledger.look()
    if (loss === undefined || this.#ledger.current === undefined) return
    if (loss === 'replaced') {
      this.#o.log.warn(
        'molecule channel: the state folder was replaced; everything is begun anew in the new one',
      )
    }
    this.#reception?.stop()
    this.#reception = undefined
    this.#ledger.close()
    this.#prepareFolder()
    this.#start()
  }

  /** A repaired file starts what a broken one stopped; a changed one replaces everything. */
  #lookAtConfig(): void {
    this.#lookAtFolder()
    const stamp = stampOf(this.#paths.envFile)
    const retryFolder = this.#folderProblem !== undefined
    if (stamp === this.#configStamp && !retryFolder) return
    if (retryFolder) this.#prepareFolder()
    const changed = stamp !== this.#configStamp
    if (!changed && this.#folderProblem !== undefined) return
    this.#configStamp = stamp
    const before = this.#config
    this.#config = this.#readConfig()
    const warning = tightenEnvFile(this.#paths.envFile)
    if (warning !== undefined) this.#o.log.warn(`molecule channel: ${warning}`)
    // A comment, or the same text written again: starting anew would repeat to this host what it has already been given.
    if (!retryFolder && before.ok && Bun.deepEquals(before, this.#config)) return
    if (changed) this.#o.log.info('molecule channel: the configuration changed and is read again')
    this.#reception?.stop()
    this.#reception = undefined
    this.#start()
  }
}
